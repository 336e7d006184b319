"""Rules that select the monthly contract where weeklies and dailies share its month."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import attrs

_MONTHLY_SYMBOL = re.compile(r"[A-Z0-9]*?[A-Z]{1,4}[FGHJKMNQUVXZ]\d{1,2}")
_WEEKLY_SYMBOL = re.compile(r"[A-Z]+\d{2}[FGHJKMNQUVXZ]\d{1,2}")


@attrs.frozen
class Candidate:
    """The input of a rule.

    Attributes:
        local_symbol: The exchange's own symbol of the contract.
        expiry: Its last trading day.
    """

    local_symbol: str
    expiry: date


def _is_monthly_symbol(candidate: Candidate) -> bool:
    """Distinguish a monthly contract such as `VXF6` from a weekly such as `VX02F6`."""
    symbol = candidate.local_symbol.replace(" ", "")
    return _MONTHLY_SYMBOL.fullmatch(symbol) is not None and _WEEKLY_SYMBOL.fullmatch(symbol) is None


def _is_not_daily(candidate: Candidate) -> bool:
    """Distinguish a monthly contract from a daily, whose symbol ends in D."""
    return not candidate.local_symbol.rstrip().endswith("D")


def _is_third_wednesday(candidate: Candidate) -> bool:
    return candidate.expiry.weekday() == 2 and 15 <= candidate.expiry.day <= 21


RULES: dict[str, Callable[[Candidate], bool]] = {
    "monthly-symbol": _is_monthly_symbol,
    "not-daily": _is_not_daily,
    "third-wednesday": _is_third_wednesday,
}
"""Each rule returns whether a contract is the monthly one."""


def rule_for_pysystemtrade(code: str, *, ignore_weekly: bool) -> str:
    """Return the rule for an instrument in pysystemtrade's table; empty for none.

    Args:
        code: The instrument's code.
        ignore_weekly: Its flag `IgnoreWeekly`.

    Example:
        >>> rule_for_pysystemtrade("VIX_mini", ignore_weekly=True), rule_for_pysystemtrade("CORN", ignore_weekly=False)
        ('monthly-symbol', '')
    """
    if code.endswith("_LME"):
        return "third-wednesday"
    if code.startswith("MSCI") and ignore_weekly:
        return "not-daily"
    return "monthly-symbol" if ignore_weekly else ""
