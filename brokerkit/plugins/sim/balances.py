"""Which currencies count as held, now or earlier."""

from __future__ import annotations

from brokerkit.plugins.sim.exchange import Statement


def was_held(statement: Statement) -> bool:
    """Return whether a currency ever had a deposit, profit, conversion or commission, or has unrealised profit."""
    parts = (statement.deposited, statement.realised, statement.converted, statement.commission, statement.unrealised)
    return any(part.amount for part in parts)
