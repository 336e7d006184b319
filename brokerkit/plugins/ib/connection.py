"""The connection: owns the client library's IB object, keeps it connected, and reports its state."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from brokerkit.errors import (
    BrokerClosed,
    CannotConnect,
    ClientIdInUse,
    ConnectionLost,
    NoFreeClientId,
    RequestTimedOut,
    StoreError,
)
from brokerkit.plugins.ib.account_figures import AccountFigures
from brokerkit.plugins.ib.client_ids import ClientIdHolder, Identity
from brokerkit.plugins.ib.data_farms import DataFarms
from brokerkit.plugins.ib.dialing import dial
from brokerkit.plugins.ib.error_codes import error_for
from brokerkit.plugins.ib.gateway_clock import GatewayClock
from brokerkit.plugins.ib.initial_requests import Handshake
from brokerkit.plugins.ib.library import Library, adapt, load_library
from brokerkit.plugins.ib.line_news import LineNews
from brokerkit.plugins.ib.line_state import LineState
from brokerkit.plugins.ib.live_ib import LiveIB
from brokerkit.plugins.ib.logins import check_same_login
from brokerkit.plugins.ib.loop_thread import LoopThread
from brokerkit.plugins.ib.settings import IBSettings
from brokerkit.plugins.ib.time_request import TimeRequest
from brokerkit.plugins.ib.worker_thread import WorkerThread
from brokerkit.spec.events import ConnectionChange, ConnectionState, DataGap
from brokerkit.spec.services import Store

T = TypeVar("T")
_log = logging.getLogger(__name__)

_LIBRARY_TIMEOUT = 30.0
_FIRST_WAIT = 0.1
_TRIES_FOR_AN_ID = 32
_TRIES_FOR_OWN_ID = 5


class IBConnection(LineState):
    """The connection to a Gateway or TWS, usable from any thread.

    Attributes:
        settings: The plugin's settings, including the address.
        library: The client library in use.
        ib: The library's IB object, safe to use from any thread; like `library`, available once `open` has returned.
        callbacks: The thread that runs handlers of `ib`'s events, which may block.
        errands: The thread for the plugin's own requests after a reconnect.
        clock: The Gateway's clock, cached.
        farms: IB's data farms that are disconnected.
        time: Requests the Gateway's time, in the client's event loop.
        figures: The subscription to account values, started when they are first needed.
        is_read_only: Whether the Gateway leaves requests about orders unanswered because its API is read-only.
        refuses_orders: Whether the Gateway said that its API is read-only.
        session: Increases when a connection attempt starts and when it is ready; order ids are valid only while it is
            unchanged.
    """

    library: Library
    ib: LiveIB
    _raw: Any

    def __init__(
        self,
        settings: IBSettings,
        store: Callable[[], Store],
        emit: Callable[[ConnectionChange | DataGap], None],
    ) -> None:
        super().__init__(settings.gateway, emit)
        self.settings = settings
        self.is_read_only = self.refuses_orders = settings.api_read_only
        self.callbacks = WorkerThread("brokerkit-ib-events")
        self.errands = WorkerThread("brokerkit-ib-errands")
        self.clock = GatewayClock(self.server_time)
        self.farms = DataFarms()
        self.figures = AccountFigures(self.request, settings.account, settings.request_timeout)
        self._store = store
        self._ids = ClientIdHolder(settings, store)
        self._identity = Identity(-1, 0)
        self._login: list[str] = []
        self._accounts: list[str] = []
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._background: set[asyncio.Future[None]] = set()
        self._request_locks: dict[str, asyncio.Lock] = {}
        self.time = TimeRequest()
        self.session = 0
        self._news = LineNews(self)
        self._thread = LoopThread("brokerkit-ib-client")
        self._made = self._thread.begin(self._make)
        self._begin_first()

    def __repr__(self) -> str:
        """Return the address and client id in pysystemtrade's format."""
        where = {"ipaddress": self.settings.host, "port": self.settings.port, "client": self._identity.client_id}
        return f"IB broker connection{where}"

    # Opening and closing

    def send_client_id(self) -> None:
        """Take a client id and send it on the connection that has been opening since this object was created.

        All listeners must be registered by now.

        Raises:
            NoFreeClientId: The store has no id left.
            StoreError: The store cannot be used.
        """
        identity = self._ids.take()
        if self._first_identity.set_running_or_notify_cancel():  # otherwise connecting failed; `open` raises why
            self._first_identity.set_result(identity)

    def open(self) -> None:
        """Wait until connected, trying another client id for each one refused. It reconnects by itself from then on.

        Raises:
            MissingDependency: No client library is installed, or none that runs on this Python.
            CannotConnect: Nothing answers at the address, or it is no Gateway, or one that does not answer.
            ClientIdInUse: The fixed client id, or every one that was tried, is held by other sessions.
            MissingAccount: The Gateway is not logged in to the configured account.
            NoFreeClientId: The store has no id left.
        """
        self._thread.result_of(self._made, _LIBRARY_TIMEOUT, "load_library")
        for _ in range(_TRIES_FOR_AN_ID):
            try:
                self._thread.result_of(self._first, self.settings.connect_timeout * 3, "the connection")
            except ClientIdInUse as error:
                self._ids.refused(error)
                self._begin_first()
                self.send_client_id()
            else:
                return
        raise ClientIdInUse(
            f"{_TRIES_FOR_AN_ID} client ids in a row are in use at {self.settings.gateway}.",
            remedy="Restart the Gateway, or set `client_id_first` to a higher number.",
        )

    def _begin_first(self) -> None:
        """Start connecting, up to the point where the client id has to be sent."""
        self._first_identity: concurrent.futures.Future[Identity] = concurrent.futures.Future()
        self._first = self._thread.begin_coroutine(self._connect_first(self._first_identity))

    def close_connection(self) -> None:
        """Disconnect. Closing twice does nothing. The broker's store gives the client id back when it closes."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        with contextlib.ExitStack() as rest:  # one step that fails or is interrupted must not prevent the others
            rest.callback(self._end_threads)
            rest.callback(self._set_state, ConnectionState.CLOSED, "closed by the user")
            if not self._thread.is_current:
                try:
                    self._thread.call(self._shut)
                except RequestTimedOut as error:
                    _log.error("The connection to %s could not be closed: %s", self.settings.gateway, error)

    def let_go_of_socket(self) -> None:
        """In a forked child, close its copy of the socket: the Gateway would see the session as open after our end."""
        transport = self._raw.client.conn.transport
        number = -1 if transport is None else transport.get_extra_info("socket").fileno()
        if number >= 0:  # its place is taken, so that the transport, should it close it, closes nobody's file
            with Path(os.devnull).open("rb") as nothing:
                os.dup2(nothing.fileno(), number, inheritable=False)

    def _end_threads(self) -> None:
        self.callbacks.close()
        self.errands.close()
        self._thread.stop()

    # Status

    def client_id(self) -> int:
        """Return the client id in use."""
        return self._identity.client_id

    def is_held_elsewhere(self, client_id: int) -> bool:
        """Return whether the Gateway recently said that another session holds a client id."""
        return self._ids.is_held_elsewhere(client_id)

    @property
    def accounts(self) -> list[str]:
        """The accounts of the login, in the Gateway's order; also available while disconnected."""
        return list(self._accounts)

    def may_have(self, account: str) -> bool:
        """Return whether an account may be one of this login's, as any may while the Gateway has told none."""
        return not self._accounts or account in ("", *self._accounts)

    def require_up(self, doing: str) -> None:
        """Raise unless connected, as `LineState` does, and BrokerClosed in a forked child."""
        self._thread.check_process()
        super().require_up(doing)

    # Requests

    def request(
        self, ask: Callable[[Any], Awaitable[T]], what: str, timeout: float | None = None, *, about_order: bool = False
    ) -> T:
        """Send a request through the client library and return its answer.

        Args:
            ask: Called in the client's thread with the library's IB object; returns the awaitable.
            what: What is requested, for error messages.
            timeout: Seconds; the setting `request_timeout` when None.
            about_order: Whether the request concerns an order: a refused data request is never a rejected order.

        Raises:
            RequestTimedOut: There was no answer in time.
            ConnectionLost: The connection is down, or was lost during the request.
            BrokerkitError: IB refused: the typed error for its code.
        """
        if not self._raw.isConnected():
            self.require_up(what)
        asked = self.asked(ask, what, about_order=about_order)
        return self._thread.run(asked, timeout or self.settings.request_timeout, what)

    async def asked(self, ask: Callable[[Any], Awaitable[T]], what: str, *, about_order: bool = False) -> T:
        """Do the same inside the client's event loop; the caller sets the timeout."""
        try:
            return await ask(self._raw)
        except self.library.request_error() as error:
            code, text = getattr(error, "code", 0), getattr(error, "message", str(error))
            raise error_for(code, text, what[0].upper() + what[1:], about_order=about_order) from error
        except ConnectionError as error:
            if self._closing:
                raise BrokerClosed(f"The connection to {self.settings.gateway} was closed during {what}.") from error
            raise ConnectionLost(
                f"The connection to IB was lost during {what}: {error}.", place=self.settings.gateway
            ) from error

    def run(self, coroutine: Coroutine[Any, Any, T], what: str, timeout: float) -> T:
        """Run a coroutine of the plugin's in the client's event loop and return its result."""
        return self._thread.run(coroutine, timeout, what)

    def post(self, start: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Start a coroutine in the client's event loop, with the library's IB object, without waiting for it."""
        self._thread.post(lambda: self._keep(asyncio.ensure_future(start(self._raw))))

    async def shared(self, key: str, send: Callable[[], Awaitable[T]]) -> T:
        """Send a request of a kind of which IB allows only one at a time; other callers wait for their turn."""
        async with self._request_locks.setdefault(key, asyncio.Lock()):
            return await send()

    def server_time(self) -> datetime:
        """Return the Gateway's time, aware UTC."""
        return self.request(self.time.ask, "the time")

    def take_order_ids(self, count: int) -> tuple[int, list[int]]:
        """Return the session and `count` new order ids of it, without a round trip to the client's thread.

        Raises:
            ConnectionLost: The connection is down.
        """
        self._thread.check()
        session = self.session  # read first, so that ids of a newer session are refused on sending, not mixed up
        try:
            return session, [self._raw.client.getReqId() for _ in range(count)]
        except ConnectionError as error:
            raise ConnectionLost(f"The connection to IB is down: {error}.", place=self.settings.gateway) from error

    def call(self, function: Callable[[Any], T]) -> T:
        """Call a function in the client's thread with the library's IB object; it must not block.

        Raises:
            ConnectionLost: The connection is down.
        """
        try:
            return self._thread.call(function, self._raw, timeout=self.settings.request_timeout)
        except ConnectionError as error:
            raise ConnectionLost(f"The connection to IB is down: {error}.", place=self.settings.gateway) from error

    # Connecting, in the client's thread

    def _make(self) -> None:
        """Import the library, create its IB object, and register the handlers."""
        self.library = load_library(self.settings.library)
        self._raw = self.library.new_ib()
        self.ib = LiveIB(self._raw, self._thread, self.callbacks, self.settings.request_timeout, self.figures.want)
        self._listen()

    def _listen(self) -> None:
        adapt(self._raw, self.hear, self.settings.zone)
        self._raw.client.conn.hasData.connect(self._on_data, None, None, True)
        self._raw.errorEvent.connect(self._news.on_error, None, None, True)
        self._raw.disconnectedEvent.connect(self._news.on_disconnected, None, None, True)

    async def _connect_first(self, identity: concurrent.futures.Future[Identity]) -> None:
        self._made.result()  # raises if the library could not be loaded
        await self._connect_once(lambda: asyncio.wrap_future(identity))
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_connected()), loop.create_task(self._news.probe())]

    async def _connect_once(self, identity: Callable[[], Awaitable[Identity]]) -> None:
        """Connect and read orders, fills and positions; the connection is reported as up only when all is ready."""

        async def take_client_id() -> int:
            self._identity = await identity()
            return self.client_id()

        def on_client_id_sent() -> None:
            for callback in self._on_session:
                callback(self.client_id())

        self._news.expect_disconnect = True
        self._news.is_cut_off = False  # IB reports its own status again on a new connection
        self.is_read_only = self.refuses_orders = self.settings.api_read_only  # and whether its API is read-only
        self._request_locks.clear()
        self.time = TimeRequest()
        self.session += 1  # orders for the previous session must not be sent in this one, maybe under another client id
        try:
            await dial(
                self._raw, self.settings, Handshake(take_client_id, on_client_id_sent, self._ask_time, self.figures)
            )
            self._check_login()
            self._raw.client.updateReqId(self._identity.highest_order_id + 1)
            self.session += 1  # again: an order id taken during the reading may be too low, and must not be sent
            for callback in self._on_up:
                await callback(self._raw)
            self._check_connected()
        except BaseException:
            self._hang_up()
            raise
        finally:
            self._news.expect_disconnect = False
        self._news.broken.clear()
        if not self._news.is_cut_off:
            self.declare_up(f"connected to {self.settings.gateway} with client id {self.client_id()}")

    def _ask_time(self) -> None:
        """Set the clock in the background."""

        async def ask() -> None:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                self.clock.set(await asyncio.wait_for(self.time.ask(self._raw), self.settings.connect_timeout))

        self._keep(asyncio.ensure_future(ask()))

    def _check_connected(self) -> None:
        """Raise if the connection was lost while orders were read: no event reported it, so nothing would reconnect."""
        if not self._raw.isConnected():
            raise CannotConnect(
                f"{self.settings.gateway} closed the connection while its orders and fills were processed.",
                remedy="Try again: it may be restarting.",
            )

    def _check_login(self) -> None:
        """Refuse a Gateway whose login changed while disconnected: its orders would trade other accounts."""
        accounts = list(self._raw.wrapper.accounts)
        if self._login:
            check_same_login(self._login, accounts, self.settings.gateway)
        else:
            self._login = accounts
        self._accounts = accounts

    async def _in_executor(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, function)

    async def refresh(self, reason: str) -> None:
        """Read orders and fills again over a socket that stayed open, then report it as up, if it still is."""
        session = self.session
        try:
            for callback in self._on_up:
                await asyncio.wait_for(callback(self._raw), self.settings.connect_timeout)
        except Exception as error:  # noqa: BLE001 because whatever failed, the connection must not stay down forever
            is_given_up = self._closing or self._news.broken.is_set()  # the latter: reconnecting already
            if session == self.session and not is_given_up:
                self.drop(f"orders could not be read after '{reason}': {error!r}")
            return
        if session == self.session and not self._news.broken.is_set() and not self._news.is_cut_off:
            self.declare_up(reason)

    async def _keep_connected(self) -> None:
        """Reconnect whenever the connection is lost: one loop, with growing, random pauses."""
        while not self._closing:
            await self._news.broken.wait()
            if not self.settings.reconnect:
                self._set_state(ConnectionState.DISCONNECTED, f"{self._reason}; `reconnect` is off")
                return
            await self._reconnect()

    async def _reconnect(self) -> None:
        wait, own_id_refused = _FIRST_WAIT, 0
        while not self._closing:
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))
            wait = min(wait * 2, self.settings.max_reconnect_wait)
            try:
                await self._connect_once(lambda: self._in_executor(self._ids.take))
            except ClientIdInUse as error:
                own_id_refused += 1
                if own_id_refused >= _TRIES_FOR_OWN_ID and not self._ids.is_fixed:
                    await self._change_id(error)
                self.declare_down(str(error))
            except Exception as error:  # noqa: BLE001 because nothing may end the only loop that reconnects
                self.declare_down(f"still not connected: {error}")
            else:
                return

    def _keep(self, task: asyncio.Future[None]) -> None:
        """Keep a reference to a task that nobody awaits, and log its failure."""
        self._background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("A background task for IB at %s failed: %r", self.settings.gateway, error)

    async def _change_id(self, error: ClientIdInUse) -> None:
        """Lease another client id when the Gateway does not free the previous one."""

        def change() -> Identity:
            self._ids.refused(error)
            return self._ids.take()

        try:
            self._identity = await self._in_executor(change)
        except (NoFreeClientId, StoreError) as failure:
            _log.warning("Keeping client id %s, because no other is free: %s", self.client_id(), failure)

    def _shut(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._news.expect_disconnect = True
        if self._made.exception() is None:  # otherwise there is no IB object to disconnect
            self._hang_up()

    def drop(self, reason: str) -> None:
        """Close a connection that no longer answers, and reconnect."""
        _log.warning("Dropping the connection to IB at %s: %s", self.settings.gateway, reason)
        self._hang_up()
        self.declare_down(reason)
        self._news.broken.set()

    def _hang_up(self) -> None:
        """Close the socket, and fail all pending requests at once."""
        self._raw.client.disconnect()
        self._raw.wrapper.connectionClosed()
