"""The days of the synthetic world: generated daily bars of instruments and currency pairs, in whole ticks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import attrs
import numpy as np

from brokerkit.plugins.sim.feeds import paths
from brokerkit.plugins.sim.feeds.bars import Bars, Floats, Times, length_of
from brokerkit.plugins.sim.feeds.feed import ListedContract
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.paths import DailyShape, TickBars
from brokerkit.spec.prices import Frequency

WORLD_START = date(2010, 1, 4)
WORLD_END = date(2027, 12, 30)


@attrs.frozen
class Walk:
    """The parameters of a path, of an instrument or of a pair; see `Recipe`."""

    label: str
    price: float
    volatility: float
    carry: float
    is_rate: bool
    tick: Decimal


@attrs.frozen(eq=False)
class World:
    """The days of one instrument or pair, and the shape of its prices on them."""

    walk: Walk
    hours: MarketHours
    days: list[date]
    ordinals: Times
    shape: DailyShape


@attrs.frozen(eq=False)
class Daily:
    """The daily bars of one contract, in ticks, with each day's index in its world."""

    places: slice
    ticks: TickBars


@lru_cache(maxsize=64)  # a process that opens many simulations, such as a test run, generates each world once
def make_world(walk: Walk, hours: MarketHours, seed: int) -> World:
    """Return the days of an instrument or pair from 2010 to 2027, with the seed's path of prices."""
    days = hours.trading_dates(WORLD_START, WORLD_END)
    ordinals = np.array(days, dtype="datetime64[D]").astype(np.int64)
    shape = paths.daily_shape(paths.generator(seed, walk.label), len(days), walk.volatility)
    return World(walk, hours, days, ordinals, shape)


def contract_days(world: World, listed: ListedContract, volume: int, seed: int) -> Daily:
    """Return the daily bars of a contract, given the daily volume of its instrument's front contract."""
    first, last = np.searchsorted(world.ordinals, [ordinal(listed.first_day), ordinal(listed.expiry)])
    places = slice(int(first), int(last) + 1)
    left = ordinal(listed.expiry) - world.ordinals[places]
    random = paths.generator(seed, "volume", str(listed.contract))
    busy = volume * _popularity(left) * np.exp(0.25 * random.standard_normal(len(left)))
    volumes = np.maximum(np.rint(busy), 1).astype(np.int64)
    return Daily(places, in_ticks(world, places, left / 365.0, volumes))


def pair_days(world: World) -> Daily:
    """Return the daily bars of a currency pair, without volume."""
    everything = slice(0, len(world.days))
    return Daily(everything, in_ticks(world, everything, 0.0, np.zeros(len(world.days), np.int64)))


def ordinal(day: date) -> int:
    """Return a date as days since 1970."""
    return (day - date(1970, 1, 1)).days


def _popularity(days_left: Times) -> Floats:
    """Return the share of the front contract's volume that trades so many days before expiry."""
    rising = np.exp(-np.maximum(days_left - 45, 0) / 60.0)
    falling = np.minimum(1.0, 0.02 + days_left / 14.0)
    share: Floats = rising * falling
    return share


def in_ticks(world: World, places: slice, years_left: Floats | float, volumes: Times) -> TickBars:
    """Return a world's days as the daily bars of a contract with so much time left on each day."""
    walk, shape = world.walk, world.shape
    first, last, above, below = (part[places] for part in (shape.open, shape.close, shape.above, shape.below))
    carry = walk.carry * years_left
    tick = float(walk.tick)
    if walk.is_rate:
        opens, closes, up, down = walk.price + first - carry, walk.price + last - carry, above, below
    else:
        opens, closes = walk.price * np.exp(first + carry), walk.price * np.exp(last + carry)
        up, down = closes * above, closes * below
    highs, lows = np.maximum(opens, closes) + up, np.minimum(opens, closes) - down
    in_ticks = [np.rint(prices / tick).astype(np.int64) for prices in (opens, highs, lows, closes)]
    return TickBars(in_ticks[0], in_ticks[1], in_ticks[2], in_ticks[3], volumes)


def to_ticks(bars: Bars, tick: Decimal) -> TickBars:
    """Return bars in whole ticks."""
    step = float(tick)
    prices = [np.rint(column / step).astype(np.int64) for column in (bars.open, bars.high, bars.low, bars.close)]
    return TickBars(prices[0], prices[1], prices[2], prices[3], bars.volume.astype(np.int64))


def priced(ticks: TickBars, times: Times, length: int, tick: Decimal) -> Bars:
    """Return tick bars as bars: prices are the floats nearest to their exact decimals."""
    exact = Fraction(tick)

    def prices(column: paths.Ticks) -> Floats:
        found: Floats = column.ravel() * exact.numerator / exact.denominator
        return found

    return Bars(
        times,
        times + length,
        prices(ticks.open),
        prices(ticks.high),
        prices(ticks.low),
        prices(ticks.close),
        ticks.volume.ravel().astype(np.float64),
    )


def daily_bars(world: World, daily: Daily) -> Bars:
    """Return the days of a contract or pair as bars, each known at its market's close."""
    time = world.ordinals[daily.places] * length_of(Frequency.DAY)
    found = priced(daily.ticks, time, 0, world.walk.tick)
    ends = np.array([world.hours.close_of(day) for day in world.days[daily.places]], np.int64)
    return attrs.evolve(found, end=ends)
