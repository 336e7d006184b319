"""An order that contradicts itself never comes into being; one that exists is exact, immutable and portable."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit import FuturesContract, FxPair, Order, OrderType, TimeInForce
from brokerkit.errors import InvalidArgument, InvalidOrder, InvalidQuantity
from brokerkit.spec.order import new_order_ref
from brokerkit.spec.order_fields import OrderFields, TrailingStopFields

GOLD = FuturesContract("GOLD", "202312")
SPREAD = FuturesContract("GOLD", ["202312", "202402"])
PRICED = {"limit_price": 1950, "stop_price": 1940}
WANTED = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.MARKET_IF_TOUCHED: ("stop_price",),
    OrderType.LIMIT_IF_TOUCHED: ("limit_price", "stop_price"),
}


@pytest.mark.parametrize(
    "given_fields", [(), ("limit_price",), ("stop_price",), ("limit_price", "stop_price")], ids=str
)
@pytest.mark.parametrize("order_type", list(WANTED), ids=lambda kind: kind.value)
def test_each_type_takes_exactly_the_prices_it_needs(order_type: OrderType, given_fields: tuple[str, ...]) -> None:
    fields = {name: PRICED[name] for name in given_fields}
    if given_fields == WANTED[order_type]:
        assert Order(GOLD, 1, order_type, **fields).order_type is order_type
    else:
        with pytest.raises(InvalidOrder, match=order_type.value):
            Order(GOLD, 1, order_type, **fields)


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (0, "0 lots"),
        (1.5, "not whole"),
        ("1", "not whole"),
        (True, "not whole"),
        (None, "not a quantity"),
        ({1, -1}, "not a quantity"),
        ({1: "buys"}, "not a quantity"),
        (10**12 + 1, "1000000000001 lots are more than any order"),
        (-(2**63), "more than any order"),
        (1e300, "more than any order"),
    ],
)
def test_a_quantity_is_a_whole_signed_number_of_a_size_that_can_be(quantity: object, words: str) -> None:
    with pytest.raises(InvalidQuantity, match=words):
        Order(GOLD, quantity)


def test_a_quantity_may_be_as_large_as_an_amount_of_yen() -> None:
    assert [Order(GOLD, lots).quantity for lots in (10**12, -(10**12))] == [(10**12,), (-(10**12),)]


@pytest.mark.parametrize("quantity", [3, [3], (3,), 3.0, Decimal(3)])
def test_whole_numbers_of_any_kind_mean_the_same(quantity: object) -> None:
    assert Order(GOLD, quantity).quantity == (3,)


def test_a_spread_takes_one_quantity_a_leg() -> None:
    assert Order(SPREAD, [1, -1]).quantity == (1, -1)
    with pytest.raises(InvalidQuantity, match="2 leg"):
        Order(SPREAD, 1)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-10_000, max_value=10_000))
def test_a_price_is_what_a_person_wrote_for_it(price: Decimal) -> None:
    assert Order.limit(GOLD, 1, str(price)).limit_price == price
    assert Order.limit(GOLD, 1, float(price)).limit_price == Decimal(repr(float(price)))


@pytest.mark.parametrize("price", ["nan", float("inf"), "a lot"])
def test_a_price_that_is_no_number_is_refused(price: object) -> None:
    with pytest.raises(InvalidArgument, match="number"):
        Order.limit(GOLD, 1, price)


@pytest.mark.parametrize("distance", [{}, {"amount": 0}, {"amount": -1}, {"amount": 1, "percent": 1}], ids=str)
def test_a_trailing_stop_follows_at_one_positive_distance(distance: dict[str, int]) -> None:
    with pytest.raises(InvalidOrder, match="one positive distance"):
        Order.trailing_stop(GOLD, 1, **distance)


@pytest.mark.parametrize("distance", ["trail_amount", "trail_percent"])
@pytest.mark.parametrize(
    "make",
    [
        lambda **fields: Order.market(GOLD, -1, **fields),
        lambda **fields: Order.limit(GOLD, -1, 1950, **fields),
        lambda **fields: Order.stop(GOLD, -1, 1940, **fields),
    ],
    ids=["market", "limit", "stop"],
)
def test_a_distance_on_an_order_that_does_not_trail_is_refused(make: Callable[..., Order], distance: str) -> None:
    with pytest.raises(InvalidOrder, match=f"order takes no {distance}"):
        make(**{distance: 5})


def test_the_two_prices_of_a_stop_limit_order_are_given_by_name() -> None:
    order = Order.stop_limit(GOLD, -1, stop_price=1945, limit_price=1940)
    assert (order.stop_price, order.limit_price) == (1945, 1940)
    with pytest.raises(TypeError, match="positional"):
        Order.stop_limit(GOLD, -1, 1940, 1945)  # type: ignore[misc]


def test_type_checkers_are_told_every_field_that_is_given_by_name() -> None:
    told = [*OrderFields.__annotations__, *TrailingStopFields.__annotations__]
    priced = {"contract", "quantity", "order_type", "limit_price", "trail_amount", "trail_percent"}
    assert sorted(set(told)) == sorted({field.name for field in attrs.fields(Order)} - priced)


def test_good_till_belongs_to_gtd_and_has_a_zone() -> None:
    noon = datetime(2023, 3, 8, 12, tzinfo=timezone.utc)
    assert Order(GOLD, 1, time_in_force=TimeInForce.GTD, good_till=noon).good_till == noon
    for fields in ({"time_in_force": TimeInForce.GTD}, {"good_till": noon}):
        with pytest.raises(InvalidOrder, match="good_till"):
            Order(GOLD, 1, **fields)
    with pytest.raises(InvalidOrder, match="zone"):
        Order(GOLD, 1, time_in_force=TimeInForce.GTD, good_till=noon.replace(tzinfo=None))


def test_a_bracket_closes_what_its_parent_opens() -> None:
    entry = Order.limit(GOLD, -2, 1950).with_bracket(take_profit=1940, stop_loss=1960)
    assert [(child.order_type, child.quantity) for child in entry.children] == [
        (OrderType.LIMIT, (2,)),
        (OrderType.STOP, (2,)),
    ]
    assert entry.order_ref not in {child.order_ref for child in entry.children}
    with pytest.raises(InvalidOrder, match="close what its parent opens"):
        Order(GOLD, 1, children=(Order(GOLD, 1),))
    with pytest.raises(InvalidOrder, match="close what its parent opens"):
        Order(GOLD, 1, children=(Order(FuturesContract("CORN", "202312"), -1),))


@pytest.mark.parametrize("outside_hours", [True, False])
def test_the_exits_protect_at_the_hours_at_which_the_entry_trades(outside_hours: bool) -> None:
    entry = Order.limit(GOLD, 1, 1950, outside_hours=outside_hours).with_bracket(take_profit=1960, stop_loss=1940)
    assert [child.outside_hours for child in entry.children] == [outside_hours, outside_hours]


def test_a_second_bracket_is_refused_and_so_is_one_without_any_exit() -> None:
    entry = Order.limit(GOLD, 1, "680").with_bracket(take_profit="700")
    with pytest.raises(InvalidOrder, match=r"already has exits.*take_profit and stop_loss in one call"):
        entry.with_bracket(stop_loss="600")
    with pytest.raises(InvalidOrder, match=r"no exit.*Give take_profit, stop_loss, or both"):
        Order.limit(GOLD, 1, "680").with_bracket()


@pytest.mark.parametrize(
    ("quantity", "take_profit", "stop_loss"),
    [(1, 1940, 1960), (-1, 1960, 1940), (1, "1950.00", 1950), (-1, 1950, 1950)],
)
def test_exits_that_changed_places_are_refused(quantity: int, take_profit: int, stop_loss: int) -> None:
    with pytest.raises(InvalidOrder, match=r"take_profit .* stop_loss") as refused:
        Order.market(GOLD, quantity).with_bracket(take_profit=take_profit, stop_loss=stop_loss)
    assert ("take_profit is above" if quantity > 0 else "take_profit is below") in refused.value.remedy


def stop_limit_at(contract: FuturesContract, quantity: int, price: int) -> Order:
    return Order.stop_limit(contract, quantity, stop_price=1950, limit_price=price)


@pytest.mark.parametrize("entry", [Order.limit, stop_limit_at])
@pytest.mark.parametrize("side", [1, -1])
def test_an_exit_on_the_wrong_side_of_the_entrys_limit_is_refused(entry: Callable[..., Order], side: int) -> None:
    order = entry(GOLD, 2 * side, 1950)
    for off in (0, 5):
        with pytest.raises(InvalidOrder, match="take_profit"):
            order.with_bracket(take_profit=1950 - side * off)
        with pytest.raises(InvalidOrder, match="stop_loss"):
            order.with_bracket(stop_loss=1950 + side * off)
    made = order.with_bracket(take_profit=1950 + side, stop_loss=1950 - side)
    assert [child.quantity for child in made.children] == [(-2 * side,), (-2 * side,)]


def test_an_entry_without_a_limit_may_have_one_exit_anywhere() -> None:
    for entry in (Order.market(GOLD, 1), Order.stop(GOLD, 1, 1950)):
        assert entry.with_bracket(take_profit=1).children[0].limit_price == 1
        assert entry.with_bracket(stop_loss=5000).children[0].stop_price == 5000


def test_the_exits_of_a_spread_are_not_compared() -> None:
    spread = Order.limit(FuturesContract("GOLD", ["202312", "202402"]), (-1, 1), "-5")
    assert len(spread.with_bracket(take_profit=-8, stop_loss=-2).children) == 2
    assert len(spread.with_bracket(take_profit=-2, stop_loss=-8).children) == 2


def test_a_currency_pairs_exits_are_compared_as_a_contracts_are() -> None:
    with pytest.raises(InvalidOrder, match="stop_loss"):
        Order.limit(FxPair("GBPUSD"), 1000, "1.25").with_bracket(stop_loss="1.26")


def test_nothing_on_an_order_can_change_afterwards() -> None:
    parameters = {"adaptivePriority": "Patient"}
    order = Order(GOLD, 1, algo="Adaptive", algo_parameters=parameters)
    parameters["adaptivePriority"] = "Urgent"
    assert order.algo_parameters == {"adaptivePriority": "Patient"}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        order.quantity = (2,)  # type: ignore[misc]


def test_orders_without_parameters_share_nothing_that_can_change() -> None:
    order = Order(GOLD, 1, algo_parameters={})
    for parameters in (
        order.algo_parameters,
        order.broker_parameters,
        pickle.loads(pickle.dumps(order)).algo_parameters,
    ):
        assert parameters == {}
        with pytest.raises(TypeError):
            parameters["adaptivePriority"] = "Urgent"  # type: ignore[index]
    assert order.quantity == Order(GOLD, (1,)).quantity == (1,)


def test_an_order_survives_pickling_and_serves_as_a_key() -> None:
    order = Order.limit(GOLD, 1, "1950.5", algo_parameters={"a": 1}).with_bracket(stop_loss=1940)
    assert pickle.loads(pickle.dumps(order)) == order
    assert {order: "mine"}[pickle.loads(pickle.dumps(order))] == "mine"


def test_its_repr_shows_what_was_said_and_nothing_else() -> None:
    order = Order.limit(GOLD, 1, "1950.50", order_ref="mine")
    assert repr(order) == (
        "Order(FuturesContract('GOLD', '202312'), 1, "
        "order_type=OrderType.LIMIT, limit_price='1950.50', order_ref='mine')"
    )
    assert eval(repr(order)) == order


def test_a_currency_order_is_in_units_of_the_first_currency() -> None:
    assert Order.market(FxPair("GBPUSD"), -10_000).quantity == (-10_000,)


def _references(connection: multiprocessing.connection.Connection) -> None:
    connection.send([new_order_ref() for _ in range(100)])


def test_forked_processes_never_make_the_same_reference() -> None:
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(4)]
    workers = [context.Process(target=_references, args=(sender,)) for _, sender in pipes]
    for worker in workers:
        worker.start()
    made = [ref for receiver, _ in pipes for ref in receiver.recv()] + [new_order_ref() for _ in range(100)]
    for worker in workers:
        worker.join()
    assert len(set(made)) == 500
    assert max(map(len, made)) <= 20


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"contract": "GOLD"}, "'GOLD' is not a contract"),
        ({"order_type": "limit", "limit_price": 1950}, "order_type is 'limit'"),
        ({"time_in_force": "GTC"}, "time_in_force is 'GTC'"),
        ({"children": [Order.stop(GOLD, -1, 1900)]}, "children is a list"),
        ({"children": ("stop at 1900",)}, "A child is 'stop at 1900'"),
        ({"display_quantity": 0}, "display_quantity is 0"),
        ({"display_quantity": 1.5}, "display_quantity is 1.5"),
        ({"display_quantity": "1"}, "display_quantity is '1'"),
        ({"order_ref": ""}, "no empty order_ref"),
        ({"order_ref": 5}, "order_ref is 5"),
        ({"outside_hours": "no"}, "outside_hours is 'no'.*True or False"),
        ({"post_only": "false"}, "post_only is 'false'"),
        ({"reduce_only": 1}, "reduce_only is 1"),
        ({"spread_fill": "by-leg"}, "spread_fill is 'by-leg'.*SpreadFill.BY_LEG"),
        ({"account": None}, "account is None.*leave it out"),
        ({"oco_group": 5}, "oco_group is 5"),
        ({"algo": None}, "algo is None"),
        ({"tag": 7}, "tag is 7"),
        ({"algo_parameters": "Patient"}, "Parameters are 'Patient'"),
        ({"broker_parameters": None}, "Parameters are None"),
        ({"time_in_force": TimeInForce.GTD, "good_till": date(2027, 1, 1)}, r"good_till is datetime.date\(2027"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_only_looks_like_a_field_is_refused_before_any_broker_misreads_it(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidOrder, match=words):
        Order(**{"contract": GOLD, "quantity": 1, **fields})


def test_an_order_may_show_a_part_of_itself_as_small_as_a_lot() -> None:
    assert Order.limit(GOLD, 5, 1950, display_quantity=1).display_quantity == 1
