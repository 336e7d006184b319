"""What trades: its bars in whole ticks, its hours, its end; and spreads, whose bars are made of their legs'."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from brokerkit.spec.contract import FuturesContract, FxPair


@dataclass
class PlainBar:
    """One bar; its prices are whole ticks, its volume may be unknown."""

    start: int
    end: int
    open: int
    high: int
    low: int
    close: int
    volume: int | None = None

    def path(self, first: str) -> Iterator[tuple[int, int]]:
        """Give every tick that the bar visits after its open, each with the turn that it is on the way to."""
        if first == "nearest-first":
            first = "high-first" if self.high - self.open <= self.open - self.low else "low-first"
        extremes = (self.high, self.low) if first == "high-first" else (self.low, self.high)
        price = self.open
        for target in (*extremes, self.close):
            step = 1 if target > price else -1
            while price != target:
                price += step
                yield price, target


@dataclass(eq=False)
class PlainContract:
    """A contract or a pair.

    Attributes:
        point: Money that a lot gains when the price rises by 1.
        sessions: Opening and closing times, one after another.
        bars: By the instant at which they start.
        left: Lots that can still fill in the bar under way.
        opened: When the last bar began whose open was traded.
    """

    spec: FuturesContract | FxPair
    number: int
    tick: Fraction
    currency: str
    point: Fraction
    sessions: list[tuple[int, int]]
    initial: Fraction = Fraction(0)
    maintenance: Fraction = Fraction(0)
    refuses: bool = False
    expiry: int | None = None
    settlement: Fraction | None = None
    bars: dict[int, PlainBar] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    until: dict[int, PlainBar] = field(default_factory=dict)
    left: int = 0
    opened: int = -1
    expired: bool = False

    @property
    def base(self) -> str | None:
        """The first currency of a pair."""
        return self.spec.base if isinstance(self.spec, FxPair) else None

    def give(self, bar: PlainBar) -> None:
        """Give it one bar more."""
        self.bars[bar.start] = self.until[bar.end] = bar
        self.starts.append(bar.start)
        self.ends.append(bar.end)

    def last_bar(self, now: int) -> PlainBar | None:
        """Return the last bar that ended by an instant."""
        passed = bisect_right(self.ends, now)
        return self.until[self.ends[passed - 1]] if passed else None

    def last_price(self, now: int) -> Fraction | None:
        """Return the close of the last bar that ended by an instant; in the first bar there is, its open."""
        last = self.last_bar(now)
        if last is not None:
            return last.close * self.tick
        first = self.bars[self.starts[0]] if self.starts else None
        return None if first is None or not self.has_opened(first, now) else first.open * self.tick

    def has_opened(self, bar: PlainBar, now: int) -> bool:
        """Return whether a bar's open has been traded, at an instant at which it may begin."""
        return bar.start < now or (bar.start == now and self.opened == now)

    def is_open(self, now: int) -> bool:
        """Return whether a session is under way."""
        return any(opening <= now < closing for opening, closing in self.sessions)

    def opening_of(self, closing: int) -> int:
        """Return when the session opened that closes at an instant."""
        return next(opening for opening, end in self.sessions if end == closing)


@dataclass(eq=False)
class PlainSpread:
    """Several legs at once. It has a price at the opens and closes of bars that start together, and no other.

    It keeps the hours of its first leg, and ends with the first of its legs that ends.
    """

    spec: FuturesContract
    legs: list[tuple[PlainContract, int]]
    left: int = 0

    @property
    def first(self) -> PlainContract:
        """Its first leg."""
        return self.legs[0][0]

    @property
    def tick(self) -> Fraction:
        """The smallest of its legs'."""
        return min(leg.tick for leg, _ in self.legs)

    @property
    def sessions(self) -> list[tuple[int, int]]:
        """Those of its first leg."""
        return self.first.sessions

    @property
    def refuses(self) -> bool:
        """As its first leg does."""
        return self.first.refuses

    @property
    def expired(self) -> bool:
        """Whether a leg has ended."""
        return any(leg.expired for leg, _ in self.legs)

    def is_open(self, now: int) -> bool:
        """Return whether its first leg's market is open."""
        return self.first.is_open(now)

    def opening_of(self, closing: int) -> int:
        """Return when the first leg's session opened."""
        return self.first.opening_of(closing)

    def bar_from(self, start: int) -> PlainBar | None:
        """Return the bar that starts at an instant, if every leg has one that does."""
        if any(start not in leg.bars for leg, _ in self.legs):
            return None
        parts = [(leg.bars[start], ratio) for leg, ratio in self.legs]
        first, last = (sum(getattr(bar, name) * ratio for bar, ratio in parts) for name in ("open", "close"))
        volumes = [bar.volume // abs(ratio) for bar, ratio in parts if bar.volume is not None]
        end = max(bar.end for bar, _ in parts)
        return PlainBar(start, end, first, max(first, last), min(first, last), last, min(volumes, default=None))

    def bar_until(self, end: int) -> PlainBar | None:
        """Return the bar that ends at an instant, if its legs' started together."""
        for leg, _ in self.legs:
            if end in leg.until:
                whole = self.bar_from(leg.until[end].start)
                if whole is not None and whole.end == end:
                    return whole
        return None

    def last_bar(self, now: int) -> PlainBar | None:
        """Return the last bar that ended by an instant."""
        ended = self.first.ends[: bisect_right(self.first.ends, now)]
        for end in reversed(ended):
            whole = self.bar_from(self.first.until[end].start)
            if whole is not None and whole.end <= now:
                return whole
        return None

    def last_price(self, now: int) -> Fraction | None:
        """Return the close of the last bar that ended by an instant; in the first bar there is, its open."""
        last = self.last_bar(now)
        if last is not None:
            return last.close * self.tick
        first = next((bar for start in self.first.starts if (bar := self.bar_from(start)) is not None), None)
        return None if first is None or not self.first.has_opened(first, now) else first.open * self.tick
