"""The FX domain of the simulated broker: daily rates, quoted and derived, balances, and currency orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brokerkit.errors import InvalidOrder, MissingData
from brokerkit.plugins.sim.balances import was_held
from brokerkit.plugins.sim.feeds.bars import Bars
from brokerkit.plugins.sim.feeds.chain import missing_fx_code
from brokerkit.plugins.sim.feeds.rates import RateSeries, derived_rates
from brokerkit.plugins.sim.frames import rate_series
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.broker_order import OrderControl
from brokerkit.spec.contract import FxPair
from brokerkit.spec.fx import Fx
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    import pandas as pd


class SimFx(Fx):
    """Rates in the simulation's data up to its clock, and currency orders at the exchange."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._listed: set[object] = set()

    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        """Return the pairs quoted in the data."""
        return list(self._simulation.feed.fx_codes())

    @hookimpl
    def get_fx_prices(self, fx_code: str) -> pd.Series:
        """Return a pair's daily rates, quoted or derived, for the days that have ended."""
        feed = self._simulation.reached().feed
        quoted = feed.fx_codes()
        found = derived_rates(fx_code, quoted, self._rates)
        if found is None:
            raise missing_fx_code(fx_code, feed.describe(), quoted)
        if not len(found.time):
            raise MissingData(
                f"No rates of {fx_code} before {self._simulation.now:%Y-%m-%d}.",
                place=feed.describe(),
                remedy="Start the simulation later.",
            )
        return rate_series(found, fx_code)

    @hookimpl
    def get_fx_balances(self, account: str = "") -> list[Money]:
        """Return the cash in each currency that the account holds or has held."""
        statement = self._simulation.reached().exchange.statement(account)
        return [one.cash for one in statement.values() if was_held(one)]

    @hookimpl
    def put_fx_order_on_stack(self, order: Order) -> OrderControl:
        """Place a currency order at the exchange."""
        pair = order.contract
        if pair not in self._listed:
            self._prepare(order)
        return self._simulation.exchange.submit(order)

    def _prepare(self, order: Order) -> None:
        pair = order.contract
        if not isinstance(pair, FxPair):
            raise InvalidOrder(
                f"{pair} is not a currency pair.", remedy="Place it with broker.orders.put_order_on_stack."
            )
        self._simulation.exchange.ensure_pair_listed(pair)
        self._listed.add(pair)

    def _rates(self, fx_code: str) -> RateSeries:
        bars: Bars = self._simulation.feed.fx_rates(fx_code, self._simulation.exchange.now_ns)
        return RateSeries(bars.time, np.asarray(bars.close))
