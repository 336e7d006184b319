"""The exchange's contracts in IB's terms."""
