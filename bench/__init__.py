"""Benchmarks. `python -m bench` runs those that must hold a figure, and writes the table in docs/performance.md."""
