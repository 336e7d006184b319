"""Price requests: bars, ticks, and streaming market data."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import attrs

from brokerkit.errors import PacingViolation, RequestTimedOut
from brokerkit.plugins.ib.clients.client import IBClient
from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.contract_facts import ContractFacts
from brokerkit.plugins.ib.history_frames import BarColumns, ColumnReader
from brokerkit.plugins.ib.history_pacing import HistoryPacing
from brokerkit.plugins.ib.history_plan import BarRequest
from brokerkit.plugins.ib.settings import MARKET_DATA_TYPES

_PACING_RETRIES = 2
_PACING_PAUSE = 15.0


@attrs.frozen
class Tick:
    """One historical quote.

    Attributes:
        time: Aware UTC.
        bid: Best bid, if `is_quoted`.
        ask: Best ask, if `is_quoted`.
        bid_size: Lots at the bid.
        ask_size: Lots at the ask.
    """

    time: datetime
    bid: float
    ask: float
    bid_size: float
    ask_size: float


def is_quoted(price: float, size: float) -> bool:
    """Return whether a side has a price: where it has none, IB sends NaN, or -1 or 0 with no lots behind it.

    Example:
        >>> is_quoted(0.0, 0.0), is_quoted(-1.0, 3.0), is_quoted(float("nan"), 3.0)
        (False, True, False)
    """
    return not math.isnan(price) and (price not in (-1.0, 0.0) or size > 0)


class PriceClient(IBClient):
    """Requests prices from IB, under one pacing limiter."""

    def __init__(self, connection: IBConnection) -> None:
        super().__init__(connection)
        self._pacing = HistoryPacing()
        self._columns: ColumnReader | None = None
        self._market_data_session = -1

    async def bars(
        self, facts: ContractFacts, request: BarRequest, *, small: bool, what_to_show: str = "TRADES"
    ) -> BarColumns:
        """Return the bars of one request. Awaited in the client's loop.

        Raises:
            MissingData: IB has none.
            PacingViolation: IB reported one on every attempt.
            ConnectionLost: The connection was lost.
        """
        for attempt in range(_PACING_RETRIES + 1):
            try:
                return await self._bars(facts, request, small=small, what_to_show=what_to_show)
            except PacingViolation:
                if attempt == _PACING_RETRIES:
                    raise
                await asyncio.sleep(_PACING_PAUSE * (attempt + 1))
        raise AssertionError("the loop above returns or raises")

    async def _bars(self, facts: ContractFacts, request: BarRequest, *, small: bool, what_to_show: str) -> BarColumns:
        stream, what = (facts.con_id, facts.exchange, what_to_show), f"bars of {facts.local_symbol}"
        async with self._pacing.slot((stream, request), stream, is_small=small):
            return await self.ib_connection.asked(lambda ib: self._send(ib, facts, request, what_to_show), what)

    async def _send(self, ib: Any, facts: ContractFacts, request: BarRequest, what_to_show: str) -> BarColumns:
        contract = ContractsClient(self.ib_connection).contract_of(facts)
        contract.includeExpired = facts.security_type == "FUT"
        request_id = ib.client.getReqId()
        answered = ib.wrapper.startReq(request_id, contract)
        reader = self._columns = self._columns or ColumnReader(ib)
        reader.want(request_id)
        ib.client.reqHistoricalData(
            request_id,
            contract,
            request.end,
            request.duration,
            request.bar_size,
            what_to_show,
            True,  # regular trading hours, as in pysystemtrade
            2,  # times as epoch seconds, which do not depend on a zone
            False,
            [],
        )
        try:
            timeout = self.ib_connection.settings.request_timeout
            columns: BarColumns = await asyncio.wait_for(answered, timeout)
        except (asyncio.TimeoutError, asyncio.CancelledError):
            if ib.isConnected():
                ib.client.cancelHistoricalData(request_id)
            raise
        finally:
            reader.forget(request_id)
        return columns

    async def head(self, facts: ContractFacts, what_to_show: str = "TRADES") -> datetime:
        """Return the time of the oldest bar that IB has. Awaited in the client's loop.

        IB counts the request as one of the 50 history requests that may be open, until it is cancelled.

        Raises:
            MissingData: IB has none, or does not say.
            RequestTimedOut: IB did not answer, which happens for some contracts.
        """
        stream, what = (facts.con_id, facts.exchange, what_to_show), f"the oldest bar of {facts.local_symbol}"
        async with self._pacing.slot(stream, stream, is_small=False):
            try:
                found = await self.ib_connection.asked(lambda ib: self._send_head(ib, facts, what_to_show), what)
            except asyncio.TimeoutError:
                timeout = self.ib_connection.settings.request_timeout
                raise RequestTimedOut(f"No answer from IB in {timeout:g} s to {what}.", place="history") from None
        return datetime.fromtimestamp(found.timestamp(), timezone.utc)

    async def _send_head(self, ib: Any, facts: ContractFacts, what_to_show: str) -> datetime:
        """Request the oldest bar, and cancel the request however it ends, unless IB refused it."""
        contract = ContractsClient(self.ib_connection).contract_of(facts)
        contract.includeExpired = facts.security_type == "FUT"
        request_id = ib.client.getReqId()
        answered = ib.wrapper.startReq(request_id, contract)
        ib.client.reqHeadTimeStamp(request_id, contract, what_to_show, True, 2)
        is_refused = False
        try:
            found: datetime = await asyncio.wait_for(answered, self.ib_connection.settings.request_timeout)
        except self.ib_connection.library.request_error():
            is_refused = True
            raise
        finally:
            if ib.isConnected() and not is_refused:
                ib.client.cancelHeadTimeStamp(request_id)
        return found

    def recent_ticks(self, facts: ContractFacts, count: int = 1000) -> list[Tick]:
        """Return the most recent quotes of a contract, in order of time.

        Raises:
            MissingData: IB has none.
        """
        contract = ContractsClient(self.ib_connection).contract_of(facts)
        now = self.ib_connection.server_time()

        async def ask(ib: Any) -> list[Tick]:
            ticks = await ib.reqHistoricalTicksAsync(contract, "", now, count, "BID_ASK", False)
            return [Tick(each.time, each.priceBid, each.priceAsk, each.sizeBid, each.sizeAsk) for each in ticks]

        return self.ask(ask, f"quotes of {facts.local_symbol}")

    def stream_contract(self, facts: ContractFacts) -> Any:
        """Return the library's contract object for a stream of its own.

        ib_async takes two contracts with one id for the same stream, which the end of either would end.
        """
        contract = ContractsClient(self.ib_connection).contract_of(facts)
        kind = type(contract)
        contract.__class__ = type(kind.__name__, (kind,), {"__hash__": object.__hash__})
        return contract

    def start_quotes(self, contract: Any, begun: Callable[[Any], None]) -> None:
        """Subscribe to quotes, falling back to delayed ones where live ones are not allowed.

        A subscription that may still be active is cancelled first: it would hold a market data line that could not be
        released.

        Args:
            contract: The library's contract.
            begun: Called in the client's thread with the library's ticker, before any answer is processed.
        """
        kind = MARKET_DATA_TYPES[self.ib_connection.settings.market_data]

        def start(ib: Any) -> None:
            if ib.ticker(contract) in ib.wrapper.ticker2ReqId["mktData"]:
                ib.cancelMktData(contract)
            if self._market_data_session != self.ib_connection.session:
                ib.reqMarketDataType(kind)
                self._market_data_session = self.ib_connection.session
            begun(ib.reqMktData(contract, "", False, False))

        self.ib_connection.call(start)

    def stop_quotes(self, contract: Any, ended: Callable[[], None]) -> None:
        """Cancel a subscription to quotes; `ended` is called in the client's thread."""

        def stop(ib: Any) -> None:
            ended()
            if ib.isConnected():
                ib.cancelMktData(contract)

        self.ib_connection.call(stop)
