"""Facts of the instruments in a folder of bars: from `instruments.csv`, or the usual ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.catalogue import RECIPES
from brokerkit.plugins.sim.feeds.csv_table import Row, read_table
from brokerkit.plugins.sim.feeds.expiry import KNOWN_RULES, ExpiryRule, days_after_the_first, last_trading_date
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts
from brokerkit.plugins.sim.feeds.hours import Market, market_of

INSTRUMENTS_FILE = "instruments.csv"

COLUMNS = (
    "instrument", "broker_code", "exchange", "currency", "multiplier", "price_magnifier", "tick_size", "description",
    "asset_class", "commission", "zone", "hours", "expiry_offset",
)  # fmt: skip
"""The columns of `instruments.csv`; only the first is required, and any other cell may be empty."""

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class InstrumentTable:
    """The instruments of a folder. Those missing from its file have the package's facts for their names.

    Args:
        folder: The folder, which may have a file `instruments.csv`.

    Raises:
        DataFileError: That file is damaged, or has an unknown column.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = read_table(folder / INSTRUMENTS_FILE, "instrument")
        for row in self._rows.values():
            unknown = [name for name in row.cells if name not in COLUMNS]
            if unknown:
                raise DataFileError(
                    f"There is no column {unknown[0]!r}.",
                    place=f"{folder / INSTRUMENTS_FILE}, row 1",
                    given=unknown[0],
                    candidates=COLUMNS,
                    remedy=f"The columns are {', '.join(COLUMNS)}.",
                )

    def facts(self, code: str, tick_size: Callable[[], Decimal]) -> InstrumentFacts:
        """Return an instrument's facts.

        Args:
            code: The instrument.
            tick_size: Returns the tick size if neither the file nor the package has it.

        Raises:
            DataFileError: A number in the file is invalid.
        """
        row, usual = self._row(code), self._usual(code)
        return InstrumentFacts(
            code=code,
            broker_code=row.text("broker_code", usual.broker_code),
            exchange=row.text("exchange", usual.exchange),
            currency=row.currency("currency", usual.currency),
            multiplier=row.number("multiplier", usual.multiplier),
            price_magnifier=row.number("price_magnifier", usual.price_magnifier),
            tick_size=row.number("tick_size", usual.tick_size) if self._has_tick(code) else tick_size(),
            description=row.text("description", usual.description),
            asset_class=row.text("asset_class", usual.asset_class),
            commission=row.number("commission", usual.commission, may_be_zero=True),
        )

    def market(self, code: str) -> Market:
        """Return an instrument's hours: those in the file, or those of its exchange.

        Raises:
            DataFileError: The hours in the file are not like `17:00-16:00`, or the zone does not exist.
        """
        row, usual = self._row(code), self._usual(code)
        hours = row.text("hours")
        if hours:
            return Market(_zone_of(row), _segments_of(hours, row.place))
        return market_of(row.text("exchange", usual.exchange), row.text("asset_class", usual.asset_class))

    def expiry_rule(self, code: str) -> ExpiryRule:
        """Return the rule for contracts named by a month: the file's, the known one, or the month's last trading date.

        Raises:
            DataFileError: `expiry_offset` is not a whole number.
        """
        offset = self._row(code).day_count("expiry_offset")
        return KNOWN_RULES.get(code, last_trading_date) if offset is None else days_after_the_first(offset)

    def _row(self, code: str) -> Row:
        return self._rows.get(code, _NOTHING)

    def _has_tick(self, code: str) -> bool:
        return code in RECIPES or bool(self._row(code).text("tick_size"))

    def _usual(self, code: str) -> InstrumentFacts:
        if code in RECIPES:
            return RECIPES[code].facts
        one = Decimal(1)
        return InstrumentFacts(code, code, "", "USD", one, one, one, code, "", Decimal(0))


_NOTHING = Row({}, "")


def _zone_of(row: Row) -> str:
    zone = row.text("zone", "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        remedy = "Give one like America/Chicago."
        raise DataFileError(f"There is no time zone {zone!r}.", place=row.place, remedy=remedy) from error
    return zone


def _segments_of(hours: str, place: str) -> tuple[tuple[int, int], ...]:
    """Return minutes from a trading date's midnight; a stretch across midnight starts on the evening before."""
    segments = []
    for part in hours.split():
        match = _HOURS.fullmatch(part)
        if match is None:
            remedy = "Give stretches like 17:00-16:00, with spaces between."
            raise DataFileError(f"hours has {part!r}.", place=place, remedy=remedy)
        first_hour, first_minute, last_hour, last_minute = map(int, match.groups())
        opening, closing = first_hour * 60 + first_minute, last_hour * 60 + last_minute
        segments.append((opening - 1440 if opening >= closing else opening, closing))
    next_day = segments[0][0] + 1440, segments[0][1] + 1440
    if any(later[0] < earlier[1] for earlier, later in pairwise([*segments, next_day])):
        raise DataFileError(f"hours has {hours!r}, where a stretch begins before the last one ends.", place=place)
    return tuple(segments)
