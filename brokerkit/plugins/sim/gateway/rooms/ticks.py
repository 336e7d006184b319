"""Tick by tick, order book, five-second bars, and the ticks of the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.plugins.sim.exchange.units import SECOND, nanoseconds
from brokerkit.plugins.sim.gateway.codec import MessageError
from brokerkit.plugins.sim.gateway.codec.requests import history, market_data
from brokerkit.plugins.sim.gateway.codec.responses import history as past
from brokerkit.plugins.sim.gateway.codec.responses.market_data import (
    ALL_LAST,
    BID_ASK,
    LAST,
    MIDPOINT,
    Depth,
    DepthL2,
    RealTimeBar,
    TickByTick,
)
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.quotes import Quote, half_spread
from brokerkit.plugins.sim.gateway.rooms.lines import Lines, data_type, watched
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.plugins.sim.gateway.times import parse_time

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

_KINDS = {"Last": LAST, "AllLast": ALL_LAST, "BidAsk": BID_ASK, "MidPoint": MIDPOINT}
MAX_TICKS = 1000
MAX_DEPTH_LINES = 3
REAL_TIME_SECONDS = 5
INSERT, UPDATE = 0, 1
ASK_SIDE, BID_SIDE = 0, 1


@attrs.define(eq=False)
class TickLine:
    """A contract watched tick by tick."""

    listed: Listed
    kind: int
    told: Quote | None = None


@attrs.define(eq=False)
class DepthLine:
    """A contract whose order book is watched."""

    listed: Listed
    rows: int
    smart: bool
    told: dict[tuple[int, int], tuple[float, float]] = attrs.field(factory=dict)


@attrs.define(eq=False)
class BarLine:
    """A contract watched in five-second bars; `after` is the end of the bar told last."""

    listed: Listed
    kind: str
    after: int


class TickRoom(Room):
    """Tells clients every tick, of now and of the past."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.ticks: Lines[TickLine] = Lines(gateway.settings.limits.market_data_lines)
        self.depths: Lines[DepthLine] = Lines(
            MAX_DEPTH_LINES, Code.DEPTH_LIMIT, "Max number (3) of market depth requests has been reached"
        )
        self.bars: Lines[BarLine] = Lines(gateway.settings.limits.market_data_lines)

    def handlers(self) -> Mapping[type, Handler]:
        """Return what answers each class of request."""
        return {
            market_data.TickByTickRequest: self._tick_by_tick,
            market_data.CancelTickByTick: lambda session, asked: self.ticks.close(session, asked.req_id),
            market_data.DepthRequest: self._depth,
            market_data.CancelDepth: lambda session, asked: self.depths.close(session, asked.req_id),
            market_data.RealTimeBarsRequest: self._real_time_bars,
            market_data.CancelRealTimeBars: lambda session, asked: self.bars.close(session, asked.req_id),
            history.HistoricalTicksRequest: self._historical,
        }

    # Tick by tick

    def _tick_by_tick(self, session: Session, request: market_data.TickByTickRequest) -> None:
        kind = _KINDS.get(request.tick_type)
        if kind is None:
            text = f"Error validating request.-'bS' : cause - Invalid tick type {request.tick_type}"
            session.error(request.req_id, Code.ERROR_VALIDATING, text)
            return
        listed = self._watched(session, request.req_id, request, self.ticks)
        if listed is None:
            return
        line = TickLine(listed, kind)
        self.ticks.open(session, request.req_id, line)
        if request.count > 0:
            what = {BID_ASK: "BID_ASK", MIDPOINT: "MIDPOINT"}.get(kind, "TRADES")
            found = self._ticks(listed, what, None, self.gateway.now, min(request.count, MAX_TICKS))
            session.send(_as_answer(request.req_id, what, listed, found))
        self._tell_tick(session, request.req_id, line)

    def _watched(self, session: Session, req_id: int, request: Any, lines: Lines[Any]) -> Listed | None:
        if not lines.admit(session, req_id):
            return None
        listed = watched(self.gateway, session, req_id, request.contract)
        if listed is None or data_type(self.gateway, session, req_id, listed) is None:
            return None
        return listed

    def _tell_tick(self, session: Session, req_id: int, line: TickLine) -> None:
        quote = self.gateway.quote(line.listed)
        if quote is not None and quote != line.told:
            line.told = quote
            session.send(_tick(req_id, line, quote))

    # Order book

    def _depth(self, session: Session, request: market_data.DepthRequest) -> None:
        listed = self._watched(session, request.req_id, request, self.depths)
        if listed is not None:
            line = DepthLine(listed, min(max(request.rows, 1), 10), request.smart)
            self.depths.open(session, request.req_id, line)
            self._tell_depth(session, request.req_id, line)

    def _tell_depth(self, session: Session, req_id: int, line: DepthLine) -> None:
        quote = self.gateway.quote(line.listed)
        if quote is None:
            return
        for key, level in _book(quote, half_spread(line.listed), line.rows).items():
            if line.told.get(key) != level:
                operation = UPDATE if key in line.told else INSERT
                line.told[key] = level
                session.send(_row(req_id, line, key, operation, level))

    # Five-second bars

    def _real_time_bars(self, session: Session, request: market_data.RealTimeBarsRequest) -> None:
        if request.bar_size != REAL_TIME_SECONDS:
            text = "Invalid Real-time Query:Bar size must be 5 seconds"
            session.error(request.req_id, Code.REAL_TIME_BARS, text)
            return
        listed = self._watched(session, request.req_id, request, self.bars)
        if listed is not None:
            self.bars.open(
                session, request.req_id, BarLine(listed, request.what_to_show, nanoseconds(self.gateway.now))
            )

    def _tell_bars(self, session: Session, req_id: int, line: BarLine) -> None:
        now = self.gateway.exchange.now_ns
        ended = self.gateway.history.finest(line.listed, line.after - DAY_BACK, now)
        for at in range(len(ended)):
            if int(ended.end[at]) > line.after:
                session.send(_real_time_bar(req_id, ended, at))
        line.after = now

    # The past

    def _historical(self, session: Session, request: history.HistoricalTicksRequest) -> None:
        listed = watched_then(self.gateway, session, request)
        if listed is None:
            return
        zone = self.gateway.settings.zone
        try:
            start = parse_time(request.start_time, zone) if request.start_time.strip() else None
            end = parse_time(request.end_time, zone) if request.end_time.strip() else None
        except MessageError as error:
            session.error(request.req_id, Code.BAD_TIME, f"Error validating request.-'bU' : cause - {error.fact}")
            return
        what = request.what_to_show.upper()
        if (start is None) is (end is None) or what not in ("TRADES", "BID_ASK", "MIDPOINT"):
            text = "Error validating request.-'bU' : cause - Give a start or an end, and TRADES, BID_ASK or MIDPOINT"
            session.error(request.req_id, Code.ERROR_VALIDATING, text)
            return
        count = min(max(request.count, 0), MAX_TICKS)
        found = self._ticks(listed, what, start, min(end or self.gateway.now, self.gateway.now), count)
        session.send(_as_answer(request.req_id, what, listed, found))

    def _ticks(self, listed: Listed, what: str, start: datetime | None, end: datetime, count: int) -> Bars:
        if start is None:
            found = self.gateway.market.recent(listed, nanoseconds(end))
        else:
            found = self.gateway.history.finest(listed, nanoseconds(start), nanoseconds(end))
        return found.slice(0, count) if start is not None else found.slice(max(len(found) - count, 0), len(found))

    # Changes

    def clock_moved(self) -> None:
        """Tell every line what has happened."""
        if self.gateway.faults.market_data_stopped:
            return
        for session, req_id, tick in self.ticks:
            self._tell_tick(session, req_id, tick)
        for session, req_id, depth in self.depths:
            self._tell_depth(session, req_id, depth)
        for session, req_id, bars in self.bars:
            self._tell_bars(session, req_id, bars)

    def restart(self) -> None:
        """Lose every line, as a gateway does whose link came back without its data (1101)."""
        for lines in (self.ticks, self.depths, self.bars):
            lines.clear()

    def forget(self, session: Session) -> None:
        """Drop an ended session's lines."""
        for lines in (self.ticks, self.depths, self.bars):
            lines.forget(session)


DAY_BACK = 86400 * SECOND
"""How far before the bar told last to look: further than any bar is long."""


def watched_then(gateway: Gateway, session: Session, request: history.HistoricalTicksRequest) -> Listed | None:
    """Return the contract whose past ticks a client asks for, or None after telling it why not."""
    if request.include_expired:
        found = gateway.find(request.contract, include_expired=True)
        if len(found) == 1:
            return found[0]
    return watched(gateway, session, request.req_id, request.contract)


def _tick(req_id: int, line: TickLine, quote: Quote) -> TickByTick:
    exchange = line.listed.card.exchange
    if line.kind == BID_ASK:
        tick = TickByTick(req_id, BID_ASK, quote.time, bid=quote.bid, ask=quote.ask)
        return attrs.evolve(tick, bid_size=quote.bid_size, ask_size=quote.ask_size)
    if line.kind == MIDPOINT:
        return TickByTick(req_id, MIDPOINT, quote.time, midpoint=quote.midpoint)
    return TickByTick(req_id, line.kind, quote.time, quote.last, quote.last_size, exchange=exchange)


def _book(quote: Quote, step: float, rows: int) -> dict[tuple[int, int], tuple[float, float]]:
    levels = {}
    for at in range(rows):
        levels[BID_SIDE, at] = (round(quote.bid - at * step, 10), quote.bid_size + at)
        levels[ASK_SIDE, at] = (round(quote.ask + at * step, 10), quote.ask_size + at)
    return levels


def _row(
    req_id: int, line: DepthLine, key: tuple[int, int], operation: int, level: tuple[float, float]
) -> Depth | DepthL2:
    side, at = key
    if line.smart:
        return DepthL2(req_id, at, line.listed.card.exchange, operation, side, *level, smart=True)
    return Depth(req_id, at, operation, side, *level)


def _real_time_bar(req_id: int, bars: Bars, at: int) -> RealTimeBar:
    first, high, low, last = (float(column[at]) for column in (bars.open, bars.high, bars.low, bars.close))
    volume = float(bars.volume[at])
    start = int(bars.end[at]) // SECOND - REAL_TIME_SECONDS
    return RealTimeBar(req_id, start, first, high, low, last, volume, round((high + low + last) / 3, 6), int(volume))


def _as_answer(req_id: int, what: str, listed: Listed, bars: Bars) -> Any:
    half = half_spread(listed)
    rows = list(zip(bars.end.tolist(), bars.close.tolist(), bars.volume.tolist(), strict=True))
    if what == "MIDPOINT":
        mids = tuple(past.MidpointTick(end // SECOND, 0, price, 0.0) for end, price, _ in rows)
        return past.HistoricalTicks(req_id, mids)
    if what == "BID_ASK":
        quotes = tuple(
            past.BidAskTick(end // SECOND, 0, round(price - half, 10), round(price + half, 10), 1.0, 2.0)
            for end, price, _ in rows
        )
        return past.HistoricalTicksBidAsk(req_id, quotes)
    exchange = listed.card.exchange
    trades = tuple(
        past.LastTick(end // SECOND, 0, price, float(max(1, round(volume / 50))), exchange)
        for end, price, volume in rows
    )
    return past.HistoricalTicksLast(req_id, trades)
