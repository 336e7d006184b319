"""What an order can trade: a futures contract, a spread of several, or a currency pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from datetime import date as calendar_date

import attrs

from brokerkit.errors import InvalidArgument

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})?", re.ASCII)


def _instrument_code(text: object) -> str:
    if isinstance(text, str) and text and text == text.strip():
        return text
    raise InvalidArgument(f"{text!r} is not an instrument code.", remedy="Give the code as text, such as 'GOLD'.")


def _contract_date(text: object) -> str:
    date = text if isinstance(text, str) else ""
    date = date[:6] if len(date) == 8 and date.endswith("00") else date
    found = _DATE.fullmatch(date)
    if found:
        year, month, day = found.groups("1")
        try:
            calendar_date(int(year), int(month), int(day))
        except ValueError:
            pass
        else:
            return date
    raise InvalidArgument(
        f"{text!r} is not a contract date.", remedy="Give YYYYMM as text, such as '202306', or YYYYMMDD."
    )


def _contract_dates(given: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        dates: Iterable[object] = given.split("_")
    else:
        ordered = isinstance(given, Iterable) and not isinstance(given, Set)  # a set's order is not its writer's
        dates = tuple(given) if ordered else (given,)
    if not dates:
        raise InvalidArgument(
            "A contract has at least one date.", remedy="Give YYYYMM as text, such as '202306', or YYYYMMDD."
        )
    found = tuple(_contract_date(date) for date in dates)
    if len(set(found)) < len(found):
        raise InvalidArgument(
            f"{'_'.join(found)} has a leg twice.", remedy="Give each leg of a spread once, with its lots."
        )
    return found


@attrs.frozen(order=True, cache_hash=True)
class FuturesContract:
    """A futures contract, or a spread of several, named by instrument and date.

    The month that a contract is named by is not the day it expires: January crude oil stops trading
    in December. This class holds only the name; ask the broker for the expiry.

    Attributes:
        instrument_code: brokerkit's code for the instrument, such as `EDOLLAR`.
        dates: One date per leg, each `YYYYMM` or `YYYYMMDD`. Given as one str, as several, or as
            `"202306_202309"`. The form `YYYYMM00` means the month.

    Raises:
        InvalidArgument: The code is empty, a date has neither of the two forms or does not exist, or comes twice.

    Example:
        >>> FuturesContract("EDOLLAR", "202306").date
        '202306'
        >>> FuturesContract("EDOLLAR", ["202306", "202309"]).legs
        (FuturesContract('EDOLLAR', '202306'), FuturesContract('EDOLLAR', '202309'))
    """

    instrument_code: str = attrs.field(converter=_instrument_code)
    dates: tuple[str, ...] = attrs.field(converter=_contract_dates)

    @property
    def date(self) -> str:
        """The date that it is named by; the dates of a spread are joined by underscores."""
        return "_".join(self.dates)

    @property
    def is_spread(self) -> bool:
        """Whether it has more than one leg."""
        return len(self.dates) > 1

    @property
    def leg_count(self) -> int:
        """The number of legs: 1 unless it is a spread."""
        return len(self.dates)

    @property
    def legs(self) -> tuple[FuturesContract, ...]:
        """The single contracts that it consists of: itself, unless it is a spread."""
        return tuple(FuturesContract(self.instrument_code, date) for date in self.dates) if self.is_spread else (self,)

    def __str__(self) -> str:
        """Return `INSTRUMENT/DATE`."""
        return f"{self.instrument_code}/{self.date}"

    def __repr__(self) -> str:
        """Return the contract as it is written in code."""
        return f"FuturesContract({self.instrument_code!r}, {self.date!r})"


def _pair_code(code: str) -> str:
    if isinstance(code, str) and len(code) == 6 and code.isascii() and code.isalpha() and code.isupper():
        return code
    raise InvalidArgument(f"{code!r} is not an FX code.", remedy="Give six capital letters, such as 'GBPUSD'.")


@attrs.frozen(order=True, cache_hash=True)
class FxPair:
    """A currency pair; its price is in units of the second currency for one unit of the first.

    Attributes:
        code: Six capital letters, such as `GBPUSD`.

    Raises:
        InvalidArgument: The code has another form.

    Example:
        >>> FxPair("GBPUSD").base, FxPair("GBPUSD").quote
        ('GBP', 'USD')
    """

    code: str = attrs.field(converter=_pair_code)

    @property
    def base(self) -> str:
        """The currency that is bought and sold."""
        return self.code[:3]

    @property
    def quote(self) -> str:
        """The currency that it is priced and paid in."""
        return self.code[3:]

    @property
    def leg_count(self) -> int:
        """One: a pair is not a spread."""
        return 1

    @property
    def legs(self) -> tuple[FxPair, ...]:
        """The pair itself: it has one leg."""
        return (self,)

    def __str__(self) -> str:
        """Return the code."""
        return self.code
