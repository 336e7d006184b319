"""No fill is lost for the way in which IB writes its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderState
from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, SimulatedGateway
from brokerkit.plugins.sim.gateway.orders import executions
from brokerkit.plugins.sim.gateway.times import instant

GOLD = FuturesContract("GOLD", "202402")
RunGateway = Callable[..., SimulatedGateway]
OpenIB = Callable[..., Broker]


@pytest.mark.parametrize("name", ["Eastern Standard Time", "EST5EDT", "EDT", "US/Eastern", "EST"])
def test_a_fill_has_its_time_whatever_its_zone_is_called(
    gateway: SimulatedGateway, broker: Broker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(executions, "attribute_time", lambda time, zone, settings: instant(time, zone, name))
    done = broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30)
    assert (done.state, done.filled) == (OrderState.FILLED, (1,))
    [at_venue] = gateway.call(lambda inner: inner.exchange.fills())
    assert done.fills[0].time == at_venue.time


def test_a_fill_whose_time_cannot_be_read_is_told_all_the_same(
    gateway: SimulatedGateway, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = "20240102 10:00:00 Middle Earth Time"
    monkeypatch.setattr(executions, "attribute_time", lambda time, zone, settings: unreadable)
    done = broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30)
    assert (done.state, done.filled) == (OrderState.FILLED, (1,))


@pytest.mark.parametrize("zone", ["America/New_York", "Eastern Standard Time"])
def test_a_time_without_a_zone_is_in_the_one_that_is_set(run_gateway: RunGateway, open_ib: OpenIB, zone: str) -> None:
    older = GatewaySettings(port=0, server_version=173, time_zone="America/New_York", limits=Limits.none())
    gateway = run_gateway(older)
    done = open_ib(gateway, timezone=zone).orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30)
    [at_venue] = gateway.call(lambda inner: inner.exchange.fills())
    assert [fill.time for fill in done.fills] == [at_venue.time]


@pytest.mark.parametrize("attributes_in", ["UTC", "operator"])
def test_a_fill_has_its_time_whichever_zone_the_gateway_is_set_to_send(
    run_gateway: RunGateway, open_ib: OpenIB, attributes_in: str
) -> None:
    """In UTC IB sends `20231214-20:57:37`, which is no local time (erdewit/ib_insync#671, nautilus_trader#2359)."""
    gateway = run_gateway(
        GatewaySettings(port=0, time_zone="Asia/Shanghai", attributes_in=attributes_in, limits=Limits.none())
    )
    done = open_ib(gateway, timezone="America/New_York").orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30)
    [at_venue] = gateway.call(lambda inner: inner.exchange.fills())
    assert [fill.time for fill in done.fills] == [at_venue.time]


def test_a_zone_that_does_not_exist_is_refused_when_the_broker_is_opened(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    with pytest.raises(InvalidSetting, match="timezone = 'Berlin' is not a time zone"):
        open_ib(gateway, timezone="Berlin")
