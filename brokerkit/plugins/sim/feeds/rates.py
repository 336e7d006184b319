"""Exchange rates: the step they are quoted in, and pairs that lead from one currency to another."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

_HUBS = ("USD", "EUR", "GBP")


def fx_tick(rate: float) -> Decimal:
    """Return the price step of a currency pair, after the size of its rate.

    Example:
        >>> fx_tick(1.2), fx_tick(0.0073)
        (Decimal('0.00005'), Decimal('5E-7'))
    """
    return Decimal("0.00005") if rate > 0.02 else Decimal("0.0000005")


def pairs_between(first: str, second: str, quoted: Collection[str]) -> list[str]:
    """Return the quoted pairs, one or two, by which one currency is changed into another; none when nothing leads there.

    Example:
        >>> pairs_between("GBP", "USD", ["GBPUSD", "EURUSD"]), pairs_between("GBP", "EUR", ["GBPUSD", "EURUSD"])
        (['GBPUSD'], ['GBPUSD', 'EURUSD'])
    """
    direct = _pair(first, second, quoted)
    if direct or first == second:
        return [direct] if direct else []
    currencies = sorted({code[:3] for code in quoted} | {code[3:] for code in quoted}, key=lambda one: (one not in _HUBS, one))
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
