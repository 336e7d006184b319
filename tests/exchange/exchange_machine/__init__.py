"""A state machine for the simulated exchange: what it is set up with, what it does, and what must hold."""
