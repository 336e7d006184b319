"""Which of several contracts of one month is the month's own, where weeklies and dailies share it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import attrs

_MONTHLY_SYMBOL = re.compile(r"[A-Z0-9]*?[A-Z]{1,4}[FGHJKMNQUVXZ]\d{1,2}")
_WEEKLY_SYMBOL = re.compile(r"[A-Z]+\d{2}[FGHJKMNQUVXZ]\d{1,2}")


@attrs.frozen
class Candidate:
    """What a rule may look at.

    Attributes:
        local_symbol: The exchange's own symbol of the contract.
        expiry: Its last trading day.
    """

    local_symbol: str
    expiry: date


def _is_monthly_symbol(candidate: Candidate) -> bool:
    """Tell `VXF6`, a month, from `VX02F6`, the second week of one."""
    symbol = candidate.local_symbol.replace(" ", "")
    return _MONTHLY_SYMBOL.fullmatch(symbol) is not None and _WEEKLY_SYMBOL.fullmatch(symbol) is None


def _is_not_daily(candidate: Candidate) -> bool:
    """Tell a month from a daily, whose symbol ends in a D."""
    return not candidate.local_symbol.rstrip().endswith("D")


def _is_third_wednesday(candidate: Candidate) -> bool:
    return candidate.expiry.weekday() == 2 and 15 <= candidate.expiry.day <= 21


RULES: dict[str, Callable[[Candidate], bool]] = {
    "monthly-symbol": _is_monthly_symbol,
    "not-daily": _is_not_daily,
    "third-wednesday": _is_third_wednesday,
}
"""Each rule says of a contract whether it is its month's own."""


def rule_for_pysystemtrade(code: str, *, ignore_weekly: bool) -> str:
    """Return the rule that fits an instrument of pysystemtrade's table; empty for none.

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
