"""What the gateway answers: one module a domain, each a room with a handler for every request it serves."""
