"""Historical bars, also kept up to date, trading schedules, and the earliest time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.sim.exchange.units import nanoseconds, time_of
from brokerkit.plugins.sim.gateway.codec import MessageError, PreparedRows
from brokerkit.plugins.sim.gateway.codec.requests import history as requests
from brokerkit.plugins.sim.gateway.codec.responses.history import (
    HeadTimestamp,
    HistoricalData,
    HistoricalDataUpdate,
    HistoricalSchedule,
)
from brokerkit.plugins.sim.gateway.codec.responses.history import Session as ScheduledSession
from brokerkit.plugins.sim.gateway.codes import (
    BAD_END_TIME,
    INVALID_STEP,
    NO_DATA,
    NO_SUCH_DATA,
    PACING,
    QUERY_CANCELLED,
    TOO_MANY_QUERIES,
    Code,
)
from brokerkit.plugins.sim.gateway.contracts.hours import sessions_between
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.durations import Duration, is_step_valid, parse_duration, start_of
from brokerkit.plugins.sim.gateway.market.bars import DAY_SECONDS, Bars
from brokerkit.plugins.sim.gateway.market.quotes import half_spread
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.rooms.bar_answers import (
    BID_ASK,
    KINDS,
    TRADES,
    AnswerCache,
    bars_key,
    dates,
    prepared,
    shown_as,
)
from brokerkit.plugins.sim.gateway.rooms.lines import data_contract
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.plugins.sim.gateway.times import (
    SMALL_BAR_SECONDS,
    ZONED_TIMES_SINCE,
    epoch_seconds,
    instant,
    instant_without_zone,
    parse_bar_size,
    parse_time,
)
from brokerkit.plugins.sim.gateway.zones import instrument_zone_name

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

SCHEDULE = "SCHEDULE"
SCHEDULE_SINCE = 165
"""The first server version with schedules."""

_KINDS_OF_OTHERS = (
    *("ADJUSTED_LAST", "AGGTRADES", "FEE_RATE", "HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "REBATE_RATE"),
    *("YIELD_ASK", "YIELD_BID", "YIELD_BID_ASK", "YIELD_LAST"),
)
"""IB's kinds of data for other security types: a real gateway finds none for futures and currency pairs."""


@attrs.frozen
class Query:
    """A parsed request for bars."""

    listed: Listed
    seconds: int
    start: datetime
    end: datetime
    kind: str
    format_date: int


@attrs.define(eq=False)
class Kept:
    """A request for bars kept up to date, and the last bar sent."""

    query: Query
    sent: Bars


class HistoryRoom(Room):
    """Serves historical data."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._cache = AnswerCache()
        self._kept: dict[tuple[Session, int], Kept] = {}

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.HistoricalDataRequest: self._bars,
            requests.CancelHistoricalData: self._cancel,
            requests.HeadTimestampRequest: self._head,
            requests.CancelHeadTimestamp: lambda session, asked: None,
        }

    # Bars

    def _bars(self, session: Session, request: requests.HistoricalDataRequest) -> None:
        try:
            query = self._query(request)
        except MessageError as error:
            raise invalid(error.fact, "bI") from error
        self._pace(session, request, query)
        if query.kind == SCHEDULE:
            self._schedule(session, request.req_id, query)
            return
        session.send(self._answer(session, request.req_id, query))
        bars = self._shown(query) if request.keep_up_to_date else None
        if bars is not None:
            self._kept[session, request.req_id] = Kept(query, bars.slice(len(bars) - 1, len(bars)))

    def _query(self, request: requests.HistoricalDataRequest) -> Query:
        listed = self._find_contract(request)
        kind = _kind_of_data(listed, request.what_to_show)
        seconds = DAY_SECONDS if kind == SCHEDULE else parse_bar_size(request.bar_size)
        if request.keep_up_to_date and request.end_time:
            raise MessageError("the end time must be blank where bars are kept up to date")
        end, duration = self._end(request.end_time), parse_duration(request.duration)
        if not is_step_valid(duration, seconds):
            raise RefusedError(Code.HISTORY, INVALID_STEP.format(seconds=seconds))
        return Query(listed, seconds, self._start(listed, end, duration), end, kind, request.format_date)

    def _find_contract(self, request: requests.HistoricalDataRequest) -> Listed:
        asked = request.contract
        if asked.sec_type == "BAG":
            raise RefusedError(Code.HISTORY, NO_DATA.format(what=f"{asked.symbol} BAG"))
        return data_contract(self.gateway, asked, include_expired=request.include_expired)

    def _end(self, text: str) -> datetime:
        if not text.strip():
            return self.gateway.now
        try:
            return min(parse_time(text, self.gateway.settings.zone), self.gateway.now)
        except MessageError as error:
            raise RefusedError(Code.BAD_TIME, BAD_END_TIME) from error

    def _start(self, listed: Listed, end: datetime, length: Duration) -> datetime:
        """Count a duration back from the last bar, which may be long before the end."""
        last = self.gateway.market.last_bar_end(listed, nanoseconds(end))
        reach = end if last is None else time_of(last)
        if reach - time_of(0) <= length.in_calendar_time:
            return time_of(0)
        return max(start_of(length, reach, listed.terms.sessions, listed.card.time_zone), time_of(0))

    def _pace(self, session: Session, request: requests.HistoricalDataRequest, query: Query) -> None:
        limits = self.gateway.settings.limits
        kept = sum(1 for owner, _ in self._kept if owner is session)
        if limits.open_history_requests is not None and kept >= limits.open_history_requests:
            limit = limits.open_history_requests
            raise RefusedError(Code.ERROR_PROCESSING, TOO_MANY_QUERIES.format(limit=limit))
        if query.seconds > SMALL_BAR_SECONDS or query.kind == SCHEDULE:
            return
        number = query.listed.con_id
        same = (number, query.kind, request.end_time, request.bar_size, request.duration, request.use_rth)
        weight = 2 if query.kind == BID_ASK else 1
        if not session.history_pacing.admit(time.monotonic(), same, (number, query.kind), weight):
            raise RefusedError(Code.HISTORY, PACING)

    def _answer(self, session: Session, req_id: int, query: Query) -> HistoricalData:
        rows = self._rows(session.version, query)
        if rows is None or not rows.count:
            listed = query.listed
            what = f"{listed.card.symbol}@{listed.card.exchange} {query.kind.title()}"
            raise RefusedError(Code.HISTORY, NO_DATA.format(what=what))
        return HistoricalData(
            req_id, self._format_time(query.start, session), self._format_time(query.end, session), rows
        )

    def _format_time(self, moment: datetime, session: Session) -> str:
        settings = self.gateway.settings
        if session.version >= ZONED_TIMES_SINCE:
            return instant(moment, settings.time_zone, settings.time_zone)
        return instant_without_zone(moment, settings.zone)

    def _rows(self, version: int, query: Query) -> PreparedRows | None:
        series = (query.listed.con_id, query.seconds, query.kind)
        shown = (*series, query.format_date, version, self.gateway.history.version)
        question = (*shown, query.start, query.end)
        rows = self._cache.get(question)
        if rows is not None:
            return rows
        bars = self._shown(query)
        if bars is None:
            return None

        def encoded(some: Bars) -> PreparedRows:
            return prepared(some, self._dates(some, query, version))

        ended, last = bars.slice(0, len(bars) - 1), bars.slice(len(bars) - 1, len(bars))
        return self._cache.rows(question, (*shown, bars_key(ended)), lambda: encoded(ended), encoded(last))

    def _shown(self, query: Query) -> Bars | None:
        bars = self.gateway.history.bars(query.listed, query.seconds, nanoseconds(query.start), nanoseconds(query.end))
        return None if bars is None else shown_as(bars, query.kind, half_spread(query.listed))

    def _dates(self, bars: Bars, query: Query, version: int) -> list[str]:
        """Return the bars' dates, in the exchange's zone, or in the login's where zones are not named."""
        zone = query.listed.card.time_zone if version >= ZONED_TIMES_SINCE else self.gateway.settings.time_zone
        return dates(bars.start, query.seconds, query.format_date, zone, instrument_zone_name(zone), version)

    def _cancel(self, session: Session, request: requests.CancelHistoricalData) -> None:
        if self._kept.pop((session, request.req_id), None) is None:
            text = f"No historical data query found for ticker id:{request.req_id}"
            raise RefusedError(Code.NO_HISTORY_QUERY, text)
        session.error(request.req_id, Code.HISTORY, QUERY_CANCELLED.format(req_id=request.req_id))

    # Kept up to date

    def clock_moved(self) -> None:
        """Send every new or changed bar of the requests kept up to date."""
        if self.gateway.faults.market_data_stopped:
            return
        for (session, req_id), kept in list(self._kept.items()):
            self._update(session, req_id, kept)

    def _update(self, session: Session, req_id: int, kept: Kept) -> None:
        last = int(kept.sent.start[0])
        reach = timedelta(seconds=max(2 * kept.query.seconds, DAY_SECONDS))  # so that the bar last sent is complete
        query = attrs.evolve(kept.query, start=time_of(last) - reach, end=self.gateway.now)
        bars = self._shown(query)
        fresh = kept.sent.slice(0, 0) if bars is None else bars.starting_from(last)
        if not len(fresh):
            return
        changed = int(_row(fresh, 0) == _row(kept.sent, 0))
        kept.sent = fresh.slice(len(fresh) - 1, len(fresh))
        for at, date in list(enumerate(self._dates(fresh, query, session.version)))[changed:]:
            session.send(_updated(req_id, date, _row(fresh, at)))

    def lose_data(self) -> None:
        """Stop keeping requests up to date, as after 1101 (data lost)."""
        self._kept.clear()

    def forget(self, session: Session) -> None:
        """Drop an ended session's requests."""
        for key in [key for key in self._kept if key[0] is session]:
            del self._kept[key]

    # Schedule and earliest time

    def _schedule(self, session: Session, req_id: int, query: Query) -> None:
        if session.version < SCHEDULE_SINCE:
            raise invalid("SCHEDULE needs 165", "bI")
        listed = query.listed
        zone = listed.card.time_zone
        found = sessions_between(listed.terms.sessions, query.start, query.end)
        schedule = tuple(
            ScheduledSession(_local(opening, zone), _local(closing, zone), _local(closing, zone)[:8])
            for opening, closing in found
        )
        start, end = (schedule[0].start, schedule[-1].end) if schedule else ("", "")
        session.send(HistoricalSchedule(req_id, start, end, instrument_zone_name(zone), schedule))

    def _head(self, session: Session, request: requests.HeadTimestampRequest) -> None:
        listed = data_contract(self.gateway, request.contract, include_expired=request.include_expired)
        _kind_of_data(listed, request.what_to_show)
        first = self.gateway.history.earliest(listed)
        if first is None or first > nanoseconds(self.gateway.now):
            raise RefusedError(Code.HISTORY, NO_DATA.format(what=f"{listed.card.symbol}@{listed.card.exchange}"))
        when = time_of(first)
        text = str(epoch_seconds(when)) if request.format_date == 2 else f"{when:%Y%m%d-%H:%M:%S}"
        session.send(HeadTimestamp(request.req_id, text))


def _kind_of_data(listed: Listed, what_to_show: str) -> str:
    """Return the kind of data requested.

    Raises:
        RefusedError: The contract has no such data.
    """
    kind = what_to_show.upper()
    if kind not in (*KINDS, SCHEDULE, *_KINDS_OF_OTHERS):
        raise invalid(f"{kind} is not available", "bI")
    if kind in _KINDS_OF_OTHERS or (kind == TRADES and not listed.is_future):
        name = "Last" if kind == TRADES else kind
        what = f"{listed.card.symbol}/{listed.sec_type}@{listed.card.exchange} {name}"
        raise RefusedError(Code.HISTORY, NO_SUCH_DATA.format(what=what))
    return kind


def _row(bars: Bars, at: int) -> tuple[float, ...]:
    """Return a bar's start, open, high, low, close and volume."""
    columns = (bars.start, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return tuple(float(column[at]) for column in columns)


def _updated(req_id: int, date: str, row: tuple[float, ...]) -> HistoricalDataUpdate:
    _, first, high, low, last, volume = row
    count = -1 if volume < 0 else int(volume)
    average = -1.0 if volume < 0 else round((high + low + last) / 3, 6)
    return HistoricalDataUpdate(req_id, count, date, first, last, high, low, average, volume)


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y%m%d-%H:%M:%S}"
