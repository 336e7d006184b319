"""An argument of the wrong type is named before any plugin is called, whatever the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

from brokerkit import Broker, Frequency, FuturesContract, Order, errors, open_broker
from brokerkit.spec.argument_types import argument_types
from brokerkit.spec.domains import CONTRACT, DOMAINS

GOLD = FuturesContract("GOLD", "202304")
DECEMBER = FuturesContract("GOLD", "202312")


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with open_broker("sim") as opened:
        yield opened


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda b: b.orders.put_order_on_stack("GOLD"), r"order = 'GOLD', of type str. .*It takes Order"),
        (
            lambda b: b.orders.cancel_order_on_stack("a-ref"),
            r"order = 'a-ref', of type str. .*It takes HasOrderRef, such as the Order that was placed",
        ),
        (lambda b: b.orders.get_list_of_fills(date(2023, 1, 1)), r"since = .*type date. .*It takes datetime \| None"),
        (
            lambda b: b.fx.get_fx_prices(fx_code=5),
            r"fx_code = 5, of type int. \(broker.fx.get_fx_prices\) It takes str",
        ),
        (lambda b: b.prices.get_prices_for_contract_object("GOLD"), r"contract = 'GOLD'.*It takes FuturesContract"),
        (lambda b: b.prices.get_prices_for_contract_object(GOLD, "1D"), r"'1D'.*It takes Frequency"),
        (lambda b: b.prices.get_prices_for_contract_objects([GOLD, "CORN"]), r"It takes Sequence\[FuturesContract\]"),
        (lambda b: b.prices.get_prices_for_contract_objects("GOLD"), r"contracts = 'GOLD'"),
        (lambda b: b.contracts.less_than_n_hours_of_trading_left_for_contract(GOLD, "1"), r"n_hours = '1'.*float"),
    ],
)
def test_a_wrong_type_is_named_with_what_is_taken(broker: Broker, call: Callable[[Any], Any], told: str) -> None:
    with pytest.raises(errors.WrongArgumentType, match=told) as refusal:
        call(broker)
    assert isinstance(refusal.value, TypeError)
    assert isinstance(refusal.value, errors.CallRefused)


@pytest.mark.parametrize(
    ("call", "example"),
    [
        (lambda b: b.orders.put_order_on_stack("GOLD"), Order.market(DECEMBER, 1)),
        (lambda b: b.orders.get_list_of_fills("2024-03-01"), datetime(2024, 3, 1, tzinfo=timezone.utc)),
        (lambda b: b.prices.get_prices_for_contract_object("GOLD"), DECEMBER),
        (lambda b: b.prices.get_prices_for_contract_objects("GOLD"), [DECEMBER]),
        (lambda b: b.prices.get_prices_for_contract_object(GOLD, "1h"), Frequency.HOUR),
    ],
)
def test_what_is_taken_comes_with_an_example_that_can_be_copied(
    broker: Broker, call: Callable[[Any], Any], example: object
) -> None:
    with pytest.raises(errors.WrongArgumentType) as told:
        call(broker)
    shown = told.value.remedy.partition(", such as ")[2].removesuffix(". Nothing was sent.")
    names = {"FuturesContract": FuturesContract, "Order": Order, "Frequency": Frequency}
    value = eval(shown, {**names, "datetime": datetime, "timezone": timezone})  # the examples are our own
    assert value == example or attrs.evolve(value, order_ref=example.order_ref) == example


def test_what_behaves_like_what_is_taken_passes(broker: Broker) -> None:
    placed = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1))
    assert broker.orders.match_db_broker_order_to_order_from_brokers(SimpleNamespace(order_ref=placed.order_ref))
    assert broker.orders.modify_limit_price_given_control_object(placed, np.float64(2)) is placed
    assert broker.orders.modify_limit_price_given_control_object(placed, Decimal(3)).current().order.limit_price == 3
    since = pd.Timestamp(datetime(2020, 1, 1, tzinfo=timezone.utc))
    assert broker.orders.get_list_of_fills(since) == []
    assert isinstance(broker.contracts.less_than_n_hours_of_trading_left_for_contract(GOLD, np.int64(1)), bool)
    assert broker.prices.get_prices_for_contract_objects((GOLD,)).frames.keys() == {GOLD}


def test_a_hook_that_is_refused_anyhow_says_so_first() -> None:
    with open_broker("sim", read_only=True) as broker, pytest.raises(errors.ReadOnlyBroker):
        broker.orders.put_order_on_stack(None)  # type: ignore[arg-type]


def test_the_type_of_every_argument_of_the_contract_is_known() -> None:
    unknown = {
        f"{name}({parameter})"
        for name, facts in CONTRACT.items()
        for parameter in facts.parameters
        if parameter not in argument_types(getattr(DOMAINS[facts.domain], name))
    }
    assert unknown == set()
