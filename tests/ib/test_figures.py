"""Account values on the live IB object: subscribed to when needed, and no cost before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, Order
from brokerkit.errors import RequestTimedOut
from brokerkit.plugins.sim.gateway import SimulatedGateway


def _raw_figures(broker: Broker) -> list[Any]:
    return list(broker.native.connection.ib._ib.accountValues())


def test_nothing_is_told_of_them_before_somebody_wants_them(broker: Broker, gold: FuturesContract) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    broker.positions.get_all_current_positions_as_list_with_contract_objects()
    broker.capital.get_list_of_accounts()
    preview = broker.orders.what_if_order(Order.market(gold, 1))
    assert preview.initial_margin is not None
    assert preview.initial_margin.currency == "USD"
    assert _raw_figures(broker) == []


def test_who_asks_gets_them_and_they_are_kept_up_to_date(broker: Broker, gold: FuturesContract) -> None:
    ib = broker.native.ib
    values = {(each.account, each.tag) for each in ib.accountValues()}
    assert ("DU1000001", "NetLiquidation") in values
    assert ib.portfolio() == []
    changed = threading.Event()
    ib.updatePortfolioEvent += lambda _item: changed.set()
    broker.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
    assert changed.wait(30)
    assert [item.position for item in ib.portfolio()] == [2]


def test_each_figure_of_an_only_account_is_told_once(broker: Broker) -> None:
    heard: list[Any] = []
    broker.native.ib.accountValueEvent += heard.append
    told = _raw_figures(broker)
    assert len({(each.tag, each.currency) for each in told}) == len(told) > 5
    assert len(broker.native.ib.accountValues()) == len(told)  # without another request


def test_they_are_followed_over_a_new_line_too(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract, listen: Callable[[Broker], Any]
) -> None:
    ib, heard = broker.native.ib, listen(broker)
    assert ib.accountValues()
    gateway.cut()
    heard.wait_for(lambda: broker.state is not ConnectionState.CONNECTED)
    gateway.mend()
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    broker.orders.put_order_on_stack(Order.market(gold, 3)).wait(30)
    heard.wait_for(lambda: [item.position for item in ib.portfolio()] == [3])


def test_looking_at_what_there_is_asks_for_nothing(broker: Broker) -> None:
    ib = broker.native.ib
    assert hasattr(ib, "portfolio")
    assert callable(ib.accountValues)
    assert ib.accountValueEvent is not None
    assert _raw_figures(broker) == []


def test_an_account_of_which_nothing_is_told_keeps_none_of_the_others_back(
    run_gateway: Callable[..., SimulatedGateway],
    open_ib: Callable[..., Broker],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = run_gateway(accounts=("DU1000001", "DU1000002"))
    broker = open_ib(gateway, request_timeout=2.0)
    raw = broker.native.connection.ib._ib
    ask = raw.reqAccountUpdatesMultiAsync

    def ask_some(account: str) -> Any:
        return asyncio.get_running_loop().create_future() if account == "DU1000002" else ask(account)

    monkeypatch.setattr(raw, "reqAccountUpdatesMultiAsync", ask_some)
    values = broker.native.ib.accountValues()
    assert {each.account for each in values if each.tag == "NetLiquidation"} == {"DU1000001"}
    assert "IB did not send all account values" in caplog.text


def test_that_nothing_is_told_is_no_empty_account(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    ib = broker.native.ib
    raw = broker.native.connection.ib._ib
    with monkeypatch.context() as patch:
        patch.setattr(broker.native.connection.figures, "_timeout", 0.2)
        patch.setattr(raw, "reqAccountUpdatesAsync", lambda _account: asyncio.get_running_loop().create_future())
        with pytest.raises(RequestTimedOut):
            ib.accountValues()
    assert ib.accountValues()


def test_the_library_s_summary_is_its_own_whatever_else_was_asked(broker: Broker) -> None:
    ib = broker.native.ib
    assert broker.capital.get_account_value_across_currency()
    whole = {each.tag for each in ib.accountSummary()}
    assert {"NetLiquidation", "BuyingPower", "AvailableFunds"} <= whole
    heard: list[Any] = []
    ib.accountSummaryEvent += heard.append
    assert broker.capital.get_account_value_across_currency()
    assert {each.tag for each in ib.accountSummary()} == whole
    assert broker.native.connection.callbacks.flush()
    assert heard == []


def test_positions_are_those_of_the_account_as_after_the_library_s_own_connect(
    broker: Broker, gold: FuturesContract
) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
    listed = {each.contract.conId: each.position for each in broker.native.ib.reqPositions()}
    assert {each.contract.conId: each.position for each in broker.native.ib.positions()} == listed
    assert list(listed.values()) == [2]


def test_of_several_accounts_each_is_told(
    run_gateway: Callable[..., SimulatedGateway], open_ib: Callable[..., Broker]
) -> None:
    gateway = run_gateway(accounts=("DU1000001", "DU1000002"))
    for settings in ({}, {"account": "DU1000002"}):
        ib = open_ib(gateway, **settings).native.ib
        told = {each.account for each in ib.accountValues() if each.tag == "NetLiquidation"}
        assert told == {"DU1000001", "DU1000002"}
