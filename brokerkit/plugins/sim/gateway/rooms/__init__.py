"""Request handling, one room per domain, with a handler for each request that it serves."""
