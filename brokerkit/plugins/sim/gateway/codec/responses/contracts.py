"""Responses about contracts."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Counted, Item, Versions, before, of, since
from brokerkit.plugins.sim.gateway.codec.message import response
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, Contract, TagValue
from brokerkit.plugins.sim.gateway.codec.wire import Int, Number, Size, Text

_CONTRACT_DETAILS: tuple[Item, ...] = (
    *("req_id", "contract.symbol", "contract.sec_type", "last_trade"),
    *of("contract", "strike right exchange currency local_symbol"),
    *("market_name", "contract.trading_class", "contract.con_id", "min_tick"),
    before(164, "size_multiplier"),
    *("contract.multiplier", "order_types", "valid_exchanges", "price_magnifier", "under_con_id", "long_name"),
    *("contract.primary_exchange", "contract_month", "industry", "category", "subcategory", "time_zone"),
    *("trading_hours", "liquid_hours", "ev_rule", "ev_multiplier", "security_ids", "aggregated_group"),
    *("under_symbol", "under_sec_type", "market_rule_ids", "real_expiration_date", "stock_type"),
    before(164, since(163, "suggested_size_increment")),
    since(164, "min_size", "size_increment", "suggested_size_increment"),
)


@response(10, "contractData", layout=_CONTRACT_DETAILS, version=8, version_before=164)
@attrs.frozen
class ContractDetails:
    """One contract and all its details.

    `last_trade` is the expiry date, then the hour and the time zone, separated by spaces or dashes.
    """

    req_id: Int
    contract: Contract = ANY_CONTRACT
    last_trade: Text = ""
    market_name: Text = ""
    min_tick: Number = 0.0
    size_multiplier: Int = 1
    order_types: Text = ""
    valid_exchanges: Text = ""
    price_magnifier: Int = 1
    under_con_id: Int = 0
    long_name: Text = ""
    contract_month: Text = ""
    industry: Text = ""
    category: Text = ""
    subcategory: Text = ""
    time_zone: Text = ""
    trading_hours: Text = ""
    liquid_hours: Text = ""
    ev_rule: Text = ""
    ev_multiplier: Size = 0.0
    security_ids: Annotated[tuple[TagValue, ...], Counted()] = ()
    aggregated_group: Int = 0
    under_symbol: Text = ""
    under_sec_type: Text = ""
    market_rule_ids: Text = ""
    real_expiration_date: Text = ""
    stock_type: Text = ""
    min_size: Size = 1.0
    size_increment: Size = 1.0
    suggested_size_increment: Size = 1.0


@response(52, "contractDataEnd", version=1)
@attrs.frozen
class ContractDetailsEnd:
    """Every contract that matched has been sent."""

    req_id: Int


@attrs.frozen
class SymbolSample:
    """One symbol that matches a pattern."""

    con_id: Int
    symbol: Text
    sec_type: Text
    primary_exchange: Text
    currency: Text
    derivative_sec_types: Annotated[tuple[Text, ...], Counted()] = ()
    description: Annotated[Text, Versions(since=176)] = ""
    issuer_id: Annotated[Text, Versions(since=176)] = ""


@response(79, "symbolSamples")
@attrs.frozen
class SymbolSamples:
    """The symbols that match a pattern."""

    req_id: Int
    samples: Annotated[tuple[SymbolSample, ...], Counted()] = ()


@response(75, "securityDefinitionOptionParameter")
@attrs.frozen
class OptionParameters:
    """Expiries and strikes of one class of options on one exchange."""

    req_id: Int
    exchange: Text
    under_con_id: Int
    trading_class: Text
    multiplier: Text
    expirations: Annotated[tuple[Text, ...], Counted()] = ()
    strikes: Annotated[tuple[Number, ...], Counted()] = ()


@response(76, "securityDefinitionOptionParameterEnd")
@attrs.frozen
class OptionParametersEnd:
    """The option chain is complete."""

    req_id: Int


@attrs.frozen
class PriceIncrement:
    """From `low_edge` on, prices move in steps of `increment`."""

    low_edge: Number
    increment: Number


@response(93, "marketRule")
@attrs.frozen
class MarketRule:
    """The price increments of a market rule."""

    rule_id: Int
    increments: Annotated[tuple[PriceIncrement, ...], Counted()] = ()
