"""Exact whole numbers for prices, money and time, and their conversion from and to the contract's types.

A price is a whole number of 10^-8, money a whole number of 10^-12 of its currency, time
nanoseconds since 1970 UTC. Sums of whole numbers are exact and fast; Decimals are made on the way out.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal
from functools import lru_cache

from brokerkit.errors import InvalidArgument
from brokerkit.spec.money import Money

PRICE_DECIMALS = 8
PRICE_SCALE = 100_000_000
MONEY_DECIMALS = 12
MONEY_SCALE = 1_000_000_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND

_EXACT = Context(prec=60)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def whole(value: Decimal, decimals: int) -> int:
    """Return `value` as a whole number of 10^-decimals.

    Raises:
        InvalidArgument: It has more decimals.

    Example:
        >>> whole(Decimal("95.125"), 8)
        9512500000
    """
    scaled = value.scaleb(decimals, _EXACT)
    units = int(scaled)
    if units != scaled:
        raise InvalidArgument(f"{value} has more than {decimals} decimals.", remedy="Round it first.")
    return units


def plain(units: int, decimals: int) -> Decimal:
    """Return a whole number of 10^-decimals as a Decimal without trailing zeros.

    Example:
        >>> plain(9512500000, 8), plain(10_000_000_000, 8)
        (Decimal('95.125'), Decimal('100'))
    """
    value = Decimal(units).scaleb(-decimals, _EXACT).normalize(_EXACT)
    return value.quantize(Decimal(1), context=_EXACT) if value.as_tuple().exponent > 0 else value  # type: ignore[operator]  # because only NaN and infinity have a letter there


@lru_cache(maxsize=1 << 12)
def price_of(units: int) -> Decimal:
    """Return a price in units as a Decimal in quoted units."""
    return plain(units, PRICE_DECIMALS)


def price_units(price: Decimal) -> int:
    """Return a quoted price as a whole number of price units."""
    return whole(price, PRICE_DECIMALS)


@lru_cache(maxsize=1 << 10)
def money_of(currency: str, units: int) -> Money:
    """Return an amount in money units as `Money`."""
    return Money(currency, plain(units, MONEY_DECIMALS))


def money_units(amount: Decimal) -> int:
    """Return an amount as a whole number of money units."""
    return whole(amount, MONEY_DECIMALS)


@lru_cache(maxsize=1 << 10)
def time_of(nanoseconds: int) -> datetime:
    """Return an instant as an aware UTC datetime, truncated to whole microseconds."""
    return _EPOCH + timedelta(0, 0, nanoseconds // 1000)


def nanoseconds(time: datetime | int) -> int:
    """Return an aware datetime, or nanoseconds since 1970 UTC, as nanoseconds.

    Raises:
        InvalidArgument: A datetime has no time zone.

    Example:
        >>> nanoseconds(datetime(1970, 1, 2, tzinfo=timezone.utc)) == DAY
        True
    """
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise InvalidArgument(f"{time} has no time zone.", remedy="Give an aware datetime, preferably in UTC.")
        return (time - _EPOCH) // _MICROSECOND * 1000
    return int(time)


def duration(length: timedelta | int) -> int:
    """Return a timedelta, or nanoseconds, as nanoseconds."""
    return length // _MICROSECOND * 1000 if isinstance(length, timedelta) else int(length)


def rounded_division(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half to even, exactly, for a positive denominator."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (twice > denominator or (twice == denominator and quotient % 2))
