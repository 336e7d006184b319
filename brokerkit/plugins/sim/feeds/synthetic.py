"""The synthetic feed: a generated world of futures and currencies, the same for a seed in any process."""

from __future__ import annotations

from datetime import date, datetime, timezone

import attrs
import numpy as np

from brokerkit.errors import MissingContract
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import Bars
from brokerkit.plugins.sim.feeds.catalogue import CURRENCY_RECIPES, RECIPES, Recipe
from brokerkit.plugins.sim.feeds.chain import missing_fx_code, missing_instrument
from brokerkit.plugins.sim.feeds.expiry import KNOWN_RULES, months_of
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, MarketHours, market_hours, market_of
from brokerkit.plugins.sim.feeds.rates import fx_tick
from brokerkit.plugins.sim.feeds.synthetic_days import (
    WORLD_END,
    WORLD_START,
    Daily,
    Walk,
    World,
    contract_days,
    daily_bars,
    make_world,
    pair_days,
)
from brokerkit.plugins.sim.feeds.synthetic_intraday import InsideDays
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

EARLIEST_START = datetime(2011, 1, 1, tzinfo=timezone.utc)
LATEST_START = datetime(2027, 6, 30, tzinfo=timezone.utc)
DEFAULT_START = datetime(2023, 3, 8, 15, tzinfo=timezone.utc)
"""A Wednesday, nine in the morning in Chicago."""


class SyntheticFeed:
    """A generated world from 2010 to 2027. Nothing is computed until it is needed.

    Prices wander around realistic levels and are pulled back to them; all contracts of an instrument
    follow the same path, apart from their carry. Daily bars are generated first, and shorter ones inside
    them: the hours of a day's bars give exactly its open, high, low, close and volume.

    Bars shorter than a day reach back 260 sessions from the requested end, bars of seconds 3 sessions.

    Args:
        seed: Each seed gives a different history of the same world.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._inside = InsideDays(seed)
        self._worlds: dict[str, World] = {}
        self._chains: dict[str, tuple[ListedContract, ...]] = {}
        self._listed: dict[FuturesContract, ListedContract] = {}
        self._dailies: dict[FuturesContract | str, Daily] = {}

    @property
    def default_start(self) -> int:
        """Wednesday 8 March 2023, 15:00 UTC: markets in Chicago, New York, London and Frankfurt are open."""
        return nanoseconds(DEFAULT_START)

    @property
    def span(self) -> tuple[int, int]:
        """From the start of 2011, when there is a year of history, to the middle of 2027."""
        return nanoseconds(EARLIEST_START), nanoseconds(LATEST_START)

    def describe(self) -> str:
        """Return `synthetic`, with the seed if it is not 0."""
        return f"synthetic, seed {self._seed}" if self._seed else "synthetic"

    def instruments(self) -> tuple[str, ...]:
        """Return the codes of all instruments, in alphabetical order."""
        return tuple(sorted(RECIPES))

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return an instrument's facts."""
        return self._recipe(instrument_code).facts

    def hours(self, instrument_code: str) -> MarketHours:
        """Return an instrument's trading hours."""
        facts = self.facts(instrument_code)
        return market_hours(market_of(facts.exchange, facts.asset_class))

    def contracts(self, instrument_code: str) -> tuple[ListedContract, ...]:
        """Return every contract of an instrument that expires in the world's years, by date."""
        chain = self._chains.get(instrument_code)
        if chain is None:
            chain = tuple(self._make_chain(self._recipe(instrument_code)))
            self._listed.update((one.contract, one) for one in chain)
            self._chains[instrument_code] = chain
        return chain

    def bars(self, contract: FuturesContract, frequency: Frequency, start: int, end: int) -> Bars:
        """Return the bars that start at or after `start` and are complete by `end`."""
        world, daily = self._world_of(contract), self._daily_of(contract)
        if frequency is Frequency.DAY:
            found = daily_bars(world, daily)
        else:
            found = self._inside.bars(world, daily, frequency, start, end)
        return found.known_by(end).between(start, end)

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has traded for a full day by `end`."""
        listed = self._find(contract)
        return self.hours(contract.instrument_code).close_of(listed.first_day) <= end

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the ten-second bars that start in a stretch of time."""
        return self._inside.tens(self._world_of(contract), self._daily_of(contract), start, end).between(start, end)

    def fx_codes(self) -> tuple[str, ...]:
        """Return the pairs that have rates."""
        return tuple(sorted(CURRENCY_RECIPES))

    def fx_rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily bars of a pair that are complete by `end`."""
        return _without_volume(daily_bars(self._fx_world(fx_code), self._fx_daily(fx_code)).known_by(end))

    def fx_execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return a pair's ten-second bars that start in a stretch of time."""
        found = self._inside.tens(self._fx_world(fx_code), self._fx_daily(fx_code), start, end)
        return _without_volume(found.between(start, end))

    # -- cached data ---------------------------------------------------------------------

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

    def _world_of(self, contract: FuturesContract) -> World:
        code = contract.instrument_code
        world = self._worlds.get(code)
        if world is None:
            recipe, tick = self._recipe(code), self.facts(code).tick_size
            label = recipe.related or code
            walk = Walk(label, recipe.price, recipe.volatility, recipe.carry, recipe.is_rate, tick)
            world = self._worlds[code] = make_world(walk, self.hours(code), self._seed)
        return world

    def _fx_world(self, fx_code: str) -> World:
        world = self._worlds.get(fx_code)
        if world is None:
            recipe = CURRENCY_RECIPES.get(fx_code)
            if recipe is None:
                raise missing_fx_code(fx_code, self.describe(), CURRENCY_RECIPES)
            walk = Walk(fx_code, recipe.rate, recipe.volatility, 0.0, False, fx_tick(recipe.rate))
            world = self._worlds[fx_code] = make_world(walk, market_hours(CURRENCIES), self._seed)
        return world

    def _daily_of(self, contract: FuturesContract) -> Daily:
        daily = self._dailies.get(contract)
        if daily is None:
            listed = self._find(contract)
            volume = RECIPES[contract.instrument_code].volume
            daily = self._dailies[contract] = contract_days(self._world_of(contract), listed, volume, self._seed)
        return daily

    def _find(self, contract: FuturesContract) -> ListedContract:
        self.contracts(contract.instrument_code)
        listed = self._listed.get(contract)
        if listed is None:
            raise MissingContract(f"No contract {contract}.", place=self.describe())
        return listed

    def _fx_daily(self, fx_code: str) -> Daily:
        daily = self._dailies.get(fx_code)
        if daily is None:
            daily = self._dailies[fx_code] = pair_days(self._fx_world(fx_code))
        return daily


def _months_before(year: int, month: int, count: int) -> date:
    index = year * 12 + month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _without_volume(bars: Bars) -> Bars:
    return attrs.evolve(bars, volume=np.full(len(bars), np.nan))
