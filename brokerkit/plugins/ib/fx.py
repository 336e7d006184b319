"""The FX domain at IB: rates, balances, and currency orders."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from brokerkit.errors import InvalidOrder, MissingData, MissingFxCode
from brokerkit.plugins.ib.capital import IBCapital
from brokerkit.plugins.ib.clients.prices import PriceClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.fx_pairs import FxPairs, Quoted
from brokerkit.plugins.ib.history_frames import frame_of, prepare
from brokerkit.plugins.ib.history_plan import plan
from brokerkit.plugins.ib.order_control import IBOrderControl, control_of
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.plugins.ib.order_placing import OrderPlacing
from brokerkit.spec.contract import FxPair
from brokerkit.spec.fx import Fx
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.prices import Frequency

if TYPE_CHECKING:
    import pandas as pd

_KIND = "MIDPOINT"


class IBFx(Fx):
    """Currency pairs as IB quotes them, with inverses and crosses derived."""

    def __init__(
        self, client: PriceClient, pairs: FxPairs, capital: IBCapital, desk: OrderDesk, placing: OrderPlacing
    ) -> None:
        self.ib_client = client
        self._pairs = pairs
        self._capital = capital
        self._desk = desk
        self._placing = placing

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self.ib_client.ib_connection

    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        """Return the codes of the currency pairs in the table, in alphabetical order."""
        return self._pairs.table.codes()

    @hookimpl
    def get_fx_prices(self, fx_code: str) -> pd.Series:
        """Return the daily closing rates of a currency pair."""
        pair = _pair(fx_code)
        path = self._pairs.path(pair)
        if not path:
            return self._identity(pair)
        rates = [self._rates(quoted) for quoted in path]
        joined = rates[0] if len(rates) == 1 else (rates[0] * rates[1]).dropna()
        if joined.empty:
            raise MissingData(f"IB has no rates of {fx_code}.")
        named: pd.Series = joined.rename(fx_code).astype("float64")
        return named

    @hookimpl
    def get_fx_balances(self, account: str = "") -> list[Money]:
        """Return the cash held in each currency, in alphabetical order of currency."""
        return self._capital.cash(account)

    @hookimpl
    def put_fx_order_on_stack(self, order: Order) -> IBOrderControl:
        """Place an order for a currency pair and return a handle on it."""
        if not isinstance(order.contract, FxPair):
            raise InvalidOrder(f"{order.contract} is not a currency pair.", remedy="Use orders.put_order_on_stack.")
        return control_of(self._desk.book, self._placing.place(order).order.order_ref)

    def _identity(self, pair: FxPair) -> pd.Series:
        if pair.base not in self._pairs.currencies():
            raise MissingFxCode(f"IB quotes nothing in {pair.base}.", given=pair.code)
        days = self._rates(self._pairs.path(FxPair(pair.base + ("EUR" if pair.base == "USD" else "USD")))[0])
        ones: pd.Series = (days * 0.0 + 1.0).rename(pair.code)
        return ones

    def _rates(self, quoted: Quoted) -> pd.Series:
        prepare()
        facts = self._pairs.facts(quoted.base, quoted.quote)
        now = self.ibconnection.server_time()
        timeout = self.ibconnection.settings.request_timeout

        async def closes() -> pd.Series:
            first = await self.ib_client.head(facts, _KIND)
            requests = plan(Frequency.DAY, first, now)
            parts = await asyncio.gather(
                *(self.ib_client.bars(facts, each, small=False, what_to_show=_KIND) for each in requests),
                return_exceptions=True,
            )
            failed = [part for part in parts if isinstance(part, BaseException) and not isinstance(part, MissingData)]
            if failed:
                raise failed[0]
            bars = [part for part in parts if not isinstance(part, BaseException)]
            if not bars:
                raise MissingData(f"IB has no rates of {quoted.base}.{quoted.quote}.")
            return frame_of(bars, None, _today(now))["close"]

        series = self.ibconnection.run(closes(), f"rates of {quoted.base}.{quoted.quote}", timeout * 4)
        return 1.0 / series if quoted.inverted else series


def _today(now: datetime) -> int:
    """Return midnight of the current FX day, which ends at 17:00 New York time, at the latest 22:00 UTC."""
    end = now + timedelta(hours=2)
    return int(datetime(end.year, end.month, end.day, tzinfo=timezone.utc).timestamp())


def _pair(fx_code: str) -> FxPair:
    try:
        return FxPair(fx_code)
    except ValueError:
        raise MissingFxCode(f"{fx_code!r} is not an FX code.", given=fx_code) from None
