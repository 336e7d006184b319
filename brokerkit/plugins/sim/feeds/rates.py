"""Exchange rates: their price step, and pairs that convert one currency into another."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal

import attrs
import numpy as np

from brokerkit.plugins.sim.feeds.bars import Floats, Times

_HUBS = ("USD", "EUR", "GBP")


def fx_tick(rate: float) -> Decimal:
    """Return the price step of a currency pair, by the size of its rate.

    Example:
        >>> fx_tick(136.5), fx_tick(1.2), fx_tick(0.0073)
        (Decimal('0.005'), Decimal('0.00005'), Decimal('5E-7'))
    """
    if rate > 20:
        return Decimal("0.005")
    return Decimal("0.00005") if rate > 0.02 else Decimal("0.0000005")


def pairs_between(first: str, second: str, quoted: Collection[str]) -> list[str]:
    """Return the one or two quoted pairs that convert one currency into another; none if there is no way.

    Example:
        >>> pairs_between("GBP", "USD", ["GBPUSD", "EURUSD"]), pairs_between("GBP", "EUR", ["GBPUSD", "EURUSD"])
        (['GBPUSD'], ['GBPUSD', 'EURUSD'])
    """
    direct = _pair(first, second, quoted)
    if direct or first == second:
        return [direct] if direct else []
    currencies = sorted(
        {code[:3] for code in quoted} | {code[3:] for code in quoted}, key=lambda one: (one not in _HUBS, one)
    )
    for between in currencies:
        one, other = _pair(first, between, quoted), _pair(between, second, quoted)
        if one and other:
            return [one, other]
    return []


def _pair(first: str, second: str, quoted: Collection[str]) -> str:
    for code in (first + second, second + first):
        if code in quoted:
            return code
    return ""


@attrs.frozen(eq=False)
class RateSeries:
    """Daily rates: session dates at 00:00 as nanoseconds UTC, increasing, and a float64 rate for each."""

    time: Times
    rate: Floats


def derived_rates(fx_code: str, quoted: Collection[str], rates_of: Callable[[str], RateSeries]) -> RateSeries | None:
    """Return the rates of a pair derived from quoted ones; None if they cannot be derived.

    An inverse comes from its pair, a cross from two pairs on the days that both have, and a currency's
    rate to itself is 1.0 on each day that any pair has.
    """
    first, second = fx_code[:3], fx_code[3:]
    if first == second:
        return _ones(quoted, rates_of) if any(first in (code[:3], code[3:]) for code in quoted) else None
    pairs = pairs_between(first, second, quoted)
    if not pairs:
        return None
    result, reached = _towards(first, pairs[0], rates_of)
    for code in pairs[1:]:
        following, reached = _towards(reached, code, rates_of)
        time, here, there = np.intersect1d(result.time, following.time, assume_unique=True, return_indices=True)
        result = RateSeries(time, result.rate[here] * following.rate[there])
    return result


def _towards(currency: str, code: str, rates_of: Callable[[str], RateSeries]) -> tuple[RateSeries, str]:
    """Return a currency's rate in a pair's other currency, and that currency."""
    found = rates_of(code)
    if code[:3] == currency:
        return found, code[3:]
    return RateSeries(found.time, 1.0 / found.rate), code[:3]


def _ones(quoted: Collection[str], rates_of: Callable[[str], RateSeries]) -> RateSeries:
    days = np.unique(np.concatenate([rates_of(code).time for code in quoted]))
    return RateSeries(days, np.ones(len(days)))
