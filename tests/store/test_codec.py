"""Values on disk: whatever order is stored, an equal one is loaded."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.errors import InvalidArgument, StoreCorrupt
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from brokerkit.store.codec import dumps, instant, instant_text, loads

prices = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**6), max_value=10**6)
zones = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
times = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01"), timezones=zones)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | prices | times | st.dates()
nested = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.just("$") | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
parameters = st.dictionaries(st.text(max_size=5), nested, max_size=3)
contracts: st.SearchStrategy[FuturesContract | FxPair] = st.sampled_from(
    [FuturesContract("GOLD", "202312"), FuturesContract("V2X", ("20230719", "202308")), FxPair("GBPUSD")]
)
PRICED = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAILING_STOP: ("stop_price",),
    OrderType.MARKET_IF_TOUCHED: ("stop_price",),
    OrderType.LIMIT_IF_TOUCHED: ("limit_price", "stop_price"),
}


@st.composite
def orders(draw: st.DrawFn, depth: int = 2) -> Order:
    """Orders of every type, with or without children."""
    contract, kind = draw(contracts), draw(st.sampled_from(OrderType))
    in_force = draw(st.sampled_from(TimeInForce))
    quantity = tuple(draw(st.integers(1, 10**9) | st.integers(-(10**9), -1)) for _ in contract.legs)
    priced: dict[str, Any] = {name: draw(prices) for name in PRICED[kind]}
    if kind is OrderType.TRAILING_STOP:
        distance = draw(st.sampled_from(["trail_amount", "trail_percent"]))
        priced[distance] = draw(st.decimals(Decimal("0.01"), 100, places=2))
    order = Order(
        contract,
        quantity,
        kind,
        **priced,
        time_in_force=in_force,
        good_till=draw(times) if in_force is TimeInForce.GTD else None,
        outside_hours=draw(st.booleans()),
        account=draw(st.text(max_size=8)),
        oco_group=draw(st.text(max_size=8)),
        spread_fill=draw(st.sampled_from(SpreadFill)),
        display_quantity=draw(st.none() | st.integers(1, 9)),
        algo=draw(st.text(max_size=8)),
        algo_parameters=draw(parameters),
        tag=draw(st.text(max_size=8)),
        broker_parameters=draw(parameters),
    )
    if depth and draw(st.booleans()):
        child = draw(orders(depth=depth - 1))
        opposite = tuple(-lots for lots in quantity)
        children = (attrs.evolve(child, contract=contract, quantity=opposite, children=()),)
        order = attrs.evolve(order, children=children)
    return order


@given(order=orders())
def test_an_order_loads_equal(order: Order) -> None:
    assert loads(dumps(order)) == order


@given(value=nested)
def test_plain_values_load_equal_and_of_the_same_type(value: object) -> None:
    loaded = loads(dumps(value))
    assert loaded == value
    assert type(loaded) is type(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", Decimal, [{"a": object()}], {(1,): {2}}])
def test_what_cannot_be_kept_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgument, match="cannot keep"):
        dumps(value)


@pytest.mark.parametrize(
    "text", ["", "{", '{"$":"Spaceship","v":1}', '{"$":"Decimal"}', '{"$":"Money","currency":"x"}']
)
def test_what_cannot_be_read_is_damage(text: str) -> None:
    with pytest.raises(StoreCorrupt, match="cannot be read"):
        loads(text)


@given(one=times, other=times)
def test_times_sort_as_their_texts(one: datetime, other: datetime) -> None:
    assert (one < other) == (instant_text(one) < instant_text(other))
    assert instant(instant_text(one)) == one
    assert instant(instant_text(one)).tzinfo is timezone.utc


def test_a_date_is_no_time() -> None:
    assert type(loads(dumps(date(2023, 6, 1)))) is date
