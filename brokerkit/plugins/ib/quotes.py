"""Running quotes, with a status, and never a number that stands for 'none'."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any

from brokerkit.errors import BrokerkitError, MissingData
from brokerkit.plugins.ib.clients.prices import PriceClient
from brokerkit.plugins.ib.contract_facts import ResolvedContract
from brokerkit.plugins.ib.error_codes import error_for
from brokerkit.plugins.ib.executions import price_from
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.events import ConnectionState
from brokerkit.spec.prices import Quote, QuoteStatus

_STATUSES = {
    1: QuoteStatus.LIVE,
    2: QuoteStatus.FROZEN,
    3: QuoteStatus.DELAYED,
    4: QuoteStatus.DELAYED_FROZEN,
}
_REASONS = {
    QuoteStatus.LIVE: "",
    QuoteStatus.FROZEN: "the market is closed: the last quote before it closed",
    QuoteStatus.DELAYED: "no subscription to live data: delayed by 15 minutes or so",
    QuoteStatus.DELAYED_FROZEN: "no subscription, and the market is closed",
}
_FATAL_TO_QUOTES = frozenset({101, 200, 300, 354, 10089, 10090, 10168, 10186, 10189, 10197})

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


class IBTicker:
    """The running quotes of one contract, until its market data is cancelled."""

    def __init__(self, resolved: ResolvedContract, client: PriceClient) -> None:
        self._resolved = resolved
        self._client = client
        self._contract = client.new("Contract")
        self._ticker: Any = None
        self._failure: BrokerkitError | None = None
        self._final: Quote | None = None
        self._news = threading.Condition()
        self._came: tuple[datetime, datetime] = (_NEVER, _NEVER)

    @property
    def contract(self) -> FuturesContract:
        """The contract that is quoted."""
        return self._resolved.contract

    def start(self, contract: Any) -> None:
        """Ask for the quotes, the first time or again after the line broke."""
        self._contract, self._failure, self._final = contract, None, None
        ticker = self._client.start_quotes(contract)
        self._ticker = ticker
        ticker.updateEvent.connect(self._updated, None, None, True)

    def stop(self) -> None:
        """End the quotes; what is still on its way is not told any more."""
        self._client.stop_quotes(self._contract)
        self._final = self.quote()

    def failed(self, contract: Any, code: int, text: str) -> None:
        """Take in IB's reason for not quoting; called in the client's thread."""
        if contract is self._contract and code in _FATAL_TO_QUOTES:
            self._failure = error_for(code, text, f"No quotes of {self.contract}")
            self._updated(self._ticker)

    def quote(self) -> Quote:
        """Return the newest quote; its status is `NONE` when there has been none."""
        if self._final is not None:
            return self._final
        ticker = self._ticker
        time = self._time_of(getattr(ticker, "time", None))
        bid, ask, last = _price(ticker.bid), _price(ticker.ask), _price(ticker.last)
        if self._failure is not None:
            reason = self._failure.broker_message
            return Quote(self.contract, time, QuoteStatus.NONE, reason=reason)
        if bid is None and ask is None and last is None:
            return Quote(self.contract, time, QuoteStatus.NONE, reason="IB has sent no price yet")
        status = _STATUSES.get(ticker.marketDataType, QuoteStatus.LIVE)
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
            reason=_REASONS[status],
        )

    def _time_of(self, stamp: datetime | None) -> datetime:
        """Return when something came, by the Gateway's clock: of one stamp always the same."""
        gateway_time = self._client.ib_connection.clock.at
        if stamp is None:
            return gateway_time(datetime.now(timezone.utc))
        if stamp != self._came[0]:
            self._came = (stamp, gateway_time(stamp))
        return self._came[1]

    def wait_for_quote(self, timeout: float = 10.0) -> Quote:
        """Return the newest quote once it has both a bid and an ask.

        Raises:
            MissingData: There was none in time; the reason says why.
            BrokerClosed: The broker is closed.
            DataPermissionDenied: The account has no subscription for it.
        """
        with self._news:
            self._news.wait_for(self._is_answered, timeout)
        if self._failure is not None:
            raise self._failure
        quote = self.quote()
        if self._is_closed:
            self._client.ib_connection.require_up(f"a quote of {self.contract}")
        if quote.bid is None or quote.ask is None:
            raise MissingData(
                f"No bid and ask of {self.contract} in {timeout:g} s.",
                remedy="Its market may be closed: ask is_contract_okay_to_trade.",
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
        """Have everybody who waits for a quote look again."""
        with self._news:
            self._news.notify_all()

    def _updated(self, _ticker: Any) -> None:
        self.wake()


class Quotes:
    """The running quotes of a connection, asked for again when they were lost."""

    def __init__(self, client: PriceClient, contract_of: Callable[[ResolvedContract], Any]) -> None:
        self._client = client
        self._contract_of = contract_of
        self._lock = threading.Lock()
        self._running: dict[FuturesContract, tuple[IBTicker, Any]] = {}
        client.ib_connection.when_data_lost(self._ask_again)
        client.ib_connection.listen(self._hear)
        client.ib_connection.when_changed(self._line_changed)

    def ticker(self, resolved: ResolvedContract) -> IBTicker:
        """Return a contract's running quotes, started if they were not running."""
        with self._lock:
            known = self._running.get(resolved.contract)
            if known is not None:
                return known[0]
            ticker, contract = IBTicker(resolved, self._client), self._contract_of(resolved)
            self._running[resolved.contract] = (ticker, contract)
        try:
            ticker.start(contract)
        except BaseException:
            with self._lock:
                self._running.pop(resolved.contract, None)
            raise
        return ticker

    def cancel(self, contract: FuturesContract) -> None:
        """End a contract's quotes; ending them twice does nothing."""
        with self._lock:
            known = self._running.pop(contract, None)
        if known is not None:
            known[0].stop()

    def _ask_again(self) -> None:
        """Ask for every stream once more; called in the client's loop, which must not wait for itself."""
        with self._lock:
            running = list(self._running.values())
        for ticker, contract in running:
            self._client.ib_connection.callbacks.post(partial(ticker.start, contract))

    def _line_changed(self) -> None:
        with self._lock:
            running = list(self._running.values())
        for ticker, _ in running:
            ticker.wake()

    def _hear(self, message: str, arguments: tuple[Any, ...]) -> None:
        if message == "error":
            _request, code, text, contract = arguments
            with self._lock:
                running = list(self._running.values())
            for ticker, _ in running:
                ticker.failed(contract, code, text)


def _price(value: float) -> Decimal | None:
    """Return a price; IB's -1 with nothing behind it, 0 for no quote, and NaN all mean that there is none."""
    return None if value is None or math.isnan(value) or value in (-1.0, 0.0) else price_from(value)


def _size(value: float) -> int | None:
    return None if value is None or math.isnan(value) or value < 0 else round(value)
