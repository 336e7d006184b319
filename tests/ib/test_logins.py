"""Whose money it is: another login behind the same port is never traded with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from brokerkit import AccountKind, Broker, ConnectionState, FuturesContract, Order
from brokerkit.errors import CannotConnect, ConnectionLost
from brokerkit.plugins.ib.logins import check_same_login, kind_of_all
from brokerkit.plugins.sim.gateway import (
    EagerClock,
    GatewaySettings,
    Limits,
    SimulatedGateway,
    sample_market,
    simulated_gateway,
)

OpenIB = Callable[..., Broker]


@contextmanager
def gateway_of(account: str, port: int = 0) -> Iterator[SimulatedGateway]:
    """Run a Gateway that is logged in to an account."""
    settings = GatewaySettings(port=port, limits=Limits.none())
    with simulated_gateway(sample_market(days=1, accounts=(account,)), settings, clock=EagerClock()) as gateway:
        yield gateway


def reason_why_down(broker: Broker) -> str:
    """Return why the line is down."""
    try:
        broker.native.connection.require_up("a look")
    except ConnectionLost as error:
        return str(error)
    return ""


def test_a_broker_opened_on_paper_never_trades_with_a_live_login_behind_the_same_port(
    open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    with gateway_of("DU1000001") as paper:
        port = paper.port
        broker = open_ib(paper, max_reconnect_wait=0.05)
        heard = listen(broker)
        gold = FuturesContract("GOLD", broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0])
        order = Order.market(gold, 1)
    with gateway_of("U7654321", port) as live:
        heard.wait_for(lambda: "U7654321 (live)" in reason_why_down(broker))
        with pytest.raises(ConnectionLost):
            broker.orders.put_order_on_stack(order)
        assert list(live.call(lambda inner: list(inner.orders.registry))) == []
    with gateway_of("DU1000001", port):
        heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
        assert broker.orders.put_order_on_stack(order).wait(30).filled == (1,)


@pytest.mark.parametrize(
    ("before", "now"),
    [(["DU1"], ["DU2"]), (["U1"], ["U2"]), (["DU1"], ["DU1", "U1"]), (["U1"], ["DU1"]), (["DU1"], [])],
)
def test_another_login_is_refused(before: list[str], now: list[str]) -> None:
    with pytest.raises(CannotConnect, match="Nothing is sent there"):
        check_same_login(before, now, "here")


def test_the_same_login_may_gain_and_lose_accounts() -> None:
    check_same_login(["DU1", "DU2"], ["DU2", "DU3"], "here")


def test_a_login_of_which_no_account_is_known_is_live() -> None:
    assert kind_of_all([]) is AccountKind.LIVE
