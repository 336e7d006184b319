"""The whole machine: every room of rules at once."""

from __future__ import annotations

from exchange_machine.line_rules import WithALine
from exchange_machine.order_rules import WithOrders


class ExchangeBesideAPlainOne(WithOrders, WithALine):
    """Orders of every kind, bars, the clock, faults, restarts, in any order, on both exchanges."""
