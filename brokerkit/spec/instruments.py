"""The instruments domain: what can be traded, by brokerkit's code and by the broker's symbol."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.spec.hooks import hook
from brokerkit.spec.money import ARITHMETIC


@attrs.frozen
class FuturesInstrument:
    """An instrument with the broker's data on it, which all of its contracts share.

    Attributes:
        code: brokerkit's code, such as `CORN`.
        broker_code: The broker's symbol, such as `ZC`.
        exchange: Where it trades.
        currency: ISO 4217 code of the currency of its profits.
        multiplier: The broker's contract multiplier, in the broker's units.
        price_magnifier: The factor by which the quoted price exceeds the price in currency: 100 for a
            price in cents.
        description: A description.
        asset_class: For example `Ags`, `Bond`, `Equity`, `Metals` or `OilGas`.
    """

    code: str
    broker_code: str
    exchange: str
    currency: str
    multiplier: Decimal
    price_magnifier: Decimal = Decimal(1)
    description: str = ""
    asset_class: str = ""

    @property
    def point_size(self) -> Decimal:
        """What one lot gains when the quoted price rises by 1: multiplier divided by magnifier."""
        return ARITHMETIC.divide(self.multiplier, self.price_magnifier)


class Instruments(Protocol):
    """The instruments that a broker trades, and how their codes map to its symbols."""

    @hook()
    def get_list_of_instruments(self) -> list[str]:
        """Return brokerkit's codes of all instruments, in alphabetical order.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     "CORN" in broker.instruments.get_list_of_instruments()
            True
        """
        ...

    @hook()
    def get_futures_instrument_object_with_broker_data(self, instrument_code: str) -> FuturesInstrument:
        """Return an instrument with the broker's data on it.

        Raises:
            MissingInstrument: No such code; the message names the closest.
            AmbiguousInstrument: The broker's table describes the code twice.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.instruments.get_futures_instrument_object_with_broker_data("CORN").point_size
            Decimal('50')
        """
        ...

    @hook()
    def get_brokers_instrument_code(self, instrument_code: str) -> str:
        """Return the broker's symbol for an instrument.

        Raises:
            MissingInstrument: No such code.
            AmbiguousInstrument: The broker's table describes the code twice.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.instruments.get_brokers_instrument_code("CORN")
            'ZC'
        """
        ...

    @hook()
    def get_instrument_code_from_broker_code(self, broker_code: str) -> str:
        """Return brokerkit's code for a broker's symbol: the reverse of `get_brokers_instrument_code`.

        Raises:
            MissingInstrument: No instrument has that symbol.
            AmbiguousInstrument: Several have it, for example a mini and a full-size contract.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.instruments.get_instrument_code_from_broker_code("ZC")
            'CORN'
        """
        ...
