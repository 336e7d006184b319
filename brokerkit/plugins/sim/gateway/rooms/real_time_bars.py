"""Five-second bars. Each contains a whole bar of the exchange, and its time is that of the last five seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.exchange.units import SECOND
from brokerkit.plugins.sim.gateway.codec.requests import market_data as requests
from brokerkit.plugins.sim.gateway.codec.responses.market_data import RealTimeBar
from brokerkit.plugins.sim.gateway.codes import BAR_LINE_PACING, Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.quotes import half_spread
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.rooms.bar_answers import ASK, BID, MIDPOINT, TRADES, shown_as
from brokerkit.plugins.sim.gateway.rooms.lines import Lines, data_contract, data_type
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

BAR_SECONDS = 5
KINDS = (TRADES, MIDPOINT, BID, ASK)
DAY_BACK = 86400 * SECOND
"""How far to look back before the last bar sent: longer than any bar."""


@attrs.define(eq=False)
class BarLine:
    """A five-second bar subscription; bars that end after `after` are still to be sent."""

    listed: Listed
    kind: str
    after: int


class RealTimeBarRoom(Room):
    """Serves five-second bars."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.lines: Lines[BarLine] = Lines(gateway.market_data_lines)

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.RealTimeBarsRequest: self._subscribe,
            requests.CancelRealTimeBars: lambda session, asked: self.lines.close(session, asked.req_id),
        }

    def _subscribe(self, session: Session, request: requests.RealTimeBarsRequest) -> None:
        if request.bar_size != BAR_SECONDS:
            raise RefusedError(Code.REAL_TIME_BARS, "Invalid Real-time Query:Bar size must be 5 seconds")
        kind = request.what_to_show.upper()
        if kind not in KINDS:
            raise invalid("What to show field is missing or incorrect.", "bY")
        self.lines.check(session, request.req_id)
        listed = data_contract(self.gateway, request.contract)
        data_type(self.gateway, session, request.req_id, listed)
        if kind == TRADES and not listed.is_future:
            what = f"{listed.card.symbol}/CASH@{listed.card.exchange} Last"
            raise RefusedError(Code.REAL_TIME_BARS, f"Invalid Real-time Query:No historical market data for {what}")
        if not session.history_pacing.admit_bar_line(time.monotonic()):
            raise RefusedError(Code.REAL_TIME_BARS, BAR_LINE_PACING)
        self.lines.open(session, request.req_id, BarLine(listed, kind, self.gateway.exchange.now_ns))

    def _send_ended(self, session: Session, req_id: int, line: BarLine) -> None:
        if self.gateway.faults.market_data_stopped:
            return
        now = self.gateway.exchange.now_ns
        ended = self.gateway.history.finest(line.listed, line.after - DAY_BACK, now)
        shown = shown_as(ended, line.kind, half_spread(line.listed))
        for at in range(len(shown)):
            if int(shown.end[at]) > line.after:
                session.send(_bar(req_id, shown, at))
        line.after = now

    def clock_moved(self) -> None:
        """Send every line the bars that have ended."""
        for session, req_id, line in self.lines:
            self._send_ended(session, req_id, line)

    def lose_data(self) -> None:
        """Drop every line, as after 1101 (data lost)."""
        self.lines.clear()

    def forget(self, session: Session) -> None:
        """Drop an ended session's lines."""
        self.lines.forget(session)


def _bar(req_id: int, bars: Bars, at: int) -> RealTimeBar:
    first, high, low, last = (float(column[at]) for column in (bars.open, bars.high, bars.low, bars.close))
    volume = float(bars.volume[at])
    average = -1.0 if volume < 0 else round((high + low + last) / 3, 6)
    start = int(bars.end[at]) // SECOND - BAR_SECONDS
    return RealTimeBar(req_id, start, first, high, low, last, volume, average, int(volume))
