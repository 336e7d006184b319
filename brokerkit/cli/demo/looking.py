"""The chapters that only look: the broker, currencies, contracts, prices, capital."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from brokerkit.cli.demo.chapter import Chapter
from brokerkit.cli.output import moment, number
from brokerkit.errors import MissingData
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.contracts import ContractWithBrokerData

if TYPE_CHECKING:
    import pandas as pd

    from brokerkit import Broker

_LIKED = ("CORN", "CRUDE_W", "EDOLLAR", "GOLD")
_LIKED_PAIRS = ("GBPUSD", "EURUSD", "AUDUSD")
FX_HOOKS = ("get_list_of_fxcodes", "get_fx_prices")
MARKET_HOOKS = (
    "get_instruments_with_price_data",
    "get_list_of_contract_dates_for_instrument_code",
    "get_prices_for_contract_object",
    "get_contract_object_with_broker_data",
)
CONTRACT_HOOKS = (
    "get_trading_hours_for_contract",
    "get_actual_expiry_date_for_single_contract",
    "is_contract_okay_to_trade",
    "get_commission_for_contract",
)
CAPITAL_HOOKS = (
    "get_list_of_accounts",
    "get_account_value_across_currency",
    "get_excess_liquidity_value_across_currency",
)
_SHOWN = 4
_DAYS_LEFT = 20
_LOOKED_AT = 6


@attrs.frozen(eq=False)
class Market:
    """A contract with its facts and its daily bars."""

    contract: FuturesContract
    facts: ContractWithBrokerData
    bars: pd.DataFrame

    @property
    def last_close(self) -> Decimal:
        """The newest daily close, on the tick grid."""
        tick = self.facts.tick_size
        return (Decimal(repr(float(self.bars["close"].iloc[-1]))) / tick).to_integral_value() * tick


def opened(broker: Broker) -> Chapter:
    """Tell which broker was opened."""
    return Chapter(
        "broker",
        "Open a broker by its name",
        f'broker = brokerkit.open_broker("{broker.name}")',
        {
            "plugin": broker.plugin,
            "prices from": broker.data,
            "account": f"{broker.account_kind.value}",
            "connection": broker.state.value,
        },
    )


def currencies(broker: Broker) -> Chapter:
    """Tell the newest exchange rates, and draw nothing."""
    codes = liked_first(broker.fx.get_list_of_fxcodes(), _LIKED_PAIRS)[: len(_LIKED_PAIRS)]
    series = {code: broker.fx.get_fx_prices(code) for code in codes}
    return Chapter(
        "fx",
        "Ask for exchange rates",
        f'rates = broker.fx.get_fx_prices("{codes[0]}")',
        columns=("pair", "last day", "last rate>"),
        rows=tuple((code, rates.index[-1].date(), f"{rates.iloc[-1]:.6g}") for code, rates in series.items()),
        says=f"A pair is a series: units of {codes[0][3:]} for one {codes[0][:3]}, one value a day.",
    )


def markets(broker: Broker) -> tuple[list[Market], Chapter]:
    """Return one market an instrument, each by the first contract with some weeks left, and tell their chains."""
    found: list[Market] = []
    rows = []
    for code in liked_first(broker.prices.get_instruments_with_price_data()):
        dates = broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
        market = _market(broker, [FuturesContract(code, date) for date in dates])
        if market is not None:
            found.append(market)
            rows.append((code, _shortened(dates), *_last_bar(market)))
        if len(found) == _SHOWN:
            break
    chapter = Chapter(
        "chains",
        "See which contracts trade, and their last prices",
        'dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")',
        columns=("instrument", "contracts", "this one", "last day", "close>"),
        rows=tuple(rows),
    )
    return found, chapter


def prices(market: Market) -> Chapter:
    """Tell and draw the daily bars of a contract."""
    newest = market.bars.iloc[-5:]
    return Chapter(
        "prices",
        f"Read the daily bars of {market.contract}",
        f'bars = broker.prices.get_prices_for_contract_object(FuturesContract("{market.contract.instrument_code}", '
        f'"{market.contract.date}"))',
        columns=("day", *(f"{name}>" for name in market.bars.columns)),
        rows=tuple(
            (f"{time:%Y-%m-%d}", *map(number, row))
            for time, row in zip(newest.index, newest.to_numpy().tolist(), strict=True)
        ),
        series=market.bars["close"].iloc[-250:],
        series_title=f"{market.contract} daily close",
    )


def contract_facts(broker: Broker, market: Market) -> Chapter:
    """Tell expiry, tick, value, hours and commission of a contract."""
    domain, contract, facts = broker.contracts, market.contract, market.facts
    session = domain.get_trading_hours_for_contract(contract)[0]
    point = facts.instrument.point_size
    return Chapter(
        "contract",
        f"Look up the details of {contract}",
        "contract = broker.contracts.get_contract_object_with_broker_data("
        f'FuturesContract("{contract.instrument_code}", "{contract.date}"))',
        {
            "what": facts.instrument.description,
            "traded at": f"{facts.instrument.exchange} as {facts.instrument.broker_code}",
            "last trading day": domain.get_actual_expiry_date_for_single_contract(contract),
            "smallest price step": f"{facts.tick_size}, worth {(facts.tick_size * point).normalize():f} "
            f"{facts.instrument.currency} a lot",
            "trading hours": f"{moment(session.opening_time)} to {moment(session.closing_time)}",
            "open now": domain.is_contract_okay_to_trade(contract),
            "commission a lot": domain.get_commission_for_contract(contract),
        },
    )


def capital(broker: Broker) -> Chapter:
    """Tell what the accounts are worth, and what is free."""
    domain = broker.capital
    rows = []
    for account in domain.get_list_of_accounts():
        free = {m.currency: m for m in domain.get_excess_liquidity_value_across_currency(account.account_id)}
        for value in domain.get_account_value_across_currency(account.account_id):
            left = free.get(value.currency)
            rows.append((account.account_id, account.kind, value, left))
    return Chapter(
        "capital",
        "Look up the value of the account",
        "values = broker.capital.get_account_value_across_currency()",
        columns=("account", "kind", "value>", "free of margin>"),
        rows=tuple(rows),
    )


def liked_first(codes: Sequence[str], liked: Sequence[str] = _LIKED) -> list[str]:
    """Return names with well-known ones in front: those that any broker is likely to have."""
    return [code for code in liked if code in codes] + [code for code in codes if code not in liked]


def _market(broker: Broker, chain: Sequence[FuturesContract]) -> Market | None:
    """Return the first contract's market among those with the newest bars and some weeks left; None without bars."""
    found: list[Market] = []
    for contract in chain[:_LOOKED_AT]:
        try:
            bars = broker.prices.get_prices_for_contract_object(contract)
        except MissingData:
            continue
        facts = broker.contracts.get_contract_object_with_broker_data(contract)
        if facts.expiry >= bars.index[-1].date() + timedelta(days=_DAYS_LEFT):
            found.append(Market(contract, facts, bars))
    return max(found, key=lambda market: market.bars.index[-1], default=None)


def _shortened(dates: Sequence[str]) -> str:
    return " ".join(dates[:_SHOWN]) + (" …" if len(dates) > _SHOWN else "")


def _last_bar(market: Market) -> tuple[object, ...]:
    bars = market.bars
    return (market.contract, bars.index[-1].date(), f"{bars['close'].iloc[-1]:.10g}")
