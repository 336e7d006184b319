"""The instruments domain: what can be traded, under our code and under the broker's."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.spec.hooks import hook


@attrs.frozen
class FuturesInstrument:
    """An instrument with what the broker knows of it; its contracts share these facts.

    Attributes:
        code: Our code, such as `CORN`.
        broker_code: The broker's symbol, such as `ZC`.
        exchange: Where it trades.
        currency: ISO 4217 code that profit is paid in.
        multiplier: The broker's contract multiplier, in the broker's units.
        price_magnifier: By how much the quoted price is larger than the price in currency: 100 for
            a price in cents.
        description: In words.
        asset_class: Such as `Ags`, `Bond`, `Equity`, `Metals`, `OilGas`.
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
        """Money gained by one lot when the quoted price rises by 1: multiplier over magnifier."""
        return self.multiplier / self.price_magnifier


class Instruments(Protocol):
    """The instruments a broker trades, and how their codes map to the broker's."""

    @hook()
    def get_list_of_instruments(self) -> list[str]:
        """Return our codes of all instruments, in alphabetical order.

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
            MissingInstrument: No such code; the closest is named.
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
        """Return the broker's symbol for our code.

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
        """Return our code for the broker's symbol: the reverse of `get_brokers_instrument_code`.

        Raises:
            MissingInstrument: No instrument has that symbol.
            AmbiguousInstrument: Several have it, as a mini and a full contract may.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.instruments.get_instrument_code_from_broker_code("ZC")
            'CORN'
        """
        ...
