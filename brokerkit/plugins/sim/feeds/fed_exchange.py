"""An exchange that a feed fills: contracts are listed on first use, and bars are added ahead of the clock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np

from brokerkit.errors import RequestTimedOut
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, LiveOrder, Models, PerLot
from brokerkit.plugins.sim.exchange.exchange import Number
from brokerkit.plugins.sim.feeds.bars import DAY, SECOND, Bars, joined, no_bars, to_datetime
from brokerkit.plugins.sim.feeds.chain import find_contract, untraded_pair
from brokerkit.plugins.sim.feeds.crosses import cross_bars
from brokerkit.plugins.sim.feeds.feed import Feed, InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, market_hours
from brokerkit.plugins.sim.feeds.house_rules import HouseRules
from brokerkit.plugins.sim.feeds.rates import fx_tick, pairs_between
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.prices import Frequency
from brokerkit.spec.timeout import seconds_of

AHEAD = 3 * DAY
HOUR = 3600 * SECOND
LOOK_BACK = (HOUR, 7 * DAY)
"""How far back to look for a last price: the near past first, because that is cheaper."""


class FedExchange(Exchange):
    """An exchange whose contracts, hours and bars come from a feed.

    `ensure_listed` lists a contract; from then on its bars are added before the clock reaches
    them, whatever moves the clock. A contract in a currency other than the base currency also lists the
    currency pairs that its margin needs.

    Args:
        feed: The source of the data.
        start: The clock's initial time.
        seed: The seed of the exchange's random numbers.
        models: How orders trade.
        rules: The simulated broker's requirements.
        state: A file to keep all state in; see `Exchange`. `list_again` restores what it holds.
        origin: What a new state file records about how the simulation was created; see `Exchange`.
        execution_prefix: The prefix of every execution id, before its number.

    Attributes:
        feed: The source of the data.
        rules: The simulated broker's requirements.
    """

    def __init__(
        self,
        feed: Feed,
        start: datetime | int,
        *,
        seed: int = 0,
        models: Models | None = None,
        rules: HouseRules | None = None,
        state: Path | None = None,
        origin: Mapping[str, str] | None = None,
        execution_prefix: str = "E",
    ) -> None:
        super().__init__(start, seed=seed, models=models, state=state, origin=origin, execution_prefix=execution_prefix)
        self.feed = feed
        self.rules = rules or HouseRules()
        self._known: dict[FuturesContract, ListedContract] = {}
        self._filled_to: dict[FuturesContract | FxPair, int] = {}
        self._own: set[FuturesContract | FxPair] = set()
        self._fed_until = self.now_ns
        self._feeding = threading.RLock()

    # -- listing -------------------------------------------------------------------------

    def ensure_listed(self, contract: FuturesContract) -> ListedContract:
        """List a single contract unless it is already listed, and return the feed's facts about it.

        Raises:
            InvalidArgument: It is a spread.
            MissingInstrument: No such instrument.
            MissingContract: No such contract.
            AmbiguousContract: Several contracts match.
        """
        known = self._known.get(contract)
        if known is None:
            with self._feeding:
                known = find_contract(self.feed, contract)
                if known.contract not in self._filled_to:
                    self._list(known)
                self._known[contract] = known
        return known

    def list_own(self, terms: ContractTerms) -> None:
        """List a contract, of the feed or not, that trades on bars that the caller adds: the feed adds none.

        Raises:
            InvalidArgument: It is already listed.
        """
        with self._feeding:
            self.list_contract(terms)
            self._own.add(terms.contract)
            self._filled_to[terms.contract] = self._fed_until

    def ensure_pair_listed(self, pair: FxPair) -> None:
        """List a currency pair of the feed, unless it is already listed.

        Raises:
            MissingFxCode: The feed has no such pair.
        """
        with self._feeding:
            if pair.code not in self.feed.fx_codes():
                raise untraded_pair(pair, self.feed.describe(), self.feed.fx_codes())
            self._list_pair(pair)
            for currency in (pair.base, pair.quote):
                self._ensure_rate(currency)

    def open_account(self, name: str, cash: Mapping[str, Number] | None = None, base_currency: str = "USD") -> None:
        """Open an account, and list the pairs that value its money; see `Exchange.open_account`."""
        super().open_account(name, cash, base_currency)
        for currency in cash or {}:
            self._ensure_rate(currency)

    def _ensure_rate(self, currency: str) -> None:
        """List the pair of a currency and the base currency, for margin; derived from a cross if necessary.

        If the feed has no rates, nothing is listed: an order whose margin needs them is refused.
        """
        base = self.rules.base_currency
        with self._feeding:
            pairs = pairs_between(currency, base, self.feed.fx_codes())
            if pairs:
                self._list_pair(FxPair(pairs[0] if len(pairs) == 1 else currency + base))

    def _list_pair(self, pair: FxPair) -> None:
        if pair in self._filled_to:
            return
        last = self._last_bars(pair)
        tick = fx_tick(float(last.close[-1]) if len(last) else 1.0)
        self.list_contract(ContractTerms(pair, tick, currency=pair.quote, sessions=market_hours(CURRENCIES)))
        self._fill(pair)

    def list_again(self) -> None:
        """List every contract that has orders or positions in the state file.

        Raises:
            NotFound: The file was written with other data.
        """
        for contract in self.kept_contracts():
            if isinstance(contract, FxPair):
                self.ensure_pair_listed(contract)
            else:
                self.ensure_listed(contract)

    def _list(self, listed: ListedContract) -> None:
        facts = self.feed.facts(listed.contract.instrument_code)
        self._ensure_rate(facts.currency)
        margin = self._initial_margin(listed, facts)
        self.list_contract(
            ContractTerms(
                listed.contract,
                facts.tick_size,
                currency=facts.currency,
                multiplier=facts.multiplier,
                price_magnifier=facts.price_magnifier,
                initial_margin=margin,
                maintenance_margin=(margin * self.rules.maintenance_percent / 100).quantize(Decimal(1)),
                commission=PerLot(facts.commission),
                sessions=self.feed.hours(facts.code),
                outside_hours=self.rules.outside_hours,
                expiry=to_datetime(listed.last_trade),
            )
        )
        self._fill(listed.contract)

    def _initial_margin(self, listed: ListedContract, facts: InstrumentFacts) -> Decimal:
        """Return a percentage of a lot's value at the last known price, in whole units of its currency."""
        known = self._last_bars(listed.contract)
        if not len(known):
            known = self.feed.bars(listed.contract, Frequency.DAY, 0, self.now_ns)
        price = abs(float(known.close[-1])) if len(known) else 0.0
        worth = Decimal(str(price)) * facts.point_size
        return max((worth * self.rules.margin_percent / 100).quantize(Decimal(1), ROUND_HALF_UP), Decimal(1))

    # -- bars ----------------------------------------------------------------------------

    def _bars(self, contract: FuturesContract | FxPair, start: int, end: int) -> Bars:
        if isinstance(contract, FuturesContract):
            return self.feed.execution_bars(contract, start, end)
        if contract.code in self.feed.fx_codes():
            return self.feed.fx_execution_bars(contract.code, start, end)
        return cross_bars(self.feed, contract, start, end)

    def _last_bars(self, contract: FuturesContract | FxPair) -> Bars:
        """Return the last bars of the near past that are complete; there may be none."""
        now = self.now_ns
        for back in LOOK_BACK:
            found = self._bars(contract, now - back, now).known_by(now)
            if len(found):
                return found
        return no_bars()

    def _fill(self, contract: FuturesContract | FxPair) -> None:
        """Add a new contract's last bar, and its bars up to where the other contracts have theirs."""
        if self._fed_until < self.now_ns + DAY:
            self.feed_until(self.now_ns + AHEAD)  # the other contracts' bars too
        last = self._last_bars(contract).part(slice(-1, None))
        start = int(last.end[0]) if len(last) else self.now_ns
        self._filled_to[contract] = self._fed_until
        self._give(contract, joined([last, self._bars(contract, start, self._fed_until)]))

    def _give(self, contract: FuturesContract | FxPair, bars: Bars) -> None:
        if len(bars):
            self.add_bars(contract, *_for_exchange(bars), length=bars.end - bars.time)

    def feed_until(self, until: int) -> None:
        """Add every listed contract's bars that start before a time, nanoseconds UTC."""
        with self._feeding:
            if until > self._fed_until:
                for contract, filled in list(self._filled_to.items()):
                    if contract not in self._own:
                        self._give(contract, self._bars(contract, filled, until))
                    self._filled_to[contract] = until
                self._fed_until = until  # only now: until then no other thread moves the clock past it

    def _feed_past(self, time: int) -> None:
        """Add bars up to long after a time, unless they reach it: a feed may make a whole day for a single bar."""
        if self._fed_until < time:
            self.feed_until(time + AHEAD)

    # -- clock ---------------------------------------------------------------------------

    def reach(self, time: int) -> None:
        """Move the clock to a time, and trade everything up to it; see `Exchange.reach`."""
        while self._fed_until < time:
            super().reach(min(self._fed_until, time))
            self.feed_until(min(self._fed_until + AHEAD, time + AHEAD))
        super().reach(time)

    def advance(self, bars: int = 1) -> bool:
        """Move the clock to the end of the next bar of any listed contract; see `Exchange.advance`."""
        return all(self._advance_one() for _ in range(bars))

    def _advance_one(self) -> bool:
        self._feed_past(self.now_ns + AHEAD)
        last = max((one.last_trade for one in self._known.values()), default=self.now_ns)
        while not super().advance(1):
            if self._fed_until >= last:
                return False
            self.feed_until(self._fed_until + AHEAD)
        return True

    def run(self) -> None:
        """Move the clock to the end of the last listed contract, and trade everything."""
        last = max((one.last_trade for one in self._known.values()), default=self.now_ns)
        if last > self.now_ns:
            self.reach(last)

    def let_pass(self, time: timedelta) -> None:
        """Let time pass: move the clock, or wait for one that runs by itself."""
        target = self.now_ns + int(time.total_seconds() * SECOND)
        if self.driven:
            self.wait_for_clock(lambda: self.now_ns >= target)
        else:
            self.reach(target)

    def wait(self, live: LiveOrder, timeout: float = 60.0) -> BrokerOrder:
        """Wait until an order is final, and return its view; a clock that does not run by itself is moved.

        Raises:
            RequestTimedOut: It was not final within `timeout` seconds of this clock.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
            BrokerClosed: The broker was closed, or this is a forked child.
        """
        timeout = seconds_of(timeout)
        if self.driven or self.is_over:
            return super().wait(live, timeout)
        deadline = self.now_ns + int(timeout * SECOND)
        while not live.is_final and self.now_ns + AHEAD < deadline:
            self._wait_for_bars(live)
        self._feed_past(deadline + SECOND)
        return super().wait(live, max(deadline - self.now_ns, 0) / SECOND)

    def _wait_for_bars(self, live: LiveOrder) -> None:
        """Wait for an order as long as there are certainly bars."""
        target = self.now_ns + AHEAD
        self._feed_past(target + SECOND)
        try:
            super().wait(live, AHEAD / SECOND)
        except RequestTimedOut:
            self.reach(target)


def _for_exchange(bars: Bars) -> tuple[object, ...]:
    """Return the columns for the exchange; volumes that are all unknown are None."""
    volume = None if bool(np.isnan(bars.volume).all()) else bars.volume
    return bars.time, bars.open, bars.high, bars.low, bars.close, volume
