"""A broker to wrap: a plugin that keeps orders in memory, installed for one test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, open_broker

DESK = '''
import threading
from datetime import datetime, timezone
from decimal import Decimal

import attrs
import pandas as pd

from brokerkit import (
    AccountKind, BrokerOrder, BrokerPlugin, Fill, FuturesInstrument, Instruments, Order, OrderState, OrderType, Orders,
    Position, Positions, Prices, Session, hookimpl, unsupported, errors,
)

NOW = datetime(2023, 6, 1, tzinfo=timezone.utc)


class Control:
    children = ()

    def __init__(self, desk, order_ref):
        self.desk, self.order_ref = desk, order_ref

    def current(self):
        return self.desk.orders[self.order_ref]

    def wait(self, timeout=60.0):
        return self.current()


class Desk(Orders, Positions, Prices, Instruments):
    """Fills market orders at once at 100, keeps limit orders working, and raises what it is told to raise."""

    def __init__(self, emit):
        self.emit, self.orders, self.quotes = emit, {}, None
        self.fault = self.inside = self.after_reading = None

    @hookimpl
    def put_order_on_stack(self, order):
        if self.inside:
            self.inside()
        if self.fault:
            raise self.fault
        market = order.order_type is OrderType.MARKET
        fills = tuple(
            Fill(f"{order.order_ref}.{leg}", order.order_ref, contract, lots, Decimal(100), NOW, leg=leg)
            for leg, (contract, lots) in enumerate(zip(order.contract.legs, order.quantity))
        ) if market else ()
        placed = BrokerOrder(order, OrderState.FILLED if market else OrderState.WORKING, fills=fills)
        self.orders[order.order_ref] = placed
        for fill in fills:
            self.emit(fill)
        return Control(self, order.order_ref)

    @hookimpl
    def modify_order_given_control_object(self, control, change):
        if self.inside:
            self.inside()
        before = self.orders[control.order_ref]
        asked = {key: value for key, value in attrs.asdict(change).items() if value is not None}
        self.orders[control.order_ref] = attrs.evolve(before, order=attrs.evolve(before.order, **asked))
        return control

    @hookimpl
    def modify_limit_price_given_control_object(self, control, limit_price):
        before = self.orders[control.order_ref]
        self.orders[control.order_ref] = attrs.evolve(before, order=attrs.evolve(before.order, limit_price=limit_price))
        return control

    @hookimpl
    def cancel_all_orders(self, account=""):
        for order_ref, order in self.orders.items():
            if not order.state.is_final:
                self.orders[order_ref] = attrs.evolve(order, state=OrderState.CANCELLED)
        return list(self.orders.values())

    @hookimpl
    def get_list_of_broker_orders(self, account=""):
        reported, after, self.after_reading = list(self.orders.values()), self.after_reading, None
        if after:
            after()
        return reported

    @hookimpl
    def get_all_current_positions_as_list_with_contract_objects(self, account=""):
        held = {}
        for order in self.orders.values():
            for fill in order.fills:
                held[fill.contract] = held.get(fill.contract, 0) + fill.quantity
        return [Position("DU1", contract, lots, None, NOW) for contract, lots in held.items() if lots]

    @hookimpl
    def get_prices_for_contract_object(self, contract, frequency, start, end):
        if contract.instrument_code == "NOPRICE":
            raise errors.MissingData("No prices.")
        return pd.DataFrame({"close": [99.0, 100.0]})

    @hookimpl
    def get_recent_bid_ask_tick_data_for_contract_object(self, contract):
        if self.quotes is None:
            raise errors.MissingData("No quotes.")
        return pd.DataFrame(self.quotes, columns=["bid", "ask"])

    @hookimpl
    def get_futures_instrument_object_with_broker_data(self, instrument_code):
        return FuturesInstrument(instrument_code, "X", "X", "EUR" if instrument_code == "BTP" else "USD", Decimal(50))

    what_if_order = get_list_of_orders_from_storage = get_list_of_fills = unsupported("a toy")
    match_db_broker_order_to_order_from_brokers = cancel_order_on_stack = unsupported("a toy")
    match_db_broker_order_to_control_order_from_brokers = cancel_order_given_control_object = unsupported("a toy")
    check_order_is_cancelled = check_order_is_cancelled_given_control_object = unsupported("a toy")
    check_order_can_be_modified_given_control_object = unsupported("a toy")
    get_instruments_with_price_data = contract_dates_with_price_data_for_instrument_code = unsupported("a toy")
    get_prices_for_contract_objects = unsupported("a toy")
    get_ticker_object_for_contract = cancel_market_data_for_contract = unsupported("a toy")
    get_list_of_instruments = get_brokers_instrument_code = unsupported("a toy")
    get_instrument_code_from_broker_code = unsupported("a toy")


@attrs.frozen
class Settings:
    token: str = ""
    live: bool = False


def open_desk(settings, services):
    desk = Desk(services.emit)
    kind = AccountKind.LIVE if settings.live else AccountKind.SIMULATED
    return Session((desk,), unsupported("the desk only trades"), account_kind=kind, native=desk)


plugin = BrokerPlugin(open=open_desk, settings=Settings, is_simulation=True)
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Return a function that installs a module with one entry point for the test's time."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def install_module(source: str, name: str, group: str, target: str) -> Path:
        module = site / f"brokerkit_{name}.py"
        module.write_text(source, encoding="utf-8")
        metadata = site / f"brokerkit_{name}-0.3.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: brokerkit-{name}\nVersion: 0.3\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = brokerkit_{name}:{target}\n")
        return module

    yield install_module
    for module in set(sys.modules) - before:
        if module.startswith("brokerkit_"):
            del sys.modules[module]


@pytest.fixture
def desk(
    install: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Broker]]:
    """Return a function that opens the broker `desk` with settings; all are closed at the end."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("BROKERKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    install(DESK, "desk", "brokerkit.brokers", "plugin")
    opened: list[Broker] = []

    def open_desk(**settings: Any) -> Broker:
        opened.append(open_broker("desk", **settings))
        return opened[-1]

    yield open_desk
    for broker in opened:
        broker.close()
