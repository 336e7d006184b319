"""The gateway without its sockets: a market, client sessions, and the rooms that handle their requests."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from brokerkit.errors import BrokerkitError, ConnectionProblem
from brokerkit.plugins.sim.exchange.units import nanoseconds, time_of
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.codes import (
    AMBIGUOUS,
    COMPETING,
    CONTRACT_CONFLICT,
    LINK_LOST,
    LINK_RESTORED,
    NO_DEFINITION,
    NO_REQUEST,
    Code,
)
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.faults.faults import Faults
from brokerkit.plugins.sim.gateway.market import Market
from brokerkit.plugins.sim.gateway.market.quotes import Quote, quote_at
from brokerkit.plugins.sim.gateway.orders.desk import OrderDesk
from brokerkit.plugins.sim.gateway.recorder import Recorder
from brokerkit.plugins.sim.gateway.refused import RefusedError
from brokerkit.plugins.sim.gateway.rooms.account import AccountRoom
from brokerkit.plugins.sim.gateway.rooms.contracts import ContractRoom
from brokerkit.plugins.sim.gateway.rooms.depth import DepthRoom
from brokerkit.plugins.sim.gateway.rooms.executions import ExecutionRoom
from brokerkit.plugins.sim.gateway.rooms.history import HistoryRoom
from brokerkit.plugins.sim.gateway.rooms.holdings import Holding, holdings_of
from brokerkit.plugins.sim.gateway.rooms.lines import Allowance
from brokerkit.plugins.sim.gateway.rooms.orders import OrderRoom
from brokerkit.plugins.sim.gateway.rooms.positions import PositionRoom
from brokerkit.plugins.sim.gateway.rooms.profit import ProfitRoom
from brokerkit.plugins.sim.gateway.rooms.quotes import QuoteRoom
from brokerkit.plugins.sim.gateway.rooms.real_time_bars import RealTimeBarRoom
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.rooms.session import SessionRoom
from brokerkit.plugins.sim.gateway.rooms.ticks import TickRoom
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.plugins.sim.gateway.settings import GatewaySettings
from brokerkit.spec.events import ConnectionChange, ConnectionState
from brokerkit.spec.positions import Position

_log = logging.getLogger("brokerkit.gateway")


class Gateway:
    """Connects clients to the exchange.

    Args:
        market: The market that it serves. The accounts of its exchange are those that clients manage.
        settings: The gateway's settings.
        recorder: Records every frame; None records nothing.

    Attributes:
        orders: The order desk.
        faults: The active faults.
        requests: The number of requests handled.
        market_data_lines: The allowance of quote and five-second bar subscriptions for all clients, and its use.
    """

    def __init__(
        self, market: Market, settings: GatewaySettings | None = None, recorder: Recorder | None = None
    ) -> None:
        self.settings = settings or GatewaySettings()
        self.market = market
        self.exchange = market.exchange
        self.contracts = market.contracts
        self.history = market.history
        self.recorder = recorder
        self.faults = Faults(self)
        self.orders = OrderDesk(self)
        self.requests = 0
        self._current_day = self.day
        self.after_request: Callable[[], None] = _do_nothing
        self.market_data_lines = Allowance(self.settings.limits.market_data_lines)
        self.account_room = AccountRoom(self)
        self._quotes, positions = QuoteRoom(self), PositionRoom(self)
        self._rooms: list[Room] = [
            *(SessionRoom(self), ContractRoom(self), HistoryRoom(self)),
            *(self._quotes, TickRoom(self), DepthRoom(self), RealTimeBarRoom(self)),
            *(OrderRoom(self), ExecutionRoom(self), positions, self.account_room, ProfitRoom(self)),
        ]
        self._handlers: dict[type, Handler] = {}
        for room in self._rooms:
            self._handlers.update(room.handlers())
        self._sessions: dict[int, Session] = {}
        self.orders.listen()
        self.exchange.listen(Position, positions.on_position)
        self.exchange.listen(ConnectionChange, self._connection_changed)

    def _connection_changed(self, change: ConnectionChange) -> None:
        """Tell clients that the connection to the exchange (a real gateway's link to IB) was lost or restored."""
        if change.state is ConnectionState.CONNECTED:
            self.notice(Code.CONNECTIVITY_RESTORED, LINK_RESTORED + "maintained.")
        else:
            self.notice(Code.CONNECTIVITY_LOST, LINK_LOST)

    # Market and state

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that clients manage."""
        return tuple(name for name, _ in self.exchange.accounts())

    @property
    def now(self) -> datetime:
        """The time on the exchange's clock, aware UTC."""
        return self.exchange.now

    @property
    def is_linked(self) -> bool:
        """Whether the exchange can be reached."""
        try:
            self.exchange.check_line()
        except ConnectionProblem:
            return False
        return True

    @property
    def day(self) -> int:
        """The current date in the login's time zone, as an ordinal."""
        return self.now.astimezone(self.settings.zone).toordinal()

    def find(self, asked: Contract, *, include_expired: bool = False) -> list[Listed]:
        """Return the contracts that match a client's description."""
        if self.faults.contracts_hidden:
            return []
        return self.contracts.find(asked, self.now, include_expired=include_expired)

    def the_one(self, asked: Contract, *, include_expired: bool = False) -> Listed:
        """Return the one contract that matches a client's description.

        Raises:
            RefusedError: No contract matches, or more than one, or the one with the contract id has another expiry.
        """
        found = self.find(asked, include_expired=include_expired)
        if not found:
            raise RefusedError(Code.NO_CONTRACT, NO_DEFINITION)
        if len(found) > 1:
            raise RefusedError(Code.NO_CONTRACT, AMBIGUOUS.format(symbol=asked.symbol))
        if asked.con_id and not found[0].has_date(asked.last_trade_date):
            text = CONTRACT_CONFLICT.format(asked=asked.last_trade_date, listed=found[0].last_trade_date)
            raise RefusedError(Code.CONTRACT_CONFLICT, text)
        return found[0]

    def live_quote(self, listed: Listed) -> Quote | None:
        """Return the quote to send to clients; None before the first, and while market data are stopped."""
        return None if self.faults.market_data_stopped else self.quote(listed)

    def quote(self, listed: Listed) -> Quote | None:
        """Return a contract's current quote; None before its first bar has ended."""
        self.market.ready(listed)
        return quote_at(self.market, listed, self.exchange.now_ns)

    def is_open(self, listed: Listed) -> bool:
        """Return whether a contract's market is open."""
        if listed.terms.sessions is None:
            return True
        session = listed.terms.sessions.current_or_next(self.exchange.now_ns)
        return session is not None and session[0] <= self.exchange.now_ns

    def opening_of(self, listed: Listed) -> str:
        """Return when a contract's market next opens, as worded in an order message."""
        sessions = listed.terms.sessions
        session = None if sessions is None else sessions.current_or_next(nanoseconds(self.now))
        if session is None:
            return "it opens again"
        opening = time_of(session[0]).astimezone(ZoneInfo(listed.card.time_zone))
        return f"{opening:%Y-%m-%d %H:%M:%S} {listed.card.time_zone}"

    def holdings(self, account: str = "") -> list[Holding]:
        """Return the open positions of one account, or of all, at current values."""
        return holdings_of(self, account)

    # Sessions

    def sessions(self) -> list[Session]:
        """Return the sessions that have a client id."""
        return list(self._sessions.values())

    def session_of(self, client_id: int) -> Session | None:
        """Return the session of a client id, or None."""
        return self._sessions.get(client_id)

    def admit(self, session: Session, client_id: int) -> bool:
        """Register a session under its client id; return False if the id is not available."""
        number = session.connection.number
        if client_id < 0 or client_id in self._sessions or self.faults.refuses_client_ids():
            _log.warning("connection %d refused: client id %d is in use", number, client_id)
            return False
        _log.info("client %d connected: connection %d, server version %d", client_id, number, session.version)
        session.client_id = client_id
        self._sessions[client_id] = session
        return True

    def forget(self, session: Session) -> None:
        """Remove a session that has ended."""
        if self._sessions.get(session.client_id) is session:
            _log.info("client %d disconnected", session.client_id)
            del self._sessions[session.client_id]
            for room in self._rooms:
                room.forget(session)

    def handle(self, session: Session, request: Any) -> None:
        """Handle a request; if it fails, its client gets an error and other clients are unaffected."""
        if self.faults.loses(session, request):
            return
        self.requests += 1
        number = getattr(request, "req_id", getattr(request, "order_id", NO_REQUEST))
        try:
            self._handlers[type(request)](session, request)
        except RefusedError as refused:
            session.error(number, refused.code, refused.text)
        except BrokerkitError as error:
            session.error(number, Code.ERROR_PROCESSING, f"Error processing request. {error.fact}")
        except Exception:  # noqa: BLE001 because one client's request must never end other clients' sessions
            _log.exception("request %r of client %d failed", request, session.client_id)
            session.error(number, Code.ERROR_PROCESSING, "Error processing request. internal error")
        self.after_request()

    def notice(self, code: Code, text: str) -> None:
        """Send a notice to every client."""
        for session in self.sessions():
            session.notice(code, text)

    def tell_lines(self, code: Code) -> None:
        """Send an error under the request id of every market data line."""
        for session, req_id, _ in self._quotes.lines:
            session.error(req_id, code, COMPETING)

    def lose_market_data(self) -> None:
        """Drop every market data subscription without notice, as after 1101."""
        for room in self._rooms:
            room.lose_data()

    def restart(self) -> None:
        """Close every client's socket; orders, positions and ids are kept."""
        for session in self.sessions():
            session.connection.close()
            self.forget(session)

    # Clock

    def advance(self, length: timedelta) -> None:
        """Advance the exchange's clock, and send clients what has changed."""
        self.advance_to(self.now + length)

    def advance_to(self, time: datetime | int) -> None:
        """Advance the exchange's clock to a time, and send clients what has changed."""
        if nanoseconds(time) > self.exchange.now_ns:
            self.exchange.advance_to(time)
        self.clock_moved()

    def advance_bars(self, bars: int = 1) -> bool:
        """Advance the exchange's clock by one or more bars, to the end of the last; return whether there was a bar."""
        moved = self.exchange.advance(bars)
        self.clock_moved()
        return moved

    def clock_moved(self) -> None:
        """Send clients what has changed because the clock moved; start a new day at local midnight."""
        if self.day != self._current_day:
            self._current_day = self.day
            self.orders.new_day()
            self.exchange.forget(self.now - _RETENTION)
        for room in self._rooms:
            try:
                room.clock_moved()
            except ConnectionProblem:  # the exchange cannot be reached: changes are sent once it can
                continue
            except Exception:  # noqa: BLE001 because the clock must go on even if one room fails
                _log.exception("%s failed when the clock moved", type(room).__name__)


_RETENTION = timedelta(days=1)
"""How long the exchange keeps what has ended; the gateway itself keeps the current day's."""


def _do_nothing() -> None:
    """Do nothing."""
