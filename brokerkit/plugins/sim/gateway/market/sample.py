"""A small synthetic market, generated from a seed, for trying the gateway and testing against it."""

from __future__ import annotations

import calendar
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from random import Random

import attrs
import numpy as np

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Models, PerLot, WeeklyHours
from brokerkit.plugins.sim.exchange.units import SECOND, nanoseconds
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.market import Market
from brokerkit.spec.contract import FuturesContract, FxPair

SAMPLE_START = datetime(2023, 11, 29, tzinfo=timezone.utc)
_DAYS_BEFORE, _DAYS_AFTER = 3, 3


@attrs.frozen
class _Sample:
    """One instrument of the sample market."""

    card: InstrumentCard
    currency: str
    multiplier: str
    magnifier: int
    tick: str
    price: float
    margin: int
    months: tuple[str, ...]


_QUARTERS = ("202312", "202403", "202406")
_CHICAGO, _NEW_YORK = "America/Chicago", "America/New_York"
_FUTURES = (
    _Sample(
        InstrumentCard("EDOLLAR", "GE", "CME", "2500", "GLOBEX Euro-Dollar", time_zone=_CHICAGO),
        *("USD", "2500", 1, "0.005", 95.0, 500, _QUARTERS),
    ),
    _Sample(
        InstrumentCard("GOLD", "GC", "COMEX", "100", "Gold", time_zone=_NEW_YORK),
        *("USD", "100", 1, "0.1", 2040.0, 9000, ("202312", "202402", "202404")),
    ),
    _Sample(
        InstrumentCard("CORN", "ZC", "CBOT", "5000", "Corn Futures", time_zone=_CHICAGO),
        *("USD", "5000", 100, "0.25", 475.0, 1500, ("202312", "202403", "202405")),
    ),
    _Sample(
        InstrumentCard("SP500", "ES", "CME", "50", "E-mini S&P 500", time_zone=_CHICAGO),
        *("USD", "50", 1, "0.25", 4550.0, 12000, _QUARTERS),
    ),
    _Sample(
        InstrumentCard("BUND", "GBL", "EUREX", "1000", "Euro Bund (10 Year Bond)", "FGBL", time_zone="Europe/Berlin"),
        *("EUR", "1000", 1, "0.01", 132.0, 3000, _QUARTERS),
    ),
)
_PAIRS = (("EURUSD", 1.09, "0.00005"), ("GBPUSD", 1.26, "0.00005"), ("USDJPY", 147.5, "0.005"))
_PAIR_UNIT = 100_000
"""Units of its first currency in which a pair is traded, so that a currency order of ordinary size fills at once."""


def sample_market(
    *,
    seed: int = 0,
    start: datetime = SAMPLE_START,
    accounts: tuple[str, ...] = ("DU1000001",),
    bar_seconds: int = 60,
    days: int = _DAYS_AFTER,
    days_before: int = _DAYS_BEFORE,
    hours: tuple[int, int] | None = None,
) -> Market:
    """Return a market of five futures, with three months each, and three currency pairs.

    Prices are seeded random walks on the tick grid, by default in bars of a minute for some days before and after
    `start`; futures are always open unless `hours` are given. Every account starts with a million USD.

    Args:
        seed: The seed of the prices.
        start: The exchange's initial time, aware.
        accounts: The accounts to open.
        bar_seconds: The length of a bar.
        days: Days of bars after the start.
        days_before: Days of bars before the start.
        hours: The hours UTC at which futures open and close on weekdays; None keeps them always open.

    Example:
        >>> market = sample_market(days=1)
        >>> len(market.contracts), market.exchange.accounts()
        (18, [('DU1000001', 'USD')])
    """
    exchange = Exchange(start, seed=seed, models=Models(commission=PerLot("2.10")))
    for account in accounts:
        exchange.open_account(account, {"USD": 1_000_000})
    market = Market(exchange)
    times = _starts(start, bar_seconds, (days_before, days))
    for sample in _FUTURES:
        for at, month in enumerate(sample.months):
            first = sample.price * (1 + 0.002 * at)
            bars = _walk(f"{seed}:{sample.card.code}:{month}", times, first, sample.tick, bar_seconds)
            market.list_contract(_terms(sample, month, hours), sample.card, bars)
    for code, price, tick in _PAIRS:
        card = InstrumentCard(code, code[:3], "IDEALPRO", long_name=f"{code[:3]} in {code[3:]}", time_zone=_NEW_YORK)
        terms = ContractTerms(FxPair(code), tick, currency=code[3:], commission=PerLot("0.00002"))
        bars = _walk(f"{seed}:{code}", times, price, tick, bar_seconds, unit=_PAIR_UNIT)
        market.list_contract(terms, card, bars)
    return market


def _starts(start: datetime, bar_seconds: int, days: tuple[int, int]) -> tuple[int, int]:
    before, after = days
    return nanoseconds(start - timedelta(days=before)), (before + after) * 86400 // bar_seconds


def _terms(sample: _Sample, month: str, hours: tuple[int, int] | None) -> ContractTerms:
    sessions = None
    if hours is not None:
        sessions = WeeklyHours({day: [(time(hours[0]), time(hours[1]))] for day in range(5)})
    return ContractTerms(
        FuturesContract(sample.card.code, month),
        sample.tick,
        sample.currency,
        multiplier=sample.multiplier,
        price_magnifier=sample.magnifier,
        initial_margin=sample.margin,
        sessions=sessions,
        expiry=_third_friday(int(month[:4]), int(month[4:])),
    )


def _third_friday(year: int, month: int) -> datetime:
    fridays = [week[4] for week in calendar.monthcalendar(year, month) if week[4]]
    return datetime(year, month, fridays[2], 14, 30, tzinfo=timezone.utc)


def _walk(seed: str, times: tuple[int, int], price: float, tick: str, bar_seconds: int, *, unit: int = 1) -> Bars:
    """Return bars that move up to three ticks each, and stay near a price."""
    first, count = times
    step, random = Decimal(tick), np.random.default_rng(Random(seed).getrandbits(63))
    moves = random.integers(-3, 4, count)
    level = np.empty(count, dtype=np.int64)
    at, home = 0, int(Decimal(str(price)) / step)
    reach = max(home // 50, 20)
    for number, move in enumerate(moves.tolist()):
        at = at + move if abs(at + move) < reach else at - move
        level[number] = home + at
    close = level * float(step)
    opening = np.concatenate(([close[0]], close[:-1]))
    spread = random.integers(0, 4, (2, count)) * float(step)
    decimals = max(-int(step.as_tuple().exponent), 0)
    columns = (opening, np.maximum(opening, close) + spread[0], np.minimum(opening, close) - spread[1], close)
    first_price, high, low, last = (np.round(column, decimals) for column in columns)
    starts = first + np.arange(count, dtype=np.int64) * (bar_seconds * SECOND)
    volume = random.integers(200, 2000, count) * unit
    return Bars.of(starts, first_price, high, low, last, volume, length=bar_seconds * SECOND)
