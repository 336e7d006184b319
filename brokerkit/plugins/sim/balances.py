"""What counts as money that an account has, or has had."""

from __future__ import annotations

from brokerkit.plugins.sim.exchange import Statement


def was_held(statement: Statement) -> bool:
    """Return whether anything was ever paid in, won, changed, paid or is at stake in a currency."""
    parts = (statement.deposited, statement.realised, statement.converted, statement.commission, statement.unrealised)
    return any(part.amount for part in parts)
