"""Parts shared by messages: contracts, legs, tags, order conditions."""

from __future__ import annotations

from typing import Annotated, Union

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Without
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Number, Size, Text


@attrs.frozen
class Contract:
    """A contract as described by a client, in wire order; blank matches anything."""

    con_id: Int = 0
    symbol: Text = ""
    sec_type: Text = ""
    last_trade_date: Text = ""
    strike: Size = 0.0
    right: Text = ""
    multiplier: Text = ""
    exchange: Text = ""
    primary_exchange: Text = ""
    currency: Text = ""
    local_symbol: Text = ""
    trading_class: Text = ""


ANY_CONTRACT = Contract()
"""A contract with every field blank."""

ContractAnswer = Annotated[Contract, Without(("primary_exchange",))]
"""A contract in most answers: without its primary exchange."""

PortfolioContract = Annotated[Contract, Without(("exchange",))]
"""A contract in a portfolio line: without the exchange."""


@attrs.frozen
class ComboLeg:
    """One leg of a combination."""

    con_id: Int = 0
    ratio: Int = 1
    action: Text = "BUY"
    exchange: Text = ""
    open_close: Int = 0
    short_sale_slot: Int = 0
    designated_location: Text = ""
    exempt_code: Int = -1


LEG_KEY = ("con_id", "ratio", "action", "exchange")
"""The fields of a leg in a data request."""


@attrs.frozen
class TagValue:
    """A named value."""

    tag: Text
    value: Text


@attrs.frozen
class DeltaNeutralContract:
    """The contract that hedges a delta-neutral combination."""

    con_id: Int = 0
    delta: Number = 0.0
    price: Number = 0.0


@attrs.frozen
class PriceCondition:
    """An order waits until a price is above or below a level."""

    conjunction: Text
    is_more: Flag
    price: Number
    con_id: Int
    exchange: Text
    trigger_method: Int


@attrs.frozen
class TimeCondition:
    """An order waits until a time has passed."""

    conjunction: Text
    is_more: Flag
    time: Text


@attrs.frozen
class MarginCondition:
    """An order waits until the margin cushion is above or below a percentage."""

    conjunction: Text
    is_more: Flag
    percent: Size


@attrs.frozen
class ExecutionCondition:
    """An order waits until a contract with a symbol is traded."""

    conjunction: Text
    sec_type: Text
    exchange: Text
    symbol: Text


@attrs.frozen
class VolumeCondition:
    """An order waits until a day's volume is above or below a number."""

    conjunction: Text
    is_more: Flag
    volume: Int
    con_id: Int
    exchange: Text


@attrs.frozen
class PercentChangeCondition:
    """An order waits until a price has moved by a percentage."""

    conjunction: Text
    is_more: Flag
    change_percent: Number
    con_id: Int
    exchange: Text


Condition = Union[  # noqa: UP007 because it is evaluated at run time on Python 3.10
    PriceCondition, TimeCondition, MarginCondition, ExecutionCondition, VolumeCondition, PercentChangeCondition
]

CONDITION_KINDS: tuple[tuple[int, type], ...] = (
    (1, PriceCondition),
    (3, TimeCondition),
    (4, MarginCondition),
    (5, ExecutionCondition),
    (6, VolumeCondition),
    (7, PercentChangeCondition),
)
