"""Market depth made up from the quote: each row is a tick further away and a lot larger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.codec.requests import market_data as requests
from brokerkit.plugins.sim.gateway.codec.responses.market_data import Depth, DepthExchange, DepthExchanges, DepthL2
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.quotes import Quote, half_spread
from brokerkit.plugins.sim.gateway.rooms.lines import Allowance, Lines, data_contract, data_type
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

MAX_LINES, MAX_ROWS = 3, 10
INSERT, UPDATE = 0, 1
ASK_SIDE, BID_SIDE = 0, 1


@attrs.define(eq=False)
class DepthLine:
    """A market depth subscription."""

    listed: Listed
    rows: int
    smart: bool
    sent: dict[tuple[int, int], tuple[float, float]] = attrs.field(factory=dict)


class DepthRoom(Room):
    """Serves market depth."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        text = f"Max number ({MAX_LINES}) of market depth requests has been reached"
        self.lines: Lines[DepthLine] = Lines(Allowance(MAX_LINES, Code.DEPTH_LIMIT, text))

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.DepthRequest: self._subscribe,
            requests.CancelDepth: lambda session, asked: self.lines.close(session, asked.req_id),
            requests.DepthExchangesRequest: self._exchanges,
        }

    def _subscribe(self, session: Session, request: requests.DepthRequest) -> None:
        self.lines.check(session, request.req_id)
        listed = data_contract(self.gateway, request.contract)
        data_type(self.gateway, session, request.req_id, listed)
        line = DepthLine(listed, min(max(request.rows, 1), MAX_ROWS), request.smart)
        self.lines.open(session, request.req_id, line)
        self._send_changes(session, request.req_id, line)

    def _send_changes(self, session: Session, req_id: int, line: DepthLine) -> None:
        quote = self.gateway.live_quote(line.listed)
        if quote is None:
            return
        for key, level in _book(quote, half_spread(line.listed), line.rows).items():
            if line.sent.get(key) != level:
                operation = UPDATE if key in line.sent else INSERT
                line.sent[key] = level
                session.send(_row(req_id, line, key, operation, level))

    def clock_moved(self) -> None:
        """Send every line what has changed."""
        for session, req_id, line in self.lines:
            self._send_changes(session, req_id, line)

    def lose_data(self) -> None:
        """Drop every line, as after 1101 (data lost)."""
        self.lines.clear()

    def forget(self, session: Session) -> None:
        """Drop an ended session's lines."""
        self.lines.forget(session)

    def _exchanges(self, session: Session, request: requests.DepthExchangesRequest) -> None:
        found = {(listed.card.exchange, listed.sec_type) for listed in self.gateway.contracts}
        session.send(DepthExchanges(tuple(DepthExchange(exchange, kind) for exchange, kind in sorted(found))))


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
