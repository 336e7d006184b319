"""A handle on an order at IB says what is wrong with what it is told, before it waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from brokerkit.errors import InvalidArgument, WrongArgumentType
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_control import IBOrderControl


def test_one_that_is_no_longer_tracked_is_shown_too() -> None:
    assert repr(IBOrderControl("mine", OrderBook(hear_out=lambda seconds: None))) == "<IBOrderControl mine>"


@pytest.mark.parametrize("timeout", ["5", timedelta(seconds=5), None])
def test_a_wait_that_is_no_number_is_refused(timeout: Any) -> None:
    with pytest.raises(WrongArgumentType, match="It takes seconds"):
        IBOrderControl("mine", OrderBook(hear_out=lambda seconds: None)).wait(timeout)


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), -1])
def test_a_wait_without_an_end_or_into_the_past_is_refused(timeout: float) -> None:
    with pytest.raises(InvalidArgument, match="timeout"):
        IBOrderControl("mine", OrderBook(hear_out=lambda seconds: None)).wait(timeout)
