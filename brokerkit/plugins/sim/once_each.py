"""Tells each execution once, however often the line repeats it."""

from __future__ import annotations

from collections.abc import Callable

from brokerkit.plugins.sim.exchange import Exchange
from brokerkit.spec.broker_order import Fill


class OnceEach:
    """Passes on executions that were not passed on before, known by their execution id.

    A line without faults repeats nothing, not even after one has been ordered: ids are kept from then on.
    """

    def __init__(self, tell: Callable[[Fill], None], exchange: Exchange) -> None:
        self._tell = tell
        self._exchange = exchange
        self._told: set[str] = set()

    def __call__(self, fill: Fill) -> None:
        """Tell of an execution, unless it was told of."""
        if not self._exchange.may_repeat:
            self._tell(fill)
        elif fill.execution_id not in self._told:
            self._told.add(fill.execution_id)
            self._tell(fill)
