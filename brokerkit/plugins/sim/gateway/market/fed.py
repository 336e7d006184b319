"""A market made of a feed: synthetic data, a folder of bars, or a folder in pysystemtrade's layout."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timezone

import attrs

from brokerkit.plugins.sim.exchange import ContractTerms, Models
from brokerkit.plugins.sim.exchange.units import DAY, SECOND, time_of
from brokerkit.plugins.sim.feeds import Bars as FeedBars
from brokerkit.plugins.sim.feeds import FedExchange, Feed, HouseRules, InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, MarketHours, market_hours
from brokerkit.plugins.sim.feeds.rates import fx_tick
from brokerkit.plugins.sim.feeds.start import start_on
from brokerkit.plugins.sim.gateway.contracts.book import KEPT_AFTER_EXPIRY, ContractBook
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed
from brokerkit.plugins.sim.gateway.market.bars import DAY_SECONDS, Bars, merged
from brokerkit.plugins.sim.gateway.market.market import Market
from brokerkit.plugins.sim.gateway.market.quoted_pairs import QuotedPairs
from brokerkit.spec.contract import FxPair
from brokerkit.spec.prices import Frequency

_LENGTHS = sorted(((int(one.length.total_seconds()), one) for one in Frequency), key=lambda pair: -pair[0])
_AHEAD, _BEHIND = DAY, 4 * DAY
_WINDOWS = 256


def _ours(bars: FeedBars) -> Bars:
    return Bars.of(bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, length=bars.end - bars.time)


class FeedHistory:
    """The past as a feed knows it."""

    version = 0

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._windows: OrderedDict[int, tuple[int, int, Bars]] = OrderedDict()

    def bars(self, listed: Listed, seconds: int, start: int, end: int) -> Bars | None:
        """Return bars of a length between two moments, made of the longest that the feed has and that fit."""
        contract = listed.terms.contract
        if isinstance(contract, FxPair):
            return self._rates(contract, listed, seconds, start, end)
        zone = listed.card.time_zone
        for length, frequency in _LENGTHS:
            if length <= seconds and not seconds % length:
                found = self._feed.bars(contract, frequency, start, end)
                if len(found):
                    bars = _ours(found)
                    return bars if length == seconds else merged(bars, seconds, zone)
        return None

    def _rates(self, pair: FxPair, listed: Listed, seconds: int, start: int, end: int) -> Bars | None:
        if seconds >= DAY_SECONDS:
            daily = _ours(self._feed.fx_rates(pair.code, end)).starting_from(start)
            return daily if seconds == DAY_SECONDS else merged(daily, seconds, listed.card.time_zone)
        found = _ours(self._feed.fx_execution_bars(pair.code, start, end)).ended_between(start, end)
        return merged(found, seconds, listed.card.time_zone) if len(found) else None

    def finest(self, listed: Listed, start: int, end: int) -> Bars:
        """Return the bars that orders trade on between two moments; those of the last days are kept at hand."""
        known = self._windows.get(listed.con_id)
        if known is None or start < known[0] or end > known[1]:
            window = (min(start, end - _BEHIND), end + _AHEAD)
            known = (*window, self._execution(listed, *window))
            self._windows[listed.con_id] = known
            if len(self._windows) > _WINDOWS:
                self._windows.popitem(last=False)
        return known[2].ended_between(start, end)

    def _execution(self, listed: Listed, start: int, end: int) -> Bars:
        contract = listed.terms.contract
        if isinstance(contract, FxPair):
            return _ours(self._feed.fx_execution_bars(contract.code, start, end))
        return _ours(self._feed.execution_bars(contract, start, end))

    def earliest(self, listed: Listed) -> int | None:
        """Return when the first daily bar of a contract starts, or None without any."""
        contract = listed.terms.contract
        far = 1 << 62
        if isinstance(contract, FxPair):
            found = self._feed.fx_rates(contract.code, far)
        else:
            found = self._feed.bars(contract, Frequency.DAY, 0, far)
        return int(found.time[0]) if len(found) else None


@attrs.define(eq=False)
class FedMarket(Market):
    """A market whose contracts come from a feed; one is listed on the exchange once somebody needs it there."""

    def ready(self, listed: Listed) -> None:
        """Have a contract listed on the exchange."""
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
    """Return a market made of a feed, its currency pairs the way round that IB quotes them.

    Args:
        feed: Where contracts, hours, bars and rates come from.
        accounts: The accounts to open.
        start: What the exchange's clock shows first, aware; None takes the feed's own choice.
        seed: Of everything that the exchange draws.
        cash: What every account starts with, in USD.
        models: How orders trade; None takes the exchange's defaults.

    Raises:
        InvalidSetting: The data does not go where the clock is to start.
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
