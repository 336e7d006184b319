"""A market built on a feed: synthetic data, a folder of bars, or a folder in pysystemtrade's layout."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

import attrs

from brokerkit.plugins.sim.exchange import ContractTerms, Models
from brokerkit.plugins.sim.exchange.units import SECOND, time_of
from brokerkit.plugins.sim.feeds import FedExchange, Feed, HouseRules, InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, MarketHours, market_hours
from brokerkit.plugins.sim.feeds.rates import fx_tick
from brokerkit.plugins.sim.feeds.start import start_on
from brokerkit.plugins.sim.gateway.contracts.book import KEPT_AFTER_EXPIRY, ContractBook
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed
from brokerkit.plugins.sim.gateway.market.fed_history import FeedHistory
from brokerkit.plugins.sim.gateway.market.market import Market
from brokerkit.plugins.sim.gateway.market.quoted_pairs import QuotedPairs
from brokerkit.spec.contract import FxPair


@attrs.define(eq=False)
class FedMarket(Market):
    """A market whose contracts come from a feed, and are listed on the exchange when first needed."""

    def ready(self, listed: Listed) -> None:
        """Make sure that a contract is listed on the exchange."""
        exchange, contract = self.exchange, listed.terms.contract
        if not isinstance(exchange, FedExchange):
            return
        if isinstance(contract, FxPair):
            exchange.ensure_pair_listed(contract)
        else:
            exchange.ensure_listed(contract)


def fed_market(
    feed: Feed,
    *,
    accounts: Iterable[str] = ("DU1000001",),
    start: datetime | None = None,
    seed: int = 0,
    cash: int = 1_000_000,
    models: Models | None = None,
) -> FedMarket:
    """Return a market built on a feed, with currency pairs quoted as IB quotes them.

    Args:
        feed: The source of contracts, hours, bars and rates.
        accounts: The accounts to open.
        start: The exchange's initial time, aware; None uses the feed's default.
        seed: The seed of the exchange's random numbers.
        cash: The initial cash of every account, in USD.
        models: How orders trade; None uses the exchange's defaults.

    Raises:
        InvalidSetting: The data do not cover the initial time.
    """
    feed = QuotedPairs(feed)
    exchange = FedExchange(feed, start_on(feed, start), seed=seed, models=models, rules=HouseRules())
    for account in accounts:
        exchange.open_account(account, {"USD": cash})
    market = FedMarket(exchange, ContractBook(), FeedHistory(feed))
    for code in feed.instruments():
        _add_instrument(market, feed, code)
    for code in feed.fx_codes():
        _add_pair(market, feed, code)
    return market


def _add_instrument(market: FedMarket, feed: Feed, code: str) -> None:
    facts, hours = feed.facts(code), feed.hours(code)
    card = InstrumentCard(
        code,
        facts.broker_code,
        facts.exchange,
        f"{facts.multiplier.normalize():f}",
        facts.description,
        time_zone=hours.market.zone,
        industry=facts.asset_class,
    )
    oldest = market.exchange.now_ns - int(KEPT_AFTER_EXPIRY.total_seconds()) * SECOND
    for one in feed.contracts(code):
        if one.last_trade > oldest:
            since = datetime.combine(one.first_day, datetime.min.time(), timezone.utc)
            market.contracts.add(_terms(one, facts, hours), card, since=since)


def _terms(one: ListedContract, facts: InstrumentFacts, hours: MarketHours) -> ContractTerms:
    return ContractTerms(
        one.contract,
        facts.tick_size,
        currency=facts.currency,
        multiplier=facts.multiplier,
        price_magnifier=facts.price_magnifier,
        sessions=hours,
        expiry=time_of(one.last_trade),
    )


def _add_pair(market: FedMarket, feed: Feed, code: str) -> None:
    rates = feed.fx_rates(code, market.exchange.now_ns)
    if not len(rates):
        return
    pair = FxPair(code)
    hours = market_hours(CURRENCIES)
    card = InstrumentCard(
        code, pair.base, "IDEALPRO", long_name=f"{pair.base} in {pair.quote}", time_zone="America/New_York"
    )
    terms = ContractTerms(pair, fx_tick(float(rates.close[-1])), currency=pair.quote, sessions=hours)
    market.contracts.add(terms, card)
