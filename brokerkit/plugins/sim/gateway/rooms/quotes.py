"""Market data: subscriptions and snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.plugins.sim.gateway.codec.requests import market_data as requests
from brokerkit.plugins.sim.gateway.codec.responses.market_data import (
    MarketDataType,
    ScannerParameters,
    SmartComponent,
    SmartComponents,
    TickGeneric,
    TickPrice,
    TickRequestParameters,
    TickSize,
    TickSnapshotEnd,
    TickString,
)
from brokerkit.plugins.sim.gateway.codes import COMPETING, Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.quotes import Quote
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.rooms import generic_ticks
from brokerkit.plugins.sim.gateway.rooms.lines import (
    DELAYED,
    DELAYED_FROZEN,
    FROZEN,
    LIVE,
    Lines,
    data_contract,
    data_type,
)
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

HALTED = 49
SNAPSHOT_PERMISSIONS = 3
BBO_EXCHANGE = "9c0001"

_PRICES = {"bid": (1, 66), "ask": (2, 67), "last": (4, 68), "high": (6, 72), "low": (7, 73)}
_PRICES |= {"previous_close": (9, 75), "open": (14, 76)}
_SIZES = {"bid_size": (0, 69), "ask_size": (3, 70), "last_size": (5, 71), "volume": (8, 74)}
_SIZE_OF = {"bid": "bid_size", "ask": "ask_size", "last": "last_size"}
_TRADE_FIELDS = frozenset({"last", "last_size", "volume", "open"})
_TIME = (45, 88)
"""Tick types, live and delayed, by field of a quote."""


@attrs.define(eq=False)
class QuoteLine:
    """A market data line, and the quote last sent.

    Attributes:
        kind: Its current market data type.
        freezes: Whether its client requested frozen data: the last quote while the market is closed.
    """

    listed: Listed
    kind: int
    freezes: bool
    sent: Quote | None = None

    @property
    def column(self) -> int:
        """The index into a pair of tick types: 0 live, 1 delayed."""
        return int(self.kind in (DELAYED, DELAYED_FROZEN))

    def kind_while(self, *, is_open: bool) -> int:
        """Return its market data type while the market is open, or closed."""
        if self.freezes and not is_open:
            return DELAYED_FROZEN if self.column else FROZEN
        return DELAYED if self.column else LIVE


class QuoteRoom(Room):
    """Serves quotes."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.lines: Lines[QuoteLine] = Lines(gateway.market_data_lines)

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.MarketDataRequest: self._subscribe,
            requests.CancelMarketData: lambda session, asked: self.lines.close(session, asked.req_id),
            requests.MarketDataTypeRequest: self._choose,
            requests.SmartComponentsRequest: self._components,
            requests.ScannerParametersRequest: lambda session, asked: session.send(ScannerParameters()),
        }

    @staticmethod
    def _choose(session: Session, request: requests.MarketDataTypeRequest) -> None:
        if request.market_data_type in (1, 2, 3, 4):
            session.market_data_type = request.market_data_type

    def _subscribe(self, session: Session, request: requests.MarketDataRequest) -> None:
        req_id = request.req_id
        is_snapshot = request.snapshot or request.regulatory_snapshot
        if is_snapshot and request.generic_ticks.strip():
            raise invalid("Snapshot market data subscription is not applicable to generic ticks", "bQ")
        self.lines.check(session, req_id)
        if self.gateway.faults.competing_session:
            raise RefusedError(Code.COMPETING_SESSION, COMPETING)
        listed = data_contract(self.gateway, request.contract)
        if request.generic_ticks.strip():
            generic_ticks.check(request.generic_ticks, listed.sec_type)
        kind = data_type(self.gateway, session, req_id, listed)
        line = QuoteLine(listed, kind, session.market_data_type in (FROZEN, DELAYED_FROZEN))
        session.send(TickRequestParameters(req_id, float(listed.terms.tick_size), BBO_EXCHANGE, SNAPSHOT_PERMISSIONS))
        session.send(MarketDataType(req_id, kind))
        self._send_changes(session, req_id, line)
        if is_snapshot:
            session.send(TickSnapshotEnd(req_id))
        else:
            self.lines.open(session, req_id, line)

    def _send_changes(self, session: Session, req_id: int, line: QuoteLine) -> None:
        quote = self.gateway.live_quote(line.listed)
        if quote is None:
            return
        is_open = self.gateway.is_open(line.listed)
        kind = line.kind_while(is_open=is_open)
        if kind != line.kind:
            line.kind = kind
            session.send(MarketDataType(req_id, kind))
        elif line.freezes and not is_open and line.sent is not None:
            return
        if not is_open and not line.freezes:
            quote = quote.without_bid_and_ask()
        if quote == line.sent:
            return
        for message in changes(req_id, line, quote):
            session.send(message)
        line.sent = quote

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

    def _components(self, session: Session, request: requests.SmartComponentsRequest) -> None:
        exchanges = sorted({listed.card.exchange for listed in self.gateway.contracts})[:26]
        components = tuple(SmartComponent(bit, name, chr(65 + bit)) for bit, name in enumerate(exchanges))
        session.send(SmartComponents(request.req_id, components))


def changes(req_id: int, line: QuoteLine, quote: Quote) -> Iterable[Any]:
    """Yield a message for each changed value of a quote; currency pairs have no trade fields."""
    sent, column = line.sent, line.column
    omitted = frozenset() if line.listed.is_future else _TRADE_FIELDS
    for name, types in _PRICES.items():
        value = getattr(quote, name)
        if value and name not in omitted and (sent is None or value != getattr(sent, name)):
            yield TickPrice(req_id, types[column], value, getattr(quote, _SIZE_OF.get(name, ""), 0.0), 1)
    for name, types in _SIZES.items():
        value = getattr(quote, name)
        if name not in omitted and (sent is None or value != getattr(sent, name)):
            yield TickSize(req_id, types[column], value)
    if not omitted and (sent is None or quote.time != sent.time):
        yield TickString(req_id, _TIME[column], str(quote.time))
    if sent is None:
        yield TickGeneric(req_id, HALTED, 0.0)
