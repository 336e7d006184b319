"""The market that every engine trades on, and the cases; a peer is run as `python -m bench.exchange_<peer> CASE`."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import attrs
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
TICK = 0.01
START_NS = 1_672_617_600_000_000_000
MINUTE_NS = 60_000_000_000


@attrs.frozen
class Case:
    """What is traded: how many bars, how many orders on each, market or limit ('' for none).

    The clock stops at each bar, or goes over all of them in one step, which only brokerkit's can.
    """

    bars: int
    orders_a_bar: int
    kind: str
    one_step: bool = False

    @property
    def orders(self) -> int:
        """How many orders are sent: none on the last bar, which nothing would fill."""
        return (self.bars - 1) * self.orders_a_bar


CASES = {
    "market": Case(20_000, 1, "market"),
    "limit": Case(20_000, 1, "limit"),
    "ten": Case(2_000, 10, "market"),
    "quiet": Case(100_000, 0, ""),
    "jump": Case(100_000, 0, "", one_step=True),
}


@attrs.frozen
class Walk:
    """One-minute bars: close a seeded walk of -3 to +3 ticks, open the close before, high and low five ticks beyond."""

    time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]


def walk(bars: int, seed: int = 1) -> Walk:
    """Return so many bars of the walk, around 100."""
    draw = Random(seed)
    steps = np.array([draw.randint(-3, 3) for _ in range(bars)])
    close = 10_000 + np.cumsum(steps)
    first = np.concatenate([[10_000], close[:-1]])
    high, low = np.maximum(first, close) + 5, np.minimum(first, close) - 5
    time_ns = START_NS + np.arange(bars) * MINUTE_NS
    prices = [np.round(column * TICK, 2) for column in (first, high, low, close)]
    return Walk(time_ns, prices[0], prices[1], prices[2], prices[3], np.full(bars, 1000.0))


def report(run: Callable[[Case], tuple[float, int]]) -> None:
    """Run the case named on the command line, and print seconds and fills as JSON."""
    seconds, fills = run(CASES[sys.argv[1]])
    print(json.dumps({"seconds": seconds, "fills": fills}))


def timed(action: Callable[[], object]) -> float:
    """Return the seconds of processor time that an action takes: what else the machine does counts less so.

    The garbage of starting up is collected before, for every engine, so that nobody pays for it by chance.
    """
    gc.collect()
    began = time.process_time()
    action()
    return time.process_time() - began
