"""The modules that call the client library, one per domain."""
