"""The gateway without its sockets: a market, the sessions of its clients, and the rooms that answer them."""

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
    """What stands between clients and the exchange.

    Args:
        market: What is traded. Its exchange's accounts are those that clients manage.
        settings: How the gateway presents itself.
        recorder: Writes down every frame; None writes nothing.

    Attributes:
        orders: The order desk.
        faults: The faults that are on.
        requests: How many requests were handled.
        market_data_lines: How many quotes and five-second bars clients may subscribe to, and how many they have.
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
        self._day_begun = self.day
        self.after_request: Callable[[], None] = _nothing
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
        self.exchange.listen(ConnectionChange, self._line_changed)

    def _line_changed(self, change: ConnectionChange) -> None:
        """Tell clients that the exchange's own line is down, or up again: the gateway's link to IB."""
        if change.state is ConnectionState.CONNECTED:
            self.notice(Code.CONNECTIVITY_RESTORED, LINK_RESTORED + "maintained.")
        else:
            self.notice(Code.CONNECTIVITY_LOST, LINK_LOST)

    # What there is

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that clients manage."""
        return tuple(name for name, _ in self.exchange.accounts())

    @property
    def now(self) -> datetime:
        """What the exchange's clock shows, aware UTC."""
        return self.exchange.now

    @property
    def is_linked(self) -> bool:
        """Whether the exchange can be reached now."""
        try:
            self.exchange.check_line()
        except ConnectionProblem:
            return False
        return True

    @property
    def day(self) -> int:
        """The day that it is in the login's time zone, as a number."""
        return self.now.astimezone(self.settings.zone).toordinal()

    def find(self, asked: Contract, *, include_expired: bool = False) -> list[Listed]:
        """Return the contracts that a client describes."""
        if self.faults.contracts_hidden:
            return []
        return self.contracts.find(asked, self.now, include_expired=include_expired)

    def the_one(self, asked: Contract, *, include_expired: bool = False) -> Listed:
        """Return the one contract that a client describes.

        Raises:
            RefusedError: There is none, or more than one.
        """
        found = self.find(asked, include_expired=include_expired)
        if not found:
            raise RefusedError(Code.NO_CONTRACT, NO_DEFINITION)
        if len(found) > 1:
            raise RefusedError(Code.NO_CONTRACT, AMBIGUOUS.format(symbol=asked.symbol))
        return found[0]

    def live_quote(self, listed: Listed) -> Quote | None:
        """Return the quote that clients are told of now; None before the first, and while no market data leave."""
        return None if self.faults.market_data_stopped else self.quote(listed)

    def quote(self, listed: Listed) -> Quote | None:
        """Return a contract's quote now, or None before its first bar has ended."""
        self.market.ready(listed)
        return quote_at(self.market, listed, self.exchange.now_ns)

    def is_open(self, listed: Listed) -> bool:
        """Tell whether a contract's market is open now."""
        if listed.terms.sessions is None:
            return True
        session = listed.terms.sessions.current_or_next(self.exchange.now_ns)
        return session is not None and session[0] <= self.exchange.now_ns

    def opening_of(self, listed: Listed) -> str:
        """Return when a contract's market opens next, as an order message tells it."""
        sessions = listed.terms.sessions
        session = None if sessions is None else sessions.current_or_next(nanoseconds(self.now))
        if session is None:
            return "it opens again"
        opening = time_of(session[0]).astimezone(ZoneInfo(listed.card.time_zone))
        return f"{opening:%Y-%m-%d %H:%M:%S} {listed.card.time_zone}"

    def holdings(self, account: str = "") -> list[Holding]:
        """Return the open positions of an account, or of all, valued now."""
        return holdings_of(self, account)

    # Sessions

    def sessions(self) -> list[Session]:
        """Return the sessions that have started."""
        return list(self._sessions.values())

    def session_of(self, client_id: int) -> Session | None:
        """Return a client's session, or None if it has none."""
        return self._sessions.get(client_id)

    def admit(self, session: Session, client_id: int) -> bool:
        """Give a session its client id; return whether the id was free."""
        number = session.connection.number
        if client_id < 0 or client_id in self._sessions or self.faults.refuses_client_ids():
            _log.warning("connection %d turned away: client id %d is in use", number, client_id)
            return False
        _log.info("client %d is here, by connection %d, version %d", client_id, number, session.version)
        session.client_id = client_id
        self._sessions[client_id] = session
        return True

    def forget(self, session: Session) -> None:
        """Drop a session that has ended."""
        if self._sessions.get(session.client_id) is session:
            _log.info("client %d is gone", session.client_id)
            del self._sessions[session.client_id]
            for room in self._rooms:
                room.forget(session)

    def handle(self, session: Session, request: Any) -> None:
        """Answer a request; whatever goes wrong in it is an error for its client and for nobody else."""
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
        except Exception:  # noqa: BLE001 because one client's request must never end the others' sessions
            _log.exception("request %r of client %d failed", request, session.client_id)
            session.error(number, Code.ERROR_PROCESSING, "Error processing request. internal error")
        self.after_request()

    def notice(self, code: Code, text: str) -> None:
        """Send a notice to every client."""
        for session in self.sessions():
            session.notice(code, text)

    def tell_lines(self, code: Code) -> None:
        """Send an error to every market data line."""
        for session, req_id, _ in self._quotes.lines:
            session.error(req_id, code, COMPETING)

    def lose_market_data(self) -> None:
        """End every subscription to market data without a word, as after 1101."""
        for room in self._rooms:
            room.lose_data()

    def restart(self) -> None:
        """Close every client's socket; orders, positions and ids are kept."""
        for session in self.sessions():
            session.connection.close()
            self.forget(session)

    # Clock

    def advance(self, length: timedelta) -> None:
        """Move the exchange's clock on, and tell clients what has changed."""
        self.advance_to(self.now + length)

    def advance_to(self, time: datetime | int) -> None:
        """Move the exchange's clock to a time, and tell clients what has changed."""
        if nanoseconds(time) > self.exchange.now_ns:
            self.exchange.advance_to(time)
        self.clock_moved()

    def advance_bars(self, bars: int = 1) -> bool:
        """Move the exchange's clock to the end of the next bar, or of several; return whether there was one."""
        moved = self.exchange.advance(bars)
        self.clock_moved()
        return moved

    def clock_moved(self) -> None:
        """Tell clients what has changed because the clock moved; begin a new day at local midnight."""
        if self.day != self._day_begun:
            self._day_begun = self.day
            self.orders.new_day()
            self.exchange.forget(self.now - _KEPT)
        for room in self._rooms:
            try:
                room.clock_moved()
            except ConnectionProblem:  # the exchange cannot be asked now: what it says is told once it can
                continue
            except Exception:  # noqa: BLE001 because the clock must go on whatever one room makes of it
                _log.exception("%s failed as the clock moved", type(room).__name__)


_KEPT = timedelta(days=1)
"""For how long the exchange keeps what has ended; the gateway itself tells of the day's."""


def _nothing() -> None:
    """Do nothing."""
