"""Executions in the journal: each counts once, corrections replace, commission is known when it is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import permutations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.spec.broker_order import Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, open_store

MakeFill = Callable[..., Fill]


def revision(execution_id: str) -> tuple[str, int]:
    trade, _, number = execution_id.rpartition(".")
    return trade, int(number)


def test_a_fill_counts_once(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    store.journal.intend(order)
    fill = fill_of(order, "a.01")
    assert store.journal.record_fills([fill, fill], revision) == (fill,)
    assert store.journal.record_fills([fill], revision) == ()
    assert store.journal.fills() == (fill,)
    assert store.journal.order(order.order_ref).filled == (1,)


def test_a_late_fill_of_a_final_order_is_kept(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    store.journal.intend(order)
    store.journal.update(order.order_ref, OrderState.CANCELLED)
    late = attrs.evolve(fill_of(order, "a.01", quantity=2), late=True)
    assert store.journal.record_fills([late]) == (late,)
    known = store.journal.order(order.order_ref)
    assert (known.state, known.fills) == (OrderState.CANCELLED, (late,))


def test_a_fill_of_an_order_that_is_not_ours_is_kept(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    by_hand = attrs.evolve(fill_of(order, "a"), order_ref="")
    assert store.journal.record_fills([by_hand]) == (by_hand,)
    assert store.journal.fills() == (by_hand,)


@pytest.mark.parametrize("arrival", list(permutations(["a.01", "a.02", "a.03"])))
def test_the_highest_correction_counts_in_whatever_order_they_come(
    store: LocalStore, order: Order, fill_of: MakeFill, arrival: tuple[str, ...]
) -> None:
    fills = {name: fill_of(order, name, price=f"195{name[-1]}") for name in arrival}
    news = [store.journal.record_fills([fills[name]], revision) for name in arrival]
    assert store.journal.fills() == (fills["a.03"],)
    highest = [max(arrival[: i + 1]) for i in range(3)]
    assert [bool(n) for n in news] == [name == best for name, best in zip(arrival, highest, strict=True)]


def test_a_correction_under_another_name_counts_whatever_its_number(
    store: LocalStore, order: Order, fill_of: MakeFill
) -> None:
    corrected, right = fill_of(order, "a.02"), fill_of(order, "b.01", price="1952", corrects="a.02")
    assert store.journal.record_fills([corrected], revision) == (corrected,)
    assert store.journal.record_fills([right], revision) == (right,)
    assert store.journal.fills() == (right,)


@pytest.mark.parametrize("arrival", list(permutations(["x", "y", "z"])))
def test_a_chain_of_corrections_needs_no_rule(
    store: LocalStore, order: Order, fill_of: MakeFill, arrival: tuple[str, ...]
) -> None:
    fills = {
        "x": fill_of(order, "x", price="1951"),
        "y": fill_of(order, "y", price="1952", corrects="x"),
        "z": fill_of(order, "z", price="1953", corrects="y"),
    }
    for name in (*arrival, *arrival):
        store.journal.record_fills([fills[name]])
    assert store.journal.fills() == (fills["z"],)


@given(stream=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=25))
def test_any_stream_ends_at_the_newest_of_each_execution(
    stream: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    order = Order.market(FuturesContract("GOLD", "202312"), 9)
    some = Fill("", order.order_ref, order.contract, 1, Decimal(1), datetime(2023, 6, 1, tzinfo=timezone.utc))
    told: dict[str, int] = {}
    with open_store(folder / "streams.db") as store:
        for trade, number in stream:
            fill = attrs.evolve(some, execution_id=f"{trade}.{number}", quantity=number)
            for news in store.journal.record_fills([fill], revision):
                assert told.get(trade, 0) < news.quantity  # told once, and never back to an older one
                told[trade] = news.quantity
        known = {
            fill.execution_id[0]: fill.quantity for fill in store.journal.fills() if fill.order_ref == order.order_ref
        }
    assert known == told == {trade: max(n for t, n in stream if t == trade) for trade, _ in stream}


def test_the_same_execution_id_of_another_order_is_another_execution(
    store: LocalStore, order: Order, fill_of: MakeFill
) -> None:
    """As when a simulated gateway is started again, and counts from one."""
    again = attrs.evolve(order, order_ref="of-the-second-run")
    first, second = fill_of(order, "1.01"), fill_of(again, "1.01")
    assert store.journal.record_fills([first]) == (first,)
    store.journal.record_commission("1.01", Money("USD", "2"))
    assert store.journal.record_fills([second]) == (second,)
    store.journal.record_commission("1.01", Money("USD", "3"))
    assert [fill.commission for fill in store.journal.fills()] == [Money("USD", "2"), Money("USD", "3")]


def test_commission_is_unknown_until_it_is_reported_then_exact(
    store: LocalStore, order: Order, fill_of: MakeFill
) -> None:
    store.journal.intend(order)
    store.journal.record_fills([fill_of(order, "a")])
    assert store.journal.order(order.order_ref).commissions is None
    assert store.journal.record_commission("a", Money("USD", "0.10"))
    assert not store.journal.record_commission("a", Money("USD", "0.10"))
    assert store.journal.order(order.order_ref).commissions == (Money("USD", "0.10"),)
    assert store.journal.record_commission("a", Money("USD", "-0.25"))
    assert store.journal.fills()[0].commission == Money("USD", "-0.25")


def test_a_commission_that_comes_before_its_fill_waits_for_it(
    store: LocalStore, order: Order, fill_of: MakeFill
) -> None:
    fill = fill_of(order, "a")
    assert store.journal.record_commission("a", Money("USD", "9"))
    assert store.journal.record_commission("a", Money("USD", "2"))
    assert not store.journal.record_commission("a", Money("USD", "2"))
    whole = attrs.evolve(fill, commission=Money("USD", "2"))
    assert store.journal.record_fills([fill]) == (whole,)
    assert store.journal.fills() == (whole,)


def test_fills_are_found_by_time_oldest_first(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    late = fill_of(order, "late")
    early = attrs.evolve(fill_of(order, "early"), time=late.time - timedelta(microseconds=1))
    store.journal.record_fills([late, early])
    assert store.journal.fills() == (early, late)
    assert store.journal.fills(since=late.time) == (late,)


def test_an_order_has_the_fills_of_its_legs_in_the_order_they_came(store: LocalStore, fill_of: MakeFill) -> None:
    spread = Order.limit(FuturesContract("GOLD", "202312_202402"), (1, -1), "-3.5")
    store.journal.intend(spread)
    near, far = fill_of(spread, "near"), fill_of(spread, "far", quantity=-1)
    second = attrs.evolve(far, leg=1, contract=FuturesContract("GOLD", "202402"))
    assert store.journal.record_fills(fill for fill in (second, near)) == (second, near)
    known = store.journal.order(spread.order_ref)
    assert (known.fills, known.filled) == ((second, near), (1, -1))
