"""When a contract stops trading is known whichever zone the Gateway is set to send, and no order names another day.

IB sends such a time in the zone of the Gateway's setting 'Send instrument-specific attributes', for example as
`20230624 04:00:00 Asia/Shanghai` for the 23rd in New York (erdewit/ib_insync#605, ib-api-reloaded/ib_async#203), and
refuses an order that names the wrong day with error 478 (erdewit/ib_insync#641, for crude oil). The libraries cut the
text at any hyphen, also at that of `20250915 10:00:00 GB-Eire` (pst-group/pysystemtrade#1244).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderState
from brokerkit.plugins.ib import zones
from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, SimulatedGateway
from brokerkit.plugins.sim.gateway.rooms import contracts

GOLD = FuturesContract("GOLD", "202402")
LAST_DAY, LAST_TRADE = date(2024, 2, 16), datetime(2024, 2, 16, 14, 30, tzinfo=timezone.utc)
RunGateway = Callable[..., SimulatedGateway]
OpenIB = Callable[..., Broker]


@pytest.mark.parametrize("version", [157, 178])
@pytest.mark.parametrize("attributes_in", ["instrument", "operator", "UTC"])
def test_an_order_is_placed_and_the_last_day_is_the_exchange_s_whatever_the_login_s_zone(
    run_gateway: RunGateway, open_ib: OpenIB, attributes_in: str, version: int
) -> None:
    settings = GatewaySettings(
        port=0,
        time_zone="Australia/Sydney",
        attributes_in=attributes_in,
        server_version=version,
        limits=Limits.none(),
    )
    broker = open_ib(run_gateway(settings), timezone="Australia/Sydney")
    told = broker.contracts.get_contract_object_with_broker_data(GOLD)
    assert (told.expiry, told.last_trade) == (LAST_DAY, LAST_TRADE)
    by_day = broker.contracts.get_contract_object_with_broker_data(FuturesContract("GOLD", f"{LAST_DAY:%Y%m%d}"))
    assert by_day.broker_id == told.broker_id
    assert broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30).state is OrderState.FILLED


def test_an_order_at_an_exchange_whose_zone_is_not_known_names_no_day(
    run_gateway: RunGateway, open_ib: OpenIB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(zones._OF_EXCHANGES, "COMEX")
    settings = GatewaySettings(port=0, time_zone="Australia/Sydney", attributes_in="operator", limits=Limits.none())
    broker = open_ib(run_gateway(settings))
    assert broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30).state is OrderState.FILLED


@pytest.mark.parametrize("name", ["GB-Eire", "Central European Standard Time", "Europe/London"])
def test_a_zone_s_name_may_have_hyphens_and_spaces(
    gateway: SimulatedGateway, broker: Broker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    local = "15:30:00" if name.startswith("Central") else "14:30:00"
    monkeypatch.setattr(contracts, "attribute_time", lambda time, zone, settings: f"{time:%Y%m%d} {local} {name}")
    told = broker.contracts.get_contract_object_with_broker_data(GOLD)
    assert (told.expiry, told.last_trade) == (LAST_DAY, LAST_TRADE)
