"""Generated price paths: the same numbers for a seed in any process, daily bars first, shorter ones inside them."""

from __future__ import annotations

from zlib import crc32

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.plugins.sim.feeds.bars import Floats

Ticks = NDArray[np.int64]

TRADING_DAYS = 252
_PULL = 0.004
_INTRADAY_SPREAD = 0.35


def generator(seed: int, *labels: str | int) -> np.random.Generator:
    """Return a random generator that depends only on a seed and some labels."""
    words = [crc32(label.encode()) if isinstance(label, str) else label for label in labels]
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([seed, *words])))


@attrs.frozen(eq=False)
class DailyShape:
    """Generated days, as distances from the level that the price wanders around: shares of it, or points.

    A day's range is separate, so that a contract's high and low never cut off its open or close.
    """

    open: Floats
    close: Floats
    above: Floats
    below: Floats


def daily_shape(random: np.random.Generator, days: int, volatility: float) -> DailyShape:
    """Return a path of so many days that starts near its level and is pulled back to it."""
    step = volatility / TRADING_DAYS**0.5
    moves = random.standard_normal(days) * step
    gaps = random.standard_normal(days) * step * 0.25
    above, below = np.abs(random.standard_normal((2, days))) * step * 0.4
    close = np.empty(days)
    level = 0.0
    for at, move in enumerate(moves.tolist()):
        level += move - _PULL * level
        close[at] = level
    before = np.concatenate(([0.0], close[:-1]))
    return DailyShape(before + gaps, close, above, below)


@attrs.frozen(eq=False)
class TickBars:
    """Open, high, low and close in whole ticks, and volume in lots, as arrays of equal shape."""

    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Ticks


@attrs.frozen(eq=False)
class Noise:
    """The random part of the prices inside bars, of shape (bars, pieces)."""

    steps: Floats
    wiggles: Floats
    shares: Floats


def noise(random: np.random.Generator, shape: tuple[int, ...]) -> Noise:
    """Draw the noise of one bar, or of several, with so many pieces each."""
    drawn = random.standard_normal((3, *shape))
    return Noise(drawn[0], np.abs(drawn[1]), np.exp(0.5 * drawn[2]))


def stacked(parts: list[Noise]) -> Noise:
    """Return the noise of several bars as one."""
    return Noise(*(np.stack([getattr(part, name) for part in parts]) for name in ("steps", "wiggles", "shares")))


def refined(bars: TickBars, inside: Noise, activity: Floats) -> TickBars:
    """Split bars into pieces, and return them as arrays of shape (bars, pieces).

    A bar's first piece opens at its open, and its last closes at its close; the highest and the lowest
    of them reach its high and its low, and their volumes add up to its volume.

    Args:
        bars: The bars to split.
        inside: The noise inside them.
        activity: The share of a bar's volume in each piece, of any total.
    """
    pieces = inside.steps.shape[1]
    first, last = bars.open[:, None].astype(float), bars.close[:, None].astype(float)
    high, low = bars.high[:, None], bars.low[:, None]
    walk = np.concatenate((np.zeros((len(bars.open), 1)), np.cumsum(inside.steps, axis=1)), axis=1) / pieces**0.5
    passed = np.linspace(0.0, 1.0, pieces + 1)
    reach = (high - low) * _INTRADAY_SPREAD
    path = first + (last - first) * passed + (walk - walk[:, -1:] * passed) * reach
    points = np.rint(_fitted(path, np.maximum(first, last), np.minimum(first, last), high, low)).astype(np.int64)
    opens, closes = points[:, :-1], points[:, 1:]
    wiggle = np.rint(inside.wiggles * reach / pieces**0.5).astype(np.int64)
    highs = np.minimum(np.maximum(opens, closes) + wiggle, high)
    lows = np.maximum(np.minimum(opens, closes) - wiggle[:, ::-1], low)
    rows = np.arange(len(points))
    highs[rows, np.argmax(highs, axis=1)] = bars.high
    lows[rows, np.argmin(lows, axis=1)] = bars.low
    return TickBars(opens, highs, lows, closes, _volumes(bars.volume, inside.shares * activity))


def _fitted(path: Floats, top: Floats, bottom: Floats, high: Ticks, low: Ticks) -> Floats:
    """Scale what is above the higher, and below the lower, of open and close so that it meets high and low."""
    highest, lowest = path.max(axis=1, keepdims=True), path.min(axis=1, keepdims=True)
    up = np.where(highest > top, (high - top) / np.where(highest > top, highest - top, 1.0), 0.0)
    down = np.where(lowest < bottom, (bottom - low) / np.where(lowest < bottom, bottom - lowest, 1.0), 0.0)
    return np.where(path > top, top + (path - top) * up, np.where(path < bottom, bottom - (bottom - path) * down, path))


def _volumes(totals: Ticks, weights: Floats) -> Ticks:
    """Split whole lots by weights, without losing any to rounding."""
    reached = np.cumsum(weights, axis=1)
    bounds = np.floor(totals[:, None] * (reached / reached[:, -1:]) + 1e-9).astype(np.int64)
    bounds[:, -1] = totals
    return np.diff(bounds, axis=1, prepend=0)


def u_shape(pieces: int) -> Floats:
    """Return activity that is high at the start and the end, and low in between.

    Example:
        >>> [round(float(share), 2) for share in u_shape(5)]
        [1.5, 0.75, 0.5, 0.75, 1.5]
    """
    place = np.linspace(-1.0, 1.0, pieces) if pieces > 1 else np.zeros(1)
    shape: Floats = 0.5 + place**2
    return shape
