"""An instrument's tick size, inferred from its prices if no table has it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from brokerkit.plugins.sim.feeds.bars import Floats

_SHARE_ON_GRID = 0.98
_ROUNDING = 1e-12
_BINARY = tuple(Decimal(1) / Decimal(2**power) for power in range(2, 9))
_DECIMAL = tuple(Decimal(step).scaleb(power) for power in range(3, -9, -1) for step in ("5", "2.5", "2", "1"))

CANDIDATES = tuple(sorted({*_BINARY, *_DECIMAL}, reverse=True))
"""The candidate ticks, largest first: 1, 2, 2.5 and 5 times a power of ten, and 1/4 to 1/256."""

SMALLEST = CANDIDATES[-1]


def inferred_tick(prices: Floats) -> Decimal:
    """Return the largest candidate tick of which nearly all prices are whole multiples.

    Two prices in a hundred may be off it, because published prices include averages and errors.
    Without a price it is 0.01.

    Args:
        prices: Finite prices in quoted units; more prices give a more reliable result.

    Example:
        >>> import numpy as np
        >>> inferred_tick(np.array([480.25, 480.5, 481.0, 482.75]))
        Decimal('0.25')
    """
    if not len(prices):
        return Decimal("0.01")
    return next((tick for tick in CANDIDATES if _share_on(prices, tick) >= _SHARE_ON_GRID), SMALLEST)


def _share_on(prices: Floats, tick: Decimal) -> float:
    steps = prices / float(tick)
    return float((np.abs(steps - np.rint(steps)) <= _ROUNDING * np.abs(steps)).mean())


def on_grid(prices: Floats, tick: Decimal) -> Floats:
    """Return each price rounded to the nearest multiple of a tick, as the float nearest to its decimal."""
    exact = Fraction(tick)
    found: Floats = np.rint(prices / float(tick)) * exact.numerator / exact.denominator
    return found
