"""Chains in which a month's own contract stands among weeklies and dailies, as IB lists them, through the socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import attrs
import pytest

from brokerkit import Broker, FuturesContract, Order
from brokerkit.errors import AmbiguousContract
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.plugins.sim.gateway import EagerClock, GatewaySettings, Limits, SimulatedGateway, simulated_gateway
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard
from brokerkit.plugins.sim.gateway.market import Market

OpenIB = Callable[..., Broker]
VIX = InstrumentCard("VIX", "VIX", "CFE", "1000")
ASIA = InstrumentCard("MSCIASIA", "M1MS", "EUREX", "100")
COPPER = InstrumentCard("COPPER_LME", "CA", "LMEOTC", "25")
SOYBEAN = InstrumentCard("SOYBEAN", "ZS", "CBOT", "5000")
CHAINS: dict[str, list[tuple[InstrumentCard, str, str, str]]] = {
    "VIX": [  # card, its name at the exchange, our date of it, its last day
        (VIX, "VX02F6", "20260114", "2026-01-14"),
        (VIX, "VXF6", "202601", "2026-01-21"),
        (VIX, "VX04F6", "20260128", "2026-01-28"),
        (VIX, "VXG6", "202602", "2026-02-18"),
    ],
    "MSCIASIA": [
        (ASIA, "FMEA 20260316 D", "20260316", "2026-03-16"),
        (ASIA, "FMEA 20260317 D", "20260317", "2026-03-17"),
        (ASIA, "FMEA 20260320", "202603", "2026-03-20"),
    ],
    "COPPER_LME": [
        (COPPER, "CAF6", "20260114", "2026-01-14"),
        (COPPER, "CAF6", "202601", "2026-01-21"),
        (COPPER, "CAF6", "20260122", "2026-01-22"),
    ],
    "SOYBEAN": [  # an instrument without a rule
        (SOYBEAN, "ZS1F6", "20260107", "2026-01-07"),
        (SOYBEAN, "ZSF6", "202601", "2026-01-14"),
    ],
}


def listing() -> Market:
    """Return a market of these chains, without prices."""
    market = Market(Exchange(datetime(2026, 1, 5, 15, tzinfo=timezone.utc), seed=0))
    market.exchange.open_account("DU1000001", {"USD": 1_000_000})
    for chain in CHAINS.values():
        for card, symbol, date, last_day in chain:
            terms = ContractTerms(
                FuturesContract(card.code, date),
                "0.01",
                "USD",
                multiplier=card.multiplier,
                expiry=datetime.fromisoformat(f"{last_day}T14:00+00:00"),
            )
            market.list_contract(terms, attrs.evolve(card, local_symbol=symbol))
    return market


@pytest.fixture
def gateway() -> Any:
    """A Gateway that lists them."""
    with simulated_gateway(listing(), GatewaySettings(port=0, limits=Limits.none()), clock=EagerClock()) as running:
        yield running


@pytest.mark.parametrize(
    ("code", "own"),
    [
        ("VIX", {"202601": "2026-01-21", "202602": "2026-02-18"}),
        ("MSCIASIA", {"202603": "2026-03-20"}),
        ("COPPER_LME", {"202601": "2026-01-21"}),
    ],
)
def test_a_month_is_its_own_contract_among_weeklies_and_dailies(
    gateway: SimulatedGateway, open_ib: OpenIB, code: str, own: dict[str, str]
) -> None:
    contracts = open_ib(gateway).contracts
    assert contracts.get_list_of_contract_dates_for_instrument_code(code) == list(own)
    for month, last_day in own.items():
        expiry = contracts.get_actual_expiry_date_for_single_contract(FuturesContract(code, month))
        assert expiry.isoformat() == last_day


def test_a_weekly_is_had_by_its_day(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    contracts = open_ib(gateway).contracts
    weekly = FuturesContract("VIX", "20260114")
    assert contracts.get_actual_expiry_date_for_single_contract(weekly).isoformat() == "2026-01-14"


def test_two_contracts_of_a_month_are_ambiguous_both_are_named_and_nothing_is_sent(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    broker = open_ib(gateway)
    january = FuturesContract("SOYBEAN", "202601")
    with pytest.raises(AmbiguousContract, match=r"ZS1F6 expiring 2026-01-07, ZSF6 expiring 2026-01-14") as several:
        broker.orders.put_order_on_stack(Order.limit(january, 1, 1000))
    assert several.value.candidates == ("20260107", "20260114")
    assert broker.orders.get_list_of_broker_orders() == []
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("SOYBEAN")
    assert dates == ["20260107", "20260114"]  # each under a name that every hook accepts
    for date in dates:
        expiry = broker.contracts.get_actual_expiry_date_for_single_contract(FuturesContract("SOYBEAN", date))
        assert f"{expiry:%Y%m%d}" == date
