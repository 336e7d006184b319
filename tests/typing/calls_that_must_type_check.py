"""Calls that type checkers must accept, with the types they must find. Read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from typing import Any

import attrs
import pandas as pd
from typing_extensions import assert_type

from brokerkit import (
    Account,
    AccountKind,
    Broker,
    BrokerOrder,
    BrokerPlugin,
    Call,
    Capability,
    Domains,
    Fill,
    Frequency,
    FuturesContract,
    Fx,
    FxPair,
    HookFacts,
    Middleware,
    Money,
    Order,
    OrderChange,
    OrderControl,
    Position,
    Positions,
    Prices,
    Secret,
    Services,
    Session,
    Subscription,
    TimeInForce,
    errors,
    hookimpl,
    open_broker,
    unsupported,
)

EDOLLAR = FuturesContract("EDOLLAR", "202306")


def use(broker: Broker) -> None:
    """Call every domain."""
    assert_type(broker.fx, Fx)
    assert_type(broker.fx.get_list_of_fxcodes(), list[str])
    assert_type(broker.fx.get_fx_prices("GBPUSD"), pd.Series)
    assert_type(broker.fx.get_fx_prices(fx_code="GBPUSD"), pd.Series)
    assert_type(broker.fx.get_fx_balances(), list[Money])
    assert_type(broker.prices.get_prices_for_contract_object(EDOLLAR, Frequency.HOUR), pd.DataFrame)
    assert_type(broker.contracts.get_min_tick_size_for_contract(EDOLLAR), Decimal)
    assert_type(broker.instruments.get_brokers_instrument_code("CORN"), str)
    assert_type(broker.capital.get_list_of_accounts(), list[Account])
    control = broker.orders.put_order_on_stack(Order.limit(EDOLLAR, 2, "95.125"))
    assert_type(control, OrderControl)
    assert_type(control.wait(timeout=5), BrokerOrder)
    broker.orders.modify_order_given_control_object(control, OrderChange(limit_price=95, quantity=3))
    assert_type(broker.orders.cancel_order_on_stack(control), BrokerOrder)
    broker.fx.put_fx_order_on_stack(Order.market(FxPair("GBPUSD"), 10_000))
    assert_type(Order.stop_limit(EDOLLAR, -1, stop_price=95, limit_price="94.5", outside_hours=True), Order)
    assert_type(Order.trailing_stop(EDOLLAR, -1, percent=1, stop_price=95, time_in_force=TimeInForce.GTC), Order)
    for position in broker.positions.get_all_current_positions_as_list_with_contract_objects():
        assert_type(position.quantity, int)


def open_and_listen() -> None:
    """Open by name, listen, and close."""
    with open_broker("paper", port=4002, read_only=False) as broker:
        assert_type(broker, Broker)
        assert_type(broker.supports("get_fx_prices"), bool)
        assert_type(broker.capabilities(), dict[str, Capability])
        assert_type(broker.account_kind, AccountKind)
        with broker.subscribe(on_fill=hear_fill, on_order_status=lambda order: print(order.state)) as subscription:
            assert_type(subscription, Subscription)
    domains: Domains = broker
    assert_type(domains.prices, Prices)


def hear_fill(fill: Fill) -> None:
    """Hear of a fill."""
    assert_type(fill.price, Decimal)


class AcmeFx(Fx):
    """A domain that is implemented in part, and declines the rest."""

    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        """Return one code."""
        return ["GBPUSD"]

    @hookimpl
    def get_fx_balances(self, account: str = "") -> list[Money]:
        """Return nothing held."""
        return []

    get_fx_prices = unsupported("no rates")
    put_fx_order_on_stack = unsupported("no FX desk", planned=True)


@attrs.frozen
class AcmeSettings:
    """A plugin's settings."""

    token: Secret
    port: int = 4001


def open_acme(settings: AcmeSettings, services: Services) -> Session:
    """Open the broker."""
    if services.has_listener(Fill):
        assert_type(settings.token.reveal(), str)
    return Session(domains=(AcmeFx(),), others=unsupported("only FX"))


plugin = BrokerPlugin(open=open_acme, settings=AcmeSettings)


@attrs.define(eq=False)
class Quiet(Middleware):
    """A third party's middleware."""

    def applies(self, hook: HookFacts) -> bool:
        """Apply to what reads."""
        return not hook.writes

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Do nothing."""
        return (yield)


class NobodyHolds:
    """A test double: any class that matches is a domain."""

    def get_all_current_positions_as_list_with_contract_objects(self, account: str = "") -> list[Position]:
        """Return nothing."""
        return []


def fails(broker: Broker) -> str:
    """Catch errors by branch."""
    try:
        broker.orders.cancel_all_orders()
    except (errors.CallRefused, errors.ConnectionProblem) as error:
        return error.code
    return ""


def only_positions(positions: Positions) -> int:
    """Take a domain by its Protocol."""
    return len(positions.get_all_current_positions_as_list_with_contract_objects("U1"))


only_positions(NobodyHolds())
