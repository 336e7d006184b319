"""Streaming quotes with a status; a missing price is None, never a number."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any

from brokerkit.errors import BrokerClosed, BrokerkitError, ConnectionLost, MissingData
from brokerkit.plugins.ib.clients.prices import PriceClient, is_quoted
from brokerkit.plugins.ib.contract_facts import ResolvedContract
from brokerkit.plugins.ib.error_codes import error_for
from brokerkit.plugins.ib.executions import price_from
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.events import ConnectionState
from brokerkit.spec.prices import Quote, QuoteStatus
from brokerkit.spec.timeout import seconds_of

_STATUSES = {
    1: QuoteStatus.LIVE,
    2: QuoteStatus.FROZEN,
    3: QuoteStatus.DELAYED,
    4: QuoteStatus.DELAYED_FROZEN,
}
_REASONS = {
    QuoteStatus.LIVE: "",
    QuoteStatus.FROZEN: "the market is closed: the last quote before it closed",
    QuoteStatus.DELAYED: "no subscription to live data: delayed by about 15 minutes",
    QuoteStatus.DELAYED_FROZEN: "no subscription, and the market is closed",
}
_STOPPED = {QuoteStatus.LIVE: QuoteStatus.FROZEN, QuoteStatus.DELAYED: QuoteStatus.DELAYED_FROZEN}
_ADVISORIES = frozenset({10090, 10091, 10167})
"""Part of the data is missing or delayed; the rest follows."""
_COMPETING = 10197
_FATAL = frozenset({101, 200, 300, 10168, 10186, 10189, _COMPETING})
_GRACE = 3.0
"""Seconds after any other code, such as 354 or 10089: delayed quotes may follow it, or none at all."""
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


class IBTicker:
    """The streaming quotes of one contract, until its market data is cancelled.

    IB's reason for not quoting is kept until a price arrives. While another session has the data, the subscription is
    retried with growing pauses, because IB does not always say when that session ends. State is changed only in the
    client's thread.
    """

    def __init__(self, resolved: ResolvedContract, client: PriceClient) -> None:
        self._resolved = resolved
        self._client = client
        self._contract = client.new("Contract")
        self._ticker: Any = None
        self._failure: BrokerkitError | None = None
        self._advice = ""
        self._final: Quote | None = None
        self._news = threading.Condition()
        self._came: tuple[datetime, datetime] = (_NEVER, _NEVER)
        self._turn = threading.RLock()  # held while subscribing or cancelling
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._pause = 0.0

    def __repr__(self) -> str:
        """Return the contract that is quoted."""
        return f"<IBTicker of {self.contract}>"

    @property
    def contract(self) -> FuturesContract:
        """The contract that is quoted."""
        return self._resolved.contract

    def start(self, contract: Any) -> None:
        """Subscribe, initially or after a reconnect; do nothing once cancelled."""
        with self._turn:
            if not self._is_over:
                self._contract = contract
                try:
                    self._client.start_quotes(contract, self._begin)
                except BaseException:
                    self._is_over = self._ticker is None  # never started: callers waiting for it create a new one
                    raise

    def start_again(self) -> bool:
        """Subscribe again if IB refused, and return whether the quotes have not been cancelled."""
        with self._turn:
            if self._failure is not None:
                self.start(self._contract)
            return not self._is_over

    def stop(self) -> None:
        """Cancel the quotes; updates still in transit are ignored."""
        with self._turn:
            self._is_over = True
            self._client.stop_quotes(self._contract, self._end)
            self._final = self.quote()

    def quote(self) -> Quote:
        """Return the latest quote; its status is `NONE` if there has been none."""
        if self._final is not None:
            return self._final
        ticker = self._ticker
        time = self._time_of(getattr(ticker, "time", None))
        bid, ask, last = _prices(ticker)
        if bid is None and ask is None and last is None:
            return Quote(self.contract, time, QuoteStatus.NONE, reason=self._why_none())
        status, reason = self._status_of(ticker)
        return Quote(
            contract=self.contract,
            time=time,
            status=status,
            bid=bid,
            ask=ask,
            bid_size=_size(ticker.bidSize) if bid is not None else None,
            ask_size=_size(ticker.askSize) if ask is not None else None,
            last=last,
            last_size=_size(ticker.lastSize) if last is not None else None,
            reason=reason,
        )

    def _status_of(self, ticker: Any) -> tuple[QuoteStatus, str]:
        """Return the status of a library's ticker with prices, and its reason."""
        status = _STATUSES.get(ticker.marketDataType, QuoteStatus.LIVE)
        farm = self._client.ib_connection.farms.without_quotes(ticker.time or datetime.now(timezone.utc))
        if farm:
            return _STOPPED.get(status, status), f"IB's data farm {farm} is disconnected: the last quote before it was"
        return status, _REASONS[status]

    def _why_none(self) -> str:
        if self._client.ib_connection.state is not ConnectionState.CONNECTED:
            return "the line to IB is down: the prices of before are forgotten"
        if self._failure is not None:
            return self._failure.broker_message
        return f"IB has sent no price yet: {self._advice}" if self._advice else "IB has sent no price yet"

    def _time_of(self, stamp: datetime | None) -> datetime:
        """Convert the time of an update to the Gateway's clock, always the same for the same update."""
        gateway_time = self._client.ib_connection.clock.at
        if stamp is None:
            return gateway_time(datetime.now(timezone.utc))
        if stamp != self._came[0]:
            self._came = (stamp, gateway_time(stamp))
        return self._came[1]

    def wait_for_quote(self, timeout: float = 10.0) -> Quote:
        """Return the latest quote once it has both a bid and an ask; a temporary refusal is retried.

        Raises:
            MissingData: There was none in time; the reason says why.
            ConnectionLost: There was none in time, as the line is down.
            BrokerClosed: The broker is closed.
            DataPermissionDenied: The account has no market data subscription for it.
            CompetingSession: Another session has the data.
            WrongArgumentType: The timeout is no int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        timeout = seconds_of(timeout, "Ticker.wait_for_quote")
        failure = self._failure
        if failure is not None and failure.temporary:
            self._try_again()
        with self._news:
            self._news.wait_for(self._is_answered, timeout)
        failure, quote = self._failure, self.quote()
        is_missing = quote.bid is None or quote.ask is None
        if is_missing or self._is_closed:
            self._client.ib_connection.require_up(f"a quote of {self.contract}")
        if is_missing:
            if failure is not None:
                raise failure
            raise MissingData(
                f"No bid and ask of {self.contract} in {timeout:g} s.",
                remedy="Its market may be closed: check with is_contract_okay_to_trade.",
                broker_message=quote.reason,
            )
        return quote

    def _is_answered(self) -> bool:
        quote = self.quote()
        return self._is_closed or self._failure is not None or (quote.bid is not None and quote.ask is not None)

    @property
    def _is_closed(self) -> bool:
        return self._client.ib_connection.state is ConnectionState.CLOSED

    def wake(self) -> None:
        """Wake all callers waiting for a quote, to check again."""
        with self._news:
            self._news.notify_all()

    def line_changed(self) -> None:
        """Forget the prices of before a break, which nobody keeps up to date, and wake everybody who waits."""
        if self._client.ib_connection.state is not ConnectionState.CONNECTED:
            self.forget_prices()
        self.wake()

    def forget_prices(self) -> None:
        """Forget the prices so far, which are none of the next subscription's."""
        _forget_prices(self._ticker)

    # In the client's thread

    def failed(self, contract: Any, code: int, text: str) -> None:
        """Process IB's reason for sending no quotes, or only part of them."""
        if contract is not self._contract or self._is_over:
            return
        if code in _FATAL:
            self._fail(code, text)
            if code == _COMPETING:
                self._pause = min(max(2 * self._pause, _FIRST_PAUSE), _LONGEST_PAUSE)
                self._later(self._pause, partial(self._client.ib_connection.errands.post, self._try_again))
        elif not 2100 <= code < 2200:
            self._advice = text
            if code not in _ADVISORIES and not self._has_price:
                self._later(_GRACE, partial(self._fail, code, text))
            self.wake()

    def _begin(self, ticker: Any) -> None:
        """Start listening, before the answer to the new request; earlier prices are discarded."""
        self._end_timer()
        self._failure = None
        _forget_prices(ticker)
        if ticker is not self._ticker:
            self._stop_listening()
            self._ticker = ticker
            ticker.updateEvent.connect(self._updated, None, None, True)

    def _end(self) -> None:
        self._end_timer()
        self._stop_listening()

    def _stop_listening(self) -> None:
        if self._ticker is not None:
            self._ticker.updateEvent.disconnect(self._updated)

    def _fail(self, code: int, text: str) -> None:
        self._end_timer()
        self._failure = error_for(code, text, f"No quotes of {self.contract}", about_order=False)
        self._advice = text
        self.forget_prices()
        self.wake()

    def _updated(self, _ticker: Any) -> None:
        if (self._failure is not None or self._advice) and self._has_price:
            self._end_timer()
            self._failure, self._advice, self._pause = None, "", 0.0
        self.wake()

    @property
    def _has_price(self) -> bool:
        return any(price is not None for price in _prices(self._ticker))

    def _later(self, seconds: float, function: Callable[[], object]) -> None:
        self._end_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, function)

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # In any other thread

    def _try_again(self) -> None:
        with contextlib.suppress(ConnectionLost, BrokerClosed):  # a reconnect renews all subscriptions anyway
            self.start_again()


class Quotes:
    """The streaming quotes of a connection, subscribed to again when lost."""

    def __init__(self, client: PriceClient, contract_of: Callable[[ResolvedContract], Any]) -> None:
        self._client = client
        self._contract_of = contract_of
        self._lock = threading.RLock()
        self._running: dict[FuturesContract, tuple[IBTicker, Any]] = {}
        client.ib_connection.when_data_lost(self._resubscribe)
        client.ib_connection.listen(self._on_message)
        client.ib_connection.when_changed(self._wake_all)

    def ticker(self, resolved: ResolvedContract) -> IBTicker:
        """Return a contract's streaming quotes, started if not running or refused."""
        with self._lock:
            known = self._running.get(resolved.contract)
            ticker, contract = known or (IBTicker(resolved, self._client), self._contract_of(resolved))
            self._running[resolved.contract] = (ticker, contract)
        if known is None:
            try:
                ticker.start(contract)
            except BaseException:
                self._forget(resolved.contract, ticker)
                raise
        elif not ticker.start_again():  # another caller's attempt to start it has just failed
            self._forget(resolved.contract, ticker)
            return self.ticker(resolved)
        return ticker

    def _forget(self, contract: FuturesContract, ticker: IBTicker) -> None:
        with self._lock:
            if self._running.get(contract, (None,))[0] is ticker:
                del self._running[contract]

    def cancel(self, contract: FuturesContract) -> bool:
        """Cancel a contract's quotes, and return whether they were running; cancelling twice does nothing."""
        with self._lock:
            known = self._running.pop(contract, None)
        if known is not None:
            known[0].stop()
        return known is not None

    def _resubscribe(self) -> None:
        """Renew every subscription; called in the client's loop, so the work is handed to another thread."""
        with self._lock:
            running = list(self._running.values())
        for ticker, contract in running:
            ticker.forget_prices()
            self._client.ib_connection.errands.post(partial(ticker.start, contract))

    def _wake_all(self) -> None:
        with self._lock:
            running = list(self._running.values())
        for ticker, _ in running:
            ticker.line_changed()

    def _on_message(self, message: str, arguments: tuple[Any, ...]) -> None:
        if message == "error":
            _request, code, text, contract = arguments
            with self._lock:
                running = list(self._running.values())
            for ticker, _ in running:
                ticker.failed(contract, code, text)


def _prices(ticker: Any) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return bid, ask and last of a library's ticker, if it exists yet."""
    if ticker is None:
        return None, None, None
    return (
        _price(ticker.bid, ticker.bidSize),
        _price(ticker.ask, ticker.askSize),
        _price(ticker.last, ticker.lastSize),
    )


def _forget_prices(ticker: Any) -> None:
    """Clear the prices of a library ticker, if it exists, so that an old one is not mistaken for a new one."""
    for name in ("bid", "bidSize", "ask", "askSize", "last", "lastSize"):
        if ticker is not None:
            setattr(ticker, name, math.nan)


def _price(price: float, size: float) -> Decimal | None:
    return price_from(price) if is_quoted(price, size) else None


def _size(value: float) -> int | None:
    return None if math.isnan(value) or value < 0 else round(value)
