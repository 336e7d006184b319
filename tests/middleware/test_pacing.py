"""Pacing: three quotas that do not hold each other up."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit import Broker, FuturesContract, Order, errors
from brokerkit.middleware.token_bucket import Rate, TokenBucket, rate

Desk = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202312")


def test_calls_beyond_the_rate_wait_and_those_of_other_quotas_do_not(desk: Desk) -> None:
    broker = desk(middleware=["pacing"], pacing={"orders": "2/0.2s", "data": "1/h"})
    started = time.monotonic()
    for _ in range(4):
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert 0.15 < time.monotonic() - started < 2
    broker.orders.get_list_of_broker_orders()
    for _ in range(5):
        broker.orders.cancel_all_orders()


def test_a_call_that_would_wait_too_long_is_refused_and_takes_no_turn(desk: Desk) -> None:
    broker = desk(middleware=["pacing"], pacing={"orders": "1/h", "longest_wait": 0.01})
    broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    for _ in range(2):
        with pytest.raises(errors.PacingViolation, match=r"more than 0.01 s; it was not sent"):
            broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert len(broker.native.orders) == 1
    assert broker.orders.cancel_all_orders()  # cancels have a quota of their own, and no limit here
    assert broker.orders.get_list_of_broker_orders()


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_what_is_no_time_to_wait_is_refused_when_the_broker_is_opened(desk: Desk, seconds: float) -> None:
    with pytest.raises(errors.InvalidSetting, match=r"longest_wait is .*; it should be 0 or more"):
        desk(middleware=["pacing"], pacing={"orders": "1/h", "longest_wait": seconds})


@pytest.mark.parametrize("text", ["50", "0/s", "5/fortnight", "5/0s", "x/s"])
def test_what_is_no_rate_is_refused_when_the_broker_is_opened(desk: Desk, text: str) -> None:
    with pytest.raises(errors.InvalidSetting, match="is not a rate"):
        desk(middleware=["pacing"], pacing={"orders": text})


@pytest.mark.parametrize(
    ("text", "calls", "seconds"), [("50/s", 50, 1), ("60/10min", 60, 600), ("1/hour", 1, 3600), ("3 / 2 seconds", 3, 2)]
)
def test_rates_are_read_as_people_write_them(text: str, calls: int, seconds: float) -> None:
    assert rate(text) == Rate(calls, seconds)


@given(calls=st.integers(1, 20), taken=st.integers(1, 60))
def test_no_window_ever_holds_more_calls_than_the_burst_and_the_refill(calls: int, taken: int) -> None:
    bucket = TokenBucket(Rate(calls, 100.0))
    waits = [bucket.take(1e9) or 0.0 for _ in range(taken)]
    assert waits == sorted(waits)
    assert sum(wait == 0 for wait in waits) == min(calls, taken)
    if taken > calls:
        assert waits[-1] == pytest.approx((taken - calls) * 100.0 / calls, abs=0.5)
