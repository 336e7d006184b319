"""The synthetic feed: a made-up world of futures and currencies, the same for a seed in any process."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from fractions import Fraction

import attrs
import numpy as np

from brokerkit.errors import MissingContract
from brokerkit.plugins.sim.feeds import paths
from brokerkit.plugins.sim.feeds.bars import (
    MINUTE,
    Bars,
    Floats,
    Times,
    joined,
    length_of,
    no_bars,
    resampled,
    to_datetime,
    to_nanoseconds,
)
from brokerkit.plugins.sim.feeds.catalogue import CURRENCY_RECIPES, RECIPES, Recipe
from brokerkit.plugins.sim.feeds.chain import missing_fx_code, missing_instrument
from brokerkit.plugins.sim.feeds.expiry import KNOWN_RULES, months_of
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, MarketHours, market_hours, market_of
from brokerkit.plugins.sim.feeds.paths import DailyShape, TickBars
from brokerkit.plugins.sim.feeds.rates import fx_tick
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

WORLD_START = date(2010, 1, 4)
WORLD_END = date(2027, 12, 30)
EARLIEST_START = datetime(2011, 1, 1, tzinfo=timezone.utc)
LATEST_START = datetime(2027, 6, 30, tzinfo=timezone.utc)
DEFAULT_START = datetime(2023, 3, 8, 15, tzinfo=timezone.utc)
"""A Wednesday, nine in the morning in Chicago."""

INTRADAY_SESSIONS = 260
SECONDS_SESSIONS = 3
_SECONDS = (Frequency.SECOND, Frequency.SECONDS_10)


@attrs.frozen(eq=False)
class _World:
    """The days of one instrument or pair, and the shape of its prices on them."""

    walk: _Walk
    hours: MarketHours
    days: list[date]
    ordinals: Times
    shape: DailyShape


@attrs.frozen
class _Walk:
    """What a path is made of, whether of an instrument or of a pair."""

    label: str
    price: float
    volatility: float
    carry: float
    is_rate: bool
    tick: Decimal


@attrs.frozen(eq=False)
class _Daily:
    """The daily bars of one contract, in ticks, with the place of each day in its world."""

    places: slice
    ticks: TickBars


class SyntheticFeed:
    """A made-up world from 2010 to 2027. Nothing is computed before it is asked for.

    Prices wander around realistic levels and are pulled back to them; every contract of an instrument
    follows the same path, apart by its carry. Daily bars come first, and shorter ones are made inside
    them: hours of a day's bars give exactly its open, high, low, close and volume.

    Bars shorter than a day reach back 260 sessions, bars of seconds 3 sessions, from the end asked for.

    Args:
        seed: Another seed is another history of the same world.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._worlds: dict[str, _World] = {}
        self._chains: dict[str, tuple[ListedContract, ...]] = {}
        self._listed: dict[FuturesContract, ListedContract] = {}
        self._dailies: dict[FuturesContract | str, _Daily] = {}

    @property
    def default_start(self) -> int:
        """Wednesday 8 March 2023, 15:00 UTC: markets in Chicago, New York, London and Frankfurt are open."""
        return to_nanoseconds(DEFAULT_START)

    @property
    def span(self) -> tuple[int, int]:
        """From the beginning of 2011, when there is a year of history, to the middle of 2027."""
        return to_nanoseconds(EARLIEST_START), to_nanoseconds(LATEST_START)

    def describe(self) -> str:
        """Return `synthetic`, with the seed if it is not 0."""
        return f"synthetic, seed {self._seed}" if self._seed else "synthetic"

    def instruments(self) -> tuple[str, ...]:
        """Return the codes of all instruments, in alphabetical order."""
        return tuple(sorted(RECIPES))

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return what is known of an instrument."""
        return self._recipe(instrument_code).facts

    def hours(self, instrument_code: str) -> MarketHours:
        """Return when an instrument trades."""
        facts = self.facts(instrument_code)
        return market_hours(market_of(facts.exchange, facts.asset_class))

    def contracts(self, instrument_code: str) -> tuple[ListedContract, ...]:
        """Return every contract of an instrument that expires in the world's years, by date."""
        chain = self._chains.get(instrument_code)
        if chain is None:
            chain = self._chains[instrument_code] = tuple(self._make_chain(self._recipe(instrument_code)))
            self._listed.update((one.contract, one) for one in chain)
        return chain

    def bars(self, contract: FuturesContract, frequency: Frequency, start: int, end: int) -> Bars:
        """Return the bars that start at or after `start` and are complete by `end`."""
        world, daily = self._world_of(contract), self._daily_of(contract)
        if frequency is Frequency.DAY:
            found = _daily_bars(world, daily)
        else:
            found = self._intraday(world, daily, frequency, start, end)
        return found.known_by(end).between(start, end)

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has traded for a day by `end`."""
        listed = self._find(contract)
        return self.hours(contract.instrument_code).close_of(listed.first_day) <= end

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the bars of ten seconds that start in a stretch of time."""
        return self._tens(self._world_of(contract), self._daily_of(contract), start, end).between(start, end)

    def fx_codes(self) -> tuple[str, ...]:
        """Return the pairs that have rates."""
        return tuple(sorted(CURRENCY_RECIPES))

    def fx_rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily bars of a pair that are complete by `end`."""
        return _without_volume(_daily_bars(self._fx_world(fx_code), self._fx_daily(fx_code)).known_by(end))

    def fx_execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return the bars of ten seconds of a pair that start in a stretch of time."""
        found = self._tens(self._fx_world(fx_code), self._fx_daily(fx_code), start, end)
        return _without_volume(found.between(start, end))

    # -- what is made once ---------------------------------------------------------------

    def _recipe(self, instrument_code: str) -> Recipe:
        found = RECIPES.get(instrument_code)
        if found is None:
            raise missing_instrument(instrument_code, self.describe(), RECIPES)
        return found

    def _make_chain(self, recipe: Recipe) -> list[ListedContract]:
        code, hours = recipe.facts.code, self.hours(recipe.facts.code)
        chain = []
        for year in range(WORLD_START.year, WORLD_END.year + 1):
            for month in months_of(recipe.cycle):
                expiry = KNOWN_RULES[code](year, month, hours)
                if WORLD_START <= expiry < WORLD_END:
                    first = hours.step(_months_before(year, month, recipe.listed_months), 1)
                    contract = FuturesContract(code, f"{year}{month:02d}")
                    chain.append(ListedContract(contract, max(first, WORLD_START), expiry, hours.close_of(expiry)))
        return chain

    def _world_of(self, contract: FuturesContract) -> _World:
        code = contract.instrument_code
        world = self._worlds.get(code)
        if world is None:
            recipe, tick = self._recipe(code), self.facts(code).tick_size
            label = recipe.related or code
            walk = _Walk(label, recipe.price, recipe.volatility, recipe.carry, recipe.is_rate, tick)
            world = self._worlds[code] = self._make_world(walk, self.hours(code))
        return world

    def _fx_world(self, fx_code: str) -> _World:
        world = self._worlds.get(fx_code)
        if world is None:
            recipe = CURRENCY_RECIPES.get(fx_code)
            if recipe is None:
                raise missing_fx_code(fx_code, self.describe(), CURRENCY_RECIPES)
            walk = _Walk(fx_code, recipe.rate, recipe.volatility, 0.0, False, fx_tick(recipe.rate))
            world = self._worlds[fx_code] = self._make_world(walk, market_hours(CURRENCIES))
        return world

    def _make_world(self, walk: _Walk, hours: MarketHours) -> _World:
        days = hours.trading_dates(WORLD_START, WORLD_END)
        ordinals = np.array(days, dtype="datetime64[D]").astype(np.int64)
        shape = paths.daily_shape(paths.generator(self._seed, walk.label), len(days), walk.volatility)
        return _World(walk, hours, days, ordinals, shape)

    def _daily_of(self, contract: FuturesContract) -> _Daily:
        daily = self._dailies.get(contract)
        if daily is None:
            listed = self._find(contract)
            volume = RECIPES[contract.instrument_code].volume
            daily = self._dailies[contract] = self._make_daily(self._world_of(contract), listed, volume)
        return daily

    def _find(self, contract: FuturesContract) -> ListedContract:
        self.contracts(contract.instrument_code)
        listed = self._listed.get(contract)
        if listed is None:
            raise MissingContract(f"No contract {contract}.", place=self.describe())
        return listed

    def _fx_daily(self, fx_code: str) -> _Daily:
        daily = self._dailies.get(fx_code)
        if daily is None:
            world = self._fx_world(fx_code)
            everything = slice(0, len(world.days))
            volumes = np.zeros(len(world.days), np.int64)
            daily = self._dailies[fx_code] = _Daily(everything, _in_ticks(world, everything, 0.0, volumes))
        return daily

    def _make_daily(self, world: _World, listed: ListedContract, volume: int) -> _Daily:
        first, last = np.searchsorted(world.ordinals, [_ordinal(listed.first_day), _ordinal(listed.expiry)])
        places = slice(int(first), int(last) + 1)
        left = _ordinal(listed.expiry) - world.ordinals[places]
        random = paths.generator(self._seed, "volume", str(listed.contract))
        busy = volume * _popularity(left) * np.exp(0.25 * random.standard_normal(len(left)))
        volumes = np.maximum(np.rint(busy), 1).astype(np.int64)
        return _Daily(places, _in_ticks(world, places, left / 365.0, volumes))

    # -- bars inside days ----------------------------------------------------------------

    def _intraday(self, world: _World, daily: _Daily, frequency: Frequency, start: int, end: int) -> Bars:
        sessions = SECONDS_SESSIONS if frequency in _SECONDS else INTRADAY_SESSIONS
        earliest = world.hours.step(to_datetime(end).date(), -sessions)
        begin = max(start, world.hours.segments_of(earliest)[0][0])
        if frequency is Frequency.SECOND:
            return self._seconds(world, daily, begin, end)
        if frequency is Frequency.SECONDS_10:
            return self._tens(world, daily, begin, end)
        return resampled(self._minutes(world, daily, begin, end), frequency)

    def _days_between(self, world: _World, daily: _Daily, start: int, end: int) -> range:
        """Return the places of the days that may trade in a stretch of time."""
        first, last = (_ordinal(to_datetime(moment).date()) for moment in (start, end))
        low, high = np.searchsorted(world.ordinals, [first - 1, last + 2])
        return range(max(int(low), daily.places.start), min(int(high), daily.places.stop))

    def _minutes(self, world: _World, daily: _Daily, start: int, end: int) -> Bars:
        return self._minutes_of(world, daily, self._days_between(world, daily, start, end))

    def _minutes_of(self, world: _World, daily: _Daily, days: range) -> Bars:
        if not len(days):
            return no_bars()
        pieces = world.hours.market.minutes
        inside = paths.stacked([self._noise(world, place, pieces) for place in days])
        shift = daily.places.start
        chosen = slice(days.start - shift, days.stop - shift)
        ticks = TickBars(*(getattr(daily.ticks, name)[chosen] for name in ("open", "high", "low", "close", "volume")))
        times = np.concatenate([_minute_starts(world.hours, world.days[place]) for place in days])
        return _priced(paths.refined(ticks, inside, paths.u_shape(pieces)), times, MINUTE, world.walk.tick)

    def _split(self, world: _World, place: int, bars: Bars, pieces: int) -> Bars:
        """Return the bars of a day cut into so many pieces each."""
        length = int(bars.end[0] - bars.time[0]) // pieces
        random = paths.generator(self._seed, world.walk.label, int(world.ordinals[place]), pieces)
        inside = paths.noise(random, (len(bars), pieces))
        times = (bars.time[:, None] + np.arange(pieces) * length).ravel()
        ticks = paths.refined(_to_ticks(bars, world.walk.tick), inside, np.ones(pieces))
        return _priced(ticks, times, length, world.walk.tick)

    def _tens(self, world: _World, daily: _Daily, start: int, end: int) -> Bars:
        """Return the bars of ten seconds of the days that trade in a stretch of time."""
        parts = []
        for place in self._days_between(world, daily, start, end):
            opening, closing = world.hours.span_of(world.days[place])
            if closing > start and opening < end:
                parts.append(self._split(world, place, self._minutes_of(world, daily, range(place, place + 1)), 6))
        return joined(parts)

    def _seconds(self, world: _World, daily: _Daily, start: int, end: int) -> Bars:
        parts = []
        for place in self._days_between(world, daily, start, end):
            tens = self._split(world, place, self._minutes_of(world, daily, range(place, place + 1)), 6)
            parts.append(self._split(world, place, tens, 10))
        return joined(parts)

    def _noise(self, world: _World, place: int, pieces: int) -> paths.Noise:
        return paths.noise(paths.generator(self._seed, world.walk.label, int(world.ordinals[place])), (pieces,))


def _ordinal(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _months_before(year: int, month: int, count: int) -> date:
    index = year * 12 + month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _popularity(days_left: Times) -> Floats:
    """Return the share of the front contract's volume that is traded so many days before expiry."""
    rising = np.exp(-np.maximum(days_left - 45, 0) / 60.0)
    falling = np.minimum(1.0, 0.02 + days_left / 14.0)
    share: Floats = rising * falling
    return share


def _in_ticks(world: _World, places: slice, years_left: Floats | float, volumes: Times) -> TickBars:
    """Return a world's days as the daily bars of a contract with so much time left on each."""
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


def _to_ticks(bars: Bars, tick: Decimal) -> TickBars:
    step = float(tick)
    prices = [np.rint(column / step).astype(np.int64) for column in (bars.open, bars.high, bars.low, bars.close)]
    return TickBars(prices[0], prices[1], prices[2], prices[3], bars.volume.astype(np.int64))


def _priced(ticks: TickBars, times: Times, length: int, tick: Decimal) -> Bars:
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


def _daily_bars(world: _World, daily: _Daily) -> Bars:
    time = world.ordinals[daily.places] * length_of(Frequency.DAY)
    found = _priced(daily.ticks, time, 0, world.walk.tick)
    ends = np.array([world.hours.close_of(day) for day in world.days[daily.places]], np.int64)
    return attrs.evolve(found, end=ends)


def _minute_starts(hours: MarketHours, day: date) -> Times:
    return np.concatenate(
        [np.arange(opening, closing, MINUTE, dtype=np.int64) for opening, closing in hours.segments_of(day)]
    )


def _without_volume(bars: Bars) -> Bars:
    return attrs.evolve(bars, volume=np.full(len(bars), np.nan))
