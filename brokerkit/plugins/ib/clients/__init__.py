"""The only places that call the client library, one a domain."""
