"""Rules for what the market does: bars, many at a time or one by one, a contract more, and the clock."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from plain_exchange import PlainBar

from exchange_machine.beside import SideBySide
from exchange_machine.hours import BEGIN, MINUTE, SECOND
from exchange_machine.setting import CORN, EURUSD, SILVER, price

Row = tuple[int, int, int, int, int]
"""The gap before a bar, its move, how far it goes beyond both, and its volume."""

moves = st.tuples(st.integers(-6, 6), st.integers(-6, 6), st.integers(0, 5), st.integers(0, 5), st.integers(0, 9))


class WithBars(SideBySide):
    """Gives both sides the same market."""

    def give_history(self) -> None:
        """Give every contract a bar before the start."""
        self._give_all([(0, 0, 1, 1, 9)], with_volume=True, is_early=True)

    @rule(
        rows=st.lists(moves, min_size=1, max_size=6),
        with_volume=st.booleans(),
        skipped=st.sampled_from([0, 0, 2]),
        seconds=st.sampled_from([60, 0, 30, 200]),
    )
    def bars(self, rows: list[Row], with_volume: bool, skipped: int, seconds: int) -> None:
        """Give every contract its next bars, and move the clock into them, or leave it where it is."""
        for contract in self.listed:
            self.cursor[contract] += skipped * MINUTE
        self._give_all(rows, with_volume=with_volume)
        self.advance(self.exchange.now_ns + seconds * SECOND)

    @rule(seed=st.integers(0, 10**6), count=st.sampled_from([5, 20, 90]), calm=st.sampled_from([1, 3]))
    def many_bars(self, seed: int, count: int, calm: int) -> None:
        """Give every contract many bars of a walk, so that what looks ahead has far to look."""
        self._walk(seed, count, calm)

    def come_to_rest(self) -> None:
        """Let what is still on its way trade, or not, and end as the machine does."""
        for seed in range(3):
            self._walk(seed, 6, 3)
            self.advance(self.exchange.now_ns + 5 * MINUTE)
            self.both_are_the_same()
        super().come_to_rest()

    def _walk(self, seed: int, count: int, calm: int) -> None:
        draw = Random(seed)

        def row() -> Row:
            gap = draw.randrange(-2, 3) if draw.random() < 0.2 else 0
            return gap, draw.randrange(-calm, calm + 1), draw.randrange(3), draw.randrange(3), draw.randrange(10)

        self._give_all([row() for _ in range(count)], with_volume=draw.random() < 0.5)

    def _give_all(self, rows: list[Row], *, with_volume: bool, is_early: bool = False) -> None:
        """Give every contract the same rows, each contract beginning with another of them."""
        for at, contract in enumerate(self.listed):
            if contract != EURUSD or self.setting.has_rates:
                turned = rows[at % len(rows) :] + rows[: at % len(rows)]
                self._give(contract, self._bars(contract, turned, with_volume, is_early), is_early=is_early)

    def _bars(self, contract: Any, rows: list[Row], with_volume: bool, is_early: bool) -> list[PlainBar]:
        offset = self.setting.offset(contract)
        earliest = 0 if is_early else -(-(self.exchange.now_ns - offset) // MINUTE) * MINUTE + offset
        start = max(self.cursor[contract], earliest)
        bars: list[PlainBar] = []
        for gap, move, up, down, lots in rows:
            first, volume = self.at[contract] + gap, lots if with_volume else None
            last = self.at[contract] = first + move
            high, low = max(first, last) + up, min(first, last) - down
            if contract == CORN and self.setting.feed == "ticks":
                bars += ticks(start, (first, high, low, last), volume)
            else:
                bars.append(PlainBar(start, start + MINUTE, first, high, low, last, volume))
            start += MINUTE
        self.cursor[contract] = start
        return bars

    def _give(self, contract: Any, bars: list[PlainBar], *, is_early: bool = False) -> None:
        for bar in bars:
            self.plain.contracts[contract].give(bar)
        if self.setting.feed == "one by one" and not is_early:
            self._give_one_by_one(contract, bars)
        else:
            self._give_arrays(contract, bars)

    def give_again(self, contract: Any, bars: list[PlainBar]) -> None:
        """Give the exchange all its bars after a restart; one by one go only those that have not begun."""
        ahead = [bar for bar in bars if bar.start >= self.exchange.now_ns and self.setting.feed == "one by one"]
        if len(ahead) < len(bars):
            self._give_arrays(contract, bars[: len(bars) - len(ahead)])
        self._give_one_by_one(contract, ahead)

    def _give_one_by_one(self, contract: Any, bars: list[PlainBar]) -> None:
        for bar in bars:
            prices = (price(contract, ticks) for ticks in (bar.open, bar.high, bar.low, bar.close))
            self.exchange.add_bar(contract, bar.start, *prices, bar.volume)

    def _give_arrays(self, contract: Any, bars: list[PlainBar]) -> None:
        """Give the exchange bars as arrays, those whose volume is not known apart from the others."""
        first = 0
        for at in range(1, len(bars) + 1):
            if at == len(bars) or (bars[at].volume is None) is not (bars[first].volume is None):
                self._give_array(contract, bars[first:at])
                first = at

    def _give_array(self, contract: Any, bars: list[PlainBar]) -> None:
        names = ("open", "high", "low", "close")
        columns = [[float(price(contract, getattr(bar, name))) for bar in bars] for name in names]
        volumes = None if bars[0].volume is None else [bar.volume for bar in bars]
        begins = [bar.start for bar in bars]
        if bars[0].end - bars[0].start == 1:
            self.exchange.add_ticks(contract, begins, columns[0], volumes)
        else:
            self.exchange.add_bars(contract, begins, *columns, volumes, length=timedelta(minutes=1))

    # -- contracts, and the clock ----------------------------------------------------------------

    @precondition(lambda self: self.is_set_up and SILVER not in self.listed)
    @rule()
    def list_silver(self) -> None:
        """List a contract more, which has no history."""
        self.listed.append(SILVER)
        self.exchange.list_contract(self.setting.terms(SILVER))
        self.plain.list_contract(self.setting.plain_contract(SILVER))
        self.cursor[SILVER] = BEGIN + self.setting.offset(SILVER)

    @rule(seconds=st.integers(0, 150))
    def clock(self, seconds: int) -> None:
        """Move the clock by seconds."""
        self.advance(self.exchange.now_ns + seconds * SECOND)

    @rule(bars=st.sampled_from([1, 1, 2, 5, 30]))
    def clock_by_bars(self, bars: int) -> None:
        """Move the clock to the end of a bar to come."""
        now = self.exchange.now_ns
        ends = sorted({end for one in self.plain.contracts.values() for end in one.ends if end > now})
        assert self.exchange.advance(bars) is bool(ends)
        assert self.exchange.now_ns == (ends[min(bars, len(ends)) - 1] if ends else now)
        if ends:
            self.follow()

    @rule()
    def run_to_the_end(self) -> None:
        """Move the clock to the end of the last bar."""
        ends = [one.ends[-1] for one in self.plain.contracts.values() if one.ends]
        before = self.exchange.now_ns
        self.exchange.run()
        assert self.exchange.now_ns == max(before, *ends)
        if self.exchange.now_ns > before:
            self.follow()


def ticks(start: int, prices: tuple[int, int, int, int], volume: int | None) -> list[PlainBar]:
    """Return four trades in a minute, each a bar of one price that lasts a nanosecond."""
    return [
        PlainBar(start + at * 15 * SECOND, start + at * 15 * SECOND + 1, level, level, level, level, volume)
        for at, level in enumerate(prices)
    ]
