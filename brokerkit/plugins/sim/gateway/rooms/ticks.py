"""Tick-by-tick data, live and historical."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.plugins.sim.exchange.units import DAY, SECOND, nanoseconds
from brokerkit.plugins.sim.gateway.codec import MessageError
from brokerkit.plugins.sim.gateway.codec.requests import history, market_data
from brokerkit.plugins.sim.gateway.codec.responses import history as past
from brokerkit.plugins.sim.gateway.codec.responses.market_data import ALL_LAST, BID_ASK, LAST, MIDPOINT, TickByTick
from brokerkit.plugins.sim.gateway.codes import NO_DATA, Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.quotes import Quote, half_spread, quotes_after
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.rooms.lines import Allowance, Lines, data_contract, data_type
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.plugins.sim.gateway.times import parse_time

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

_KINDS = {"Last": LAST, "AllLast": ALL_LAST, "BidAsk": BID_ASK, "MidPoint": MIDPOINT}
_PAST_KINDS = ("TRADES", "BID_ASK", "MIDPOINT")
MAX_TICKS = 1000


@attrs.define(eq=False)
class TickLine:
    """A tick-by-tick subscription; `after` is the time up to which ticks were sent."""

    listed: Listed
    kind: int
    after: int


class TickRoom(Room):
    """Serves tick-by-tick data and historical ticks."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        text = "Max number of tick-by-tick requests has been reached."
        allowance = Allowance(gateway.settings.limits.tick_by_tick_lines, Code.TICK_LIMIT, text)
        self.lines: Lines[TickLine] = Lines(allowance)

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            market_data.TickByTickRequest: self._subscribe,
            market_data.CancelTickByTick: lambda session, asked: self.lines.close(session, asked.req_id),
            history.HistoricalTicksRequest: self._historical,
        }

    def _subscribe(self, session: Session, request: market_data.TickByTickRequest) -> None:
        kind, req_id = _KINDS.get(request.tick_type), request.req_id
        if kind is None:
            raise invalid(f"Invalid tick type {request.tick_type}", "bS")
        self.lines.check(session, req_id)
        listed = data_contract(self.gateway, request.contract)
        data_type(self.gateway, session, req_id, listed)
        if kind in (LAST, ALL_LAST) and not listed.is_future:
            what = f"{listed.card.exchange} {listed.sec_type}"
            text = f"Failed to request tick-by-tick data.No market data permissions for {what}"
            raise RefusedError(Code.NO_TICKS, text)
        line = TickLine(listed, kind, self.gateway.exchange.now_ns)
        self.lines.open(session, req_id, line)
        if request.count > 0:
            what = {BID_ASK: "BID_ASK", MIDPOINT: "MIDPOINT"}.get(kind, "TRADES")
            found = self._ticks(listed, None, self.gateway.now, min(request.count, MAX_TICKS))
            session.send(_as_answer(req_id, what, listed, found))
        quote = self.gateway.live_quote(listed)
        if quote is not None:
            session.send(_tick(req_id, line, quote))

    def _send_ticks(self, session: Session, req_id: int, line: TickLine) -> None:
        """Send a tick for each ended bar, however far the clock moved; those of a data outage are lost."""
        now, after = self.gateway.exchange.now_ns, line.after
        line.after = now
        if not self.gateway.faults.market_data_stopped:
            ended = self.gateway.history.finest(line.listed, after - DAY, now)
            for quote in quotes_after(ended, after, half_spread(line.listed)):
                session.send(_tick(req_id, line, quote))

    # Historical ticks

    def _historical(self, session: Session, request: history.HistoricalTicksRequest) -> None:
        listed = data_contract(self.gateway, request.contract, include_expired=request.include_expired)
        zone = self.gateway.settings.zone
        try:
            start = parse_time(request.start_time, zone) if request.start_time.strip() else None
            end = parse_time(request.end_time, zone) if request.end_time.strip() else None
        except MessageError as error:
            text = f"Error validating request.-'bV' : cause - {error.fact}"
            raise RefusedError(Code.BAD_TIME, text) from error
        what = request.what_to_show.upper()
        if (start is None) is (end is None) or what not in _PAST_KINDS:
            raise invalid(f"Give a start or an end, and one of {', '.join(_PAST_KINDS)}", "bV")
        if what == "TRADES" and not listed.is_future:
            what = f"{listed.card.symbol}@{listed.card.exchange} Trades"
            raise RefusedError(Code.HISTORY, NO_DATA.format(what=what))
        count = min(max(request.count, 0), MAX_TICKS)
        found = self._ticks(listed, start, min(end or self.gateway.now, self.gateway.now), count)
        session.send(_as_answer(request.req_id, what, listed, found))

    def _ticks(self, listed: Listed, start: datetime | None, end: datetime, count: int) -> Bars:
        """Return the first ticks from a start on, or, without a start, the last ones before an end."""
        if start is not None:
            return self.gateway.history.finest(listed, nanoseconds(start), nanoseconds(end)).slice(0, count)
        found = self.gateway.market.recent(listed, nanoseconds(end))
        return found.slice(max(len(found) - count, 0), len(found))

    # Changes

    def clock_moved(self) -> None:
        """Send every line its new ticks."""
        for session, req_id, line in self.lines:
            self._send_ticks(session, req_id, line)

    def lose_data(self) -> None:
        """Drop every line, as after 1101 (data lost)."""
        self.lines.clear()

    def forget(self, session: Session) -> None:
        """Drop an ended session's lines."""
        self.lines.forget(session)


def _tick(req_id: int, line: TickLine, quote: Quote) -> TickByTick:
    exchange = line.listed.card.exchange
    if line.kind == BID_ASK:
        tick = TickByTick(req_id, BID_ASK, quote.time, bid=quote.bid, ask=quote.ask)
        return attrs.evolve(tick, bid_size=quote.bid_size, ask_size=quote.ask_size)
    if line.kind == MIDPOINT:
        return TickByTick(req_id, MIDPOINT, quote.time, midpoint=quote.midpoint)
    return TickByTick(req_id, line.kind, quote.time, quote.last, quote.last_size, exchange=exchange)


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
