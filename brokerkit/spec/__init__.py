"""The contract, written once: a Protocol for each domain, the values that it speaks of, and what derives from them."""
