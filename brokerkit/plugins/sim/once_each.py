"""Tells each execution once, however often the line repeats it."""

from __future__ import annotations

from collections.abc import Callable

from brokerkit.spec.broker_order import Fill


class OnceEach:
    """Passes on executions that were not passed on before, known by their execution id."""

    def __init__(self, tell: Callable[[Fill], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def __call__(self, fill: Fill) -> None:
        """Tell of an execution, unless it was told of."""
        if fill.execution_id not in self._told:
            self._told.add(fill.execution_id)
            self._tell(fill)
