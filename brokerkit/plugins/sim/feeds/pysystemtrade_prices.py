"""Prices of single contracts from a file of pysystemtrade's `multiple_prices`, by contract."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.plugins.sim.feeds.bars import DAY, SECOND, Floats, Times
from brokerkit.plugins.sim.feeds.csv_columns import Columns, Kind, check_rising, read_columns
from brokerkit.plugins.sim.feeds.held import Moments
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.local_time import closes_of, trading_days_of, utc_of_local

ZONE = "Europe/London"
"""The time zone of the files: from June 2020 on, it fits the markets' opening and closing rows."""

ROLES = ("PRICE", "CARRY", "FORWARD")
"""The columns in which a row may have a contract's price; the first that has it counts."""

_COLUMNS = {
    "DATETIME": Kind.TIME,
    **dict.fromkeys(ROLES, Kind.OPTIONAL_NUMBER),
    **{f"{role}_CONTRACT": Kind.MONTH for role in ROLES},
}
Flags = NDArray[np.bool_]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_CLOSING = 23 * _HOUR


@attrs.frozen(eq=False)
class ContractSeries:
    """A file's data for one contract.

    Attributes:
        days: The dates of daily closes, as days since 1970-01-01, increasing.
        closes: The close of each: that of 23:00, or the day's last price if the file has none.
        intraday: The intraday prices, by when they were known.
    """

    days: Times
    closes: Floats
    intraday: Moments


def read_prices(path: Path, hours: MarketHours) -> dict[str, ContractSeries]:
    """Return the series of each contract that has a price, by its date, such as `202312`, in order of date.

    Args:
        path: The file.
        hours: The hours of the instrument's market.

    Raises:
        DataFileError: The file is damaged.
    """
    found = read_columns(path, _COLUMNS)
    check_rising(path, found["DATETIME"])
    clock = found["DATETIME"] // SECOND
    rows, contracts, prices = _melted(found)
    is_close, is_moment = _is_close(clock), ~_is_close(clock) & ~_is_roll(clock)
    known = _by_the_close(utc_of_local(clock, ZONE), utc_of_local(_known_by(clock), ZONE), hours)
    names, firsts = np.unique(contracts, return_index=True)
    stops = [*firsts[1:].tolist(), len(contracts)]
    series = {}
    for name, first, stop in zip(names.tolist(), firsts.tolist(), stops, strict=True):
        mine, price = rows[first:stop], prices[first:stop]
        daily, inside = is_close[mine], is_moment[mine]
        moments = _last_of_each(Moments(known[mine[inside]], price[inside]))
        days, closes = _with_days_of(moments, hours, clock[mine[daily]] // _DAY, price[daily])
        series[_date_of(name)] = ContractSeries(days, closes, moments)
    return series


def _date_of(name: int) -> str:
    return str(name).removesuffix("00") if name > 999_999 else str(name)


def _melted(found: Columns) -> tuple[NDArray[np.intp], Times, Floats]:
    """Return row, contract and price of every price, by contract and row, without duplicate pairs."""
    count = len(found["DATETIME"])
    row = np.tile(np.arange(count), len(ROLES))
    rank = np.repeat(np.arange(len(ROLES)), count)
    contract = np.concatenate([found[f"{role}_CONTRACT"] for role in ROLES])
    price = np.concatenate([found[role] for role in ROLES])
    order = np.lexsort((rank, row, contract))
    order = order[~np.isnan(price[order])]
    row, contract = row[order], contract[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (contract[1:] != contract[:-1])
    return row[first], contract[first], price[order][first]


def _is_close(clock: Times) -> Flags:
    """Return which rows are daily closes: 23:00 on a weekday. On a Sunday, that is a market's opening."""
    weekday = (clock // _DAY + 3) % 7
    found: Flags = (clock % _DAY == _CLOSING) & (weekday < 5)
    return found


def _is_roll(clock: Times) -> Flags:
    """Return which rows only repeat older prices at a roll: they are one second after another row."""
    found = np.zeros(len(clock), np.bool_)
    found[1:] = np.diff(clock) == 1
    return found


def _known_by(clock: Times) -> Times:
    """Return when each row's price was known, in the files' time zone.

    A row has the start of a bar and its last price: the price is known when the hour is over, or
    earlier, when the next row starts.
    """
    hour_over = (clock // _HOUR + 1) * _HOUR
    following = np.searchsorted(clock, clock + _MINUTE)
    begun = np.append(clock, np.iinfo(np.int64).max)[following]
    found: Times = np.minimum(hour_over, begun)
    return found


def _by_the_close(starts: Times, known: Times, hours: MarketHours) -> Times:
    """Return when prices are known, with those of the last bar before the market's close known by the close."""
    close = closes_of(hours, starts // DAY)
    found: Times = np.where((starts < close) & (close < known), close, known)
    return found


def _with_days_of(moments: Moments, hours: MarketHours, days: Times, closes: Floats) -> tuple[Times, Floats]:
    """Return daily closes and, on days without one, the last intraday price."""
    inside = trading_days_of(hours, moments.known)
    last = np.append(inside[1:] != inside[:-1], True)[: len(inside)] & ~np.isin(inside, days)
    every = np.concatenate((days, inside[last]))
    order = np.argsort(every)
    return every[order], np.concatenate((closes, moments.price[last]))[order]


def _last_of_each(moments: Moments) -> Moments:
    """Return moments without those that are followed by another at the same time."""
    return moments.with_others(Moments(moments.known[:0], moments.price[:0]))
