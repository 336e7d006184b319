"""Faults that are ordered: one that could never occur is refused, because a test with it would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.faults import fault


@pytest.mark.parametrize(
    "when", [{}, {"at": 0}, {"at": [2, -1]}, {"at": "2"}, {"rate": 0}, {"rate": 2}, {"rate": -0.5}], ids=str
)
def test_a_fault_that_never_occurs_is_refused(when: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=r"rejection .* never occurs.*Give at, .* or rate"):
        fault("rejection", **when)


@pytest.mark.parametrize("when", [{"at": 2}, {"at": (1, 3)}, {"rate": 1}, {"at": 1, "rate": 0.5}], ids=str)
def test_a_fault_occurs_at_what_is_counted_or_at_random(when: dict[str, Any]) -> None:
    assert fault("rejection", **when).name == "rejection"
