"""Requests about contracts."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Versions
from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, Contract
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Text


@request(9, "reqContractDetails", version=8)
@attrs.frozen
class ContractDetailsRequest:
    """Request every contract that matches."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    include_expired: Flag = False
    sec_id_type: Text = ""
    sec_id: Text = ""
    issuer_id: Annotated[Text, Versions(since=176)] = ""


@request(81, "reqMatchingSymbols")
@attrs.frozen
class MatchingSymbolsRequest:
    """Request symbols and names that start with a pattern."""

    req_id: Int
    pattern: Text = ""


@request(78, "reqSecDefOptParams")
@attrs.frozen
class OptionParametersRequest:
    """Request the option chain of an underlying."""

    req_id: Int
    symbol: Text = ""
    exchange: Text = ""
    sec_type: Text = ""
    con_id: Int = 0


@request(91, "reqMarketRule")
@attrs.frozen
class MarketRuleRequest:
    """Request the price increments of a market rule."""

    rule_id: Int
