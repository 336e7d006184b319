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


def test_a_wait_is_made_of_short_ones_as_on_windows_ctrl_c_is_heard_only_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    def wait(timeout: float) -> bool:
        waits.append(timeout)
        raise KeyboardInterrupt

    book = OrderBook(hear_out=lambda seconds: None)
    monkeypatch.setattr(book.news, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        book.wait(lambda: False, 3600)
    assert waits == [0.5]
