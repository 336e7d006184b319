"""What a listener may do: anything, and none of it keeps an event from the others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, Fill, FuturesContract, Order

Listen = Callable[[Broker], Any]


def test_a_listener_that_calls_exit_keeps_no_later_fill_from_anybody(
    broker: Broker, gold: FuturesContract, listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    broker.subscribe(on_fill=lambda fill: sys.exit("the strategy is done"))
    heard = listen(broker)
    for count in (1, 2):
        broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
        assert len(heard.of(Fill)) == count
    assert "SystemExit: the strategy is done" in caplog.text
