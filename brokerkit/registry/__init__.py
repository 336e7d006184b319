"""Brokers by name: configuration, entry points, and the strict plugin manager."""
