"""A contract's last trading day, by the rules of its exchange."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from brokerkit.plugins.sim.feeds.hours import Market, MarketHours, market_hours

ExpiryRule = Callable[[int, int, MarketHours], date]
"""From a contract's year and month, and its market's hours, to its last trading day."""

MONTH_LETTERS = "FGHJKMNQUVXZ"


def months_of(cycle: str) -> list[int]:
    """Return the months for a cycle of letters.

    Example:
        >>> months_of("HMUZ")
        [3, 6, 9, 12]
    """
    return [MONTH_LETTERS.index(letter) + 1 for letter in cycle]


def nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    """Return the n-th such weekday of a month; Monday is 0.

    Example:
        >>> nth_weekday(2023, 6, 4, 3)
        datetime.date(2023, 6, 16)
    """
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def third_friday(year: int, month: int, hours: MarketHours) -> date:
    """Return the third Friday of the month, or the trading date before it."""
    return hours.on_or_before(nth_weekday(year, month, 4, 3))


def before_second_friday(year: int, month: int, hours: MarketHours) -> date:
    """Return the trading date before the second Friday of the month."""
    return hours.step(nth_weekday(year, month, 4, 2), -1)


def before_third_wednesday(year: int, month: int, hours: MarketHours) -> date:
    """Return the second trading date before the third Wednesday of the month."""
    return hours.step(nth_weekday(year, month, 2, 3), -2)


def before_the_15th(year: int, month: int, hours: MarketHours) -> date:
    """Return the trading date before the 15th of the month."""
    return hours.step(date(year, month, 15), -1)


def last_trading_date(year: int, month: int, hours: MarketHours) -> date:
    """Return the last trading date of the month."""
    return hours.on_or_before(_last_day(year, month))


def third_last_day(year: int, month: int, hours: MarketHours) -> date:
    """Return the third last trading date of the month."""
    return hours.step(last_trading_date(year, month, hours), -2)


def before_the_last_week(year: int, month: int, hours: MarketHours) -> date:
    """Return the seventh trading date before the last one of the month."""
    return hours.step(last_trading_date(year, month, hours), -7)


def before_the_10th(year: int, month: int, hours: MarketHours) -> date:
    """Return the second trading date before delivery, on the 10th of the month or the first trading date after it."""
    delivery = date(year, month, 10)
    while not hours.is_trading_date(delivery):
        delivery += timedelta(days=1)
    return hours.step(delivery, -2)


def crude_oil(year: int, month: int, hours: MarketHours) -> date:
    """Return the third trading date before the 25th of the month before, or before the one ahead of it."""
    before = date(year, month, 1) - timedelta(days=1)
    return hours.step(hours.on_or_before(before.replace(day=25)), -3)


def natural_gas(year: int, month: int, hours: MarketHours) -> date:
    """Return the third trading date before the first of the month."""
    return hours.step(date(year, month, 1), -3)


def days_after_the_first(offset: int) -> ExpiryRule:
    """Return the rule 'so many days after the first of the month', or the trading date before that."""

    def rule(year: int, month: int, hours: MarketHours) -> date:
        return hours.on_or_before(date(year, month, 1) + timedelta(days=offset))

    return rule


US_BUSINESS_DAYS = Market("America/New_York", ((0, 1440),), "XNYS")
"""Business days for rules of American exchanges that count them: their futures trade on more days."""


def _by_us_business_days(rule: ExpiryRule) -> ExpiryRule:
    def counted(year: int, month: int, hours: MarketHours) -> date:
        return rule(year, month, market_hours(US_BUSINESS_DAYS))

    return counted


_BY_US_BUSINESS_DAYS: dict[str, ExpiryRule] = {
    "CORN": before_the_15th,
    "WHEAT": before_the_15th,
    "SOYBEAN": before_the_15th,
    "GOLD": third_last_day,
    "SILVER": third_last_day,
    "COPPER": third_last_day,
    "CRUDE_W": crude_oil,
    "GAS_US": natural_gas,
    "EUR": before_third_wednesday,
    "GBP": before_third_wednesday,
    "JPY": before_third_wednesday,
    "US10": before_the_last_week,
}

KNOWN_RULES: dict[str, ExpiryRule] = {
    **{code: _by_us_business_days(rule) for code, rule in _BY_US_BUSINESS_DAYS.items()},
    "EDOLLAR": before_third_wednesday,
    "BUND": before_the_10th,
    "SP500": third_friday,
    "SP500_micro": third_friday,
    "EUROSTX": third_friday,
    "FTSE100": third_friday,
    "NIKKEI": before_second_friday,
}
"""The rules of the instruments known by name."""
