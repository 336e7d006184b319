"""An exchange that looks at few bars at a time: its windows end, and it looks again, within a short run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from brokerkit.plugins.sim.exchange import bars, scheduling, timeline


@contextmanager
def looks_at_few_bars() -> Iterator[None]:
    """Let windows hold three bars, looks beyond them seven, and the first look one."""
    with (
        mock.patch.object(bars, "WINDOW", 3),
        mock.patch.object(timeline, "WINDOW", 3),
        mock.patch.object(bars, "_BLOCK", 7),
        mock.patch.object(scheduling, "_NEAR", 1),
    ):
        yield
