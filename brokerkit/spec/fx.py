"""The FX domain: rates, currency balances, and currency orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from brokerkit.spec.broker_order import OrderControl
from brokerkit.spec.hooks import hook
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    import pandas as pd


class Fx(Protocol):
    """Exchange rates, balances by currency, and orders that exchange one currency for another."""

    @hook()
    def get_list_of_fxcodes(self) -> list[str]:
        """Return the codes of the currency pairs that have prices, in alphabetical order.

        Returns:
            Six-letter codes such as `GBPUSD`. Their inverses and crosses can be asked for too.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     "GBPUSD" in broker.fx.get_list_of_fxcodes()
            True
        """
        ...

    @hook(paced=True)
    def get_fx_prices(self, fx_code: str) -> pd.Series:
        """Return the daily closing rates of a currency pair.

        Args:
            fx_code: Six capital letters. A pair that the broker does not quote is derived: an
                inverse from its pair, a cross from two pairs on the days on which both have a rate.

        Returns:
            A float64 Series named by `fx_code`: units of the second currency for one unit of the first.
            Its `DatetimeIndex`, named `time`, holds session dates at 00:00 UTC, strictly increasing.
            The pair of a currency with itself is 1.0 on each day on which any pair has a rate.

        Raises:
            MissingFxCode: The pair is not quoted, and cannot be derived from pairs that are.
            MissingData: The pair is known but has no rates.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     rates = broker.fx.get_fx_prices("GBPUSD")
            ...     inverse = broker.fx.get_fx_prices("USDGBP")
            >>> rates.name, str(rates.index.tz), bool((abs(rates * inverse - 1) < 1e-9).all())
            ('GBPUSD', 'UTC', True)
        """
        ...

    @hook(paced=True)
    def get_fx_balances(self, account: str = "") -> list[Money]:
        """Return the cash held in each currency, in alphabetical order of currency.

        Args:
            account: The account's id; empty for the broker's default account.

        Returns:
            One amount per currency, of either sign; a currency that was never held is not listed.

        Raises:
            MissingAccount: No such account.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     [cash.currency for cash in broker.fx.get_fx_balances()]
            ['USD']
        """
        ...

    @hook(writes=True, paced=True)
    def put_fx_order_on_stack(self, order: Order) -> OrderControl:
        """Place an order for a currency pair and return a handle on it. This trades.

        Args:
            order: Its contract is an `FxPair`; its quantity is in units of the first currency.

        Returns:
            A live handle; by now the order may be in any state. Placing the same `order_ref` twice
            never trades twice.

        Raises:
            InvalidOrder: The order contradicts itself, or is not for a currency pair.
            MissingFxCode: The broker does not trade the pair.
            OrderRejected: The broker refused it.
            OutcomeUnknown: It was sent, and it is not yet known whether it arrived.
            DuplicateOrder: An order with this `order_ref` was placed before.

        Example:
            >>> from brokerkit import FxPair, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     control = broker.fx.put_fx_order_on_stack(Order.market(FxPair("GBPUSD"), 10_000))
            ...     control.wait().state.value
            'filled'
        """
        ...
