"""The prices domain at IB: bars, quotes and ticks, in IB's quoted units."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from brokerkit.errors import BrokerkitError, ContractExpired, InvalidArgument, MissingData, RequestTimedOut
from brokerkit.plugins.ib.clients.prices import PriceClient, is_quoted
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.contract_facts import ResolvedContract
from brokerkit.plugins.ib.finished_bars import first_unfinished
from brokerkit.plugins.ib.history_frames import BarColumns, frame_of, prepare
from brokerkit.plugins.ib.history_plan import is_small, plan, window_of
from brokerkit.plugins.ib.quotes import IBTicker, Quotes
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.prices import TICK_COLUMNS, ContractPrices, Frequency, Prices

if TYPE_CHECKING:
    import pandas as pd

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MANY = 7 * 86400.0
"""Seconds that a download may take: each of its requests has a limit of its own, and waits for the pacing rules."""
_LONGEST_LIFE = timedelta(days=10 * 365)
_LONGEST_HOLE = timedelta(days=30)


class IBPrices(Prices):
    """Prices from IB, in quoted units: they are not divided by the price magnifier."""

    def __init__(self, client: PriceClient, directory: ContractDirectory) -> None:
        self.ib_client = client
        self._directory = directory
        self._quotes = Quotes(client, lambda resolved: client.stream_contract(resolved.facts))

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self.ib_client.ib_connection

    @hookimpl
    def get_instruments_with_price_data(self) -> list[str]:
        """Return the codes of the instruments that have prices: all in the table."""
        return self._directory.table.codes()

    @hookimpl
    def contract_dates_with_price_data_for_instrument_code(self, instrument_code: str) -> list[str]:
        """Return the contract dates that IB has for an instrument, including expired ones, in ascending order."""
        return sorted({each.contract.date for each in self._directory.chain(instrument_code, include_expired=True)})

    @hookimpl
    def get_prices_for_contract_object(
        self,
        contract: FuturesContract,
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pd.DataFrame:
        """Return the bars of a single contract, expired or not."""
        found = self.get_prices_for_contract_objects([contract], frequency, start, end)
        if contract in found.errors:
            raise found.errors[contract]
        return found.frames[contract]

    @hookimpl
    def get_prices_for_contract_objects(
        self,
        contracts: Sequence[FuturesContract],
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> ContractPrices:
        """Return the bars of many contracts at once, as fast as IB's pacing allows."""
        _check_range(start, end)
        prepare()
        now = self.ibconnection.server_time()
        found: dict[FuturesContract, pd.DataFrame] = {}
        errors: dict[FuturesContract, BrokerkitError] = {}
        resolved: list[ResolvedContract] = []
        for contract in dict.fromkeys(contracts):
            try:
                resolved.append(self._directory.resolve(contract))
            except BrokerkitError as error:
                errors[contract] = error

        async def all_bars() -> list[pd.DataFrame | BrokerkitError]:
            return await asyncio.gather(*(self._bars_or_error(each, frequency, start, end, now) for each in resolved))

        answers = self.ibconnection.run(all_bars(), "bars", _MANY) if resolved else []
        for each, answer in zip(resolved, answers, strict=True):
            if isinstance(answer, BrokerkitError):
                errors[each.contract] = answer
            else:
                found[each.contract] = answer
        return ContractPrices({each: found[each] for each in dict.fromkeys(contracts) if each in found}, errors)

    @hookimpl
    def get_recent_bid_ask_tick_data_for_contract_object(self, contract: FuturesContract) -> pd.DataFrame:
        """Return the most recent bid and ask ticks of a single contract."""
        import pandas as pd  # because importing the plugin must not import pandas

        ticks = self.ib_client.recent_ticks(self._directory.resolve(contract).facts)
        if not ticks:
            raise MissingData(f"IB has no quotes of {contract}.")
        rows = [
            [_quoted(t.bid, t.bid_size), _quoted(t.ask, t.ask_size), t.bid_size or None, t.ask_size or None]
            for t in ticks
        ]
        index = pd.DatetimeIndex([tick.time for tick in ticks], name="time").tz_convert("UTC")
        frame: pd.DataFrame = pd.DataFrame(rows, index=index, columns=list(TICK_COLUMNS), dtype="float64")
        ordered: pd.DataFrame = frame.sort_index(kind="stable")
        return ordered

    @hookimpl
    def get_ticker_object_for_contract(self, contract: FuturesContract) -> IBTicker:
        """Return the stream of a contract's quotes, started if it is not running."""
        resolved = self._directory.resolve(contract)
        if resolved.is_expired_at(self.ibconnection.clock.recent()):
            raise ContractExpired(f"{contract} expired on {resolved.expiry.day}.")
        self.ibconnection.require_up(f"quotes of {contract}")
        return self._quotes.ticker(resolved)

    @hookimpl
    def cancel_market_data_for_contract(self, contract: FuturesContract) -> FuturesContract:
        """Cancel the contract's stream of quotes and return the contract. Cancelling twice does nothing."""
        if not self._quotes.cancel(contract):  # what was quoted is a contract, whether IB knows it now or not
            self._directory.resolve(contract)
        return contract

    # Bars, in the client's loop

    async def _bars_or_error(
        self,
        resolved: ResolvedContract,
        frequency: Frequency,
        start: datetime | None,
        end: datetime | None,
        now: datetime,
    ) -> pd.DataFrame | BrokerkitError:
        try:
            return await self._bars(resolved, frequency, start, end, now)
        except BrokerkitError as error:
            return error
        except (asyncio.TimeoutError, TimeoutError):
            timeout = self.ibconnection.settings.request_timeout
            return RequestTimedOut(f"No bars of {resolved.contract} in {timeout:g} s.", place="history")

    async def _bars(
        self,
        resolved: ResolvedContract,
        frequency: Frequency,
        start: datetime | None,
        end: datetime | None,
        now: datetime,
    ) -> pd.DataFrame:
        limit = min(first_unfinished(resolved, frequency, now), end or now + timedelta(days=2))
        last = min(end or now, now)
        if resolved.expiry.day < last.date():
            last = datetime.combine(resolved.expiry.day + timedelta(days=1), datetime.min.time(), timezone.utc)
        try:
            first = start if start is not None else await self.ib_client.head(resolved.facts)
        except MissingData as error:  # of a contract that has expired, for one: its bars may be there all the same
            if is_small(frequency):
                raise MissingData(
                    f"IB does not say since when it has bars of {resolved.contract}: {error.broker_message}",
                    remedy=f"Give a `start`: reading {frequency.value} bars back to the first would take hours.",
                    broker_code=error.broker_code,
                    broker_message=error.broker_message,
                ) from error
            parts = await self._parts_backwards(resolved, frequency, last)
        else:
            parts = await self._parts(resolved, frequency, first, last)
        frame = frame_of(parts, _seconds(start), _seconds(limit)) if parts else None
        if frame is None or frame.empty:
            raise MissingData(f"IB has no {frequency.value} bars of {resolved.contract} in that range.")
        return frame

    async def _parts(
        self, resolved: ResolvedContract, frequency: Frequency, first: datetime, last: datetime
    ) -> list[BarColumns]:
        """Request every part of the range at once; parts without bars are left out, any other error is raised."""
        requests = plan(frequency, first, last)
        answers = await asyncio.gather(
            *(self.ib_client.bars(resolved.facts, each, small=is_small(frequency)) for each in requests),
            return_exceptions=True,
        )
        failures = [each for each in answers if isinstance(each, BaseException) and not isinstance(each, MissingData)]
        if failures:
            raise failures[0]
        return [each for each in answers if isinstance(each, BarColumns)]

    async def _parts_backwards(
        self, resolved: ResolvedContract, frequency: Frequency, last: datetime
    ) -> list[BarColumns]:
        """Ask for one stretch after another, the newest first, until there are no bars for a month."""
        parts: list[BarColumns] = []
        without = timedelta(0)
        for request in plan(frequency, last - _LONGEST_LIFE, last):
            try:
                parts.append(await self.ib_client.bars(resolved.facts, request, small=False))
                without = timedelta(0)
            except MissingData:
                without += window_of(frequency)
                if without >= _LONGEST_HOLE:
                    break
        return parts


def _check_range(start: datetime | None, end: datetime | None) -> None:
    for moment in (start, end):
        if moment is not None and moment.tzinfo is None:
            raise InvalidArgument(f"{moment} has no time zone.", remedy="Give an aware datetime, best in UTC.")
    if start is not None and end is not None and start >= end:
        raise InvalidArgument(f"The start, {start}, is not before the end, {end}.")


def _quoted(price: float, size: float) -> float | None:
    return price if is_quoted(price, size) else None


def _seconds(moment: datetime | None) -> int | None:
    """Return whole epoch seconds, rounded up, so that a bar at that second is not before the moment."""
    return None if moment is None else -((_EPOCH - moment) // timedelta(seconds=1))
