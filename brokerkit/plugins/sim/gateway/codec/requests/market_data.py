"""Requests for live data: quotes, ticks, depth, five-second bars."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Counted, Flagged, When
from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, LEG_KEY, ComboLeg, Contract, DeltaNeutralContract
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Text


@request(
    1,
    "reqMktData",
    version=11,
    layout=(
        *("req_id", "contract"),
        When("contract.sec_type", ("legs",), equals="BAG"),
        *("delta_neutral", "generic_ticks", "snapshot", "regulatory_snapshot", "options"),
    ),
)
@attrs.frozen
class MarketDataRequest:
    """Subscribe to quotes, or ask for one snapshot."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    legs: Annotated[tuple[ComboLeg, ...], Counted(only=LEG_KEY)] = ()
    delta_neutral: Annotated[DeltaNeutralContract | None, Flagged()] = None
    generic_ticks: Text = ""
    snapshot: Flag = False
    regulatory_snapshot: Flag = False
    options: Text = ""


@request(2, "cancelMktData", version=2)
@attrs.frozen
class CancelMarketData:
    """End a subscription to quotes."""

    req_id: Int


@request(59, "reqMarketDataType", version=1)
@attrs.frozen
class MarketDataTypeRequest:
    """Choose live (1), frozen (2), delayed (3) or delayed frozen (4) data from now on."""

    market_data_type: Int = 1


@request(97, "reqTickByTickData")
@attrs.frozen
class TickByTickRequest:
    """Subscribe to every tick."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    tick_type: Text = ""
    count: Int = 0
    ignore_size: Flag = False


@request(98, "cancelTickByTickData")
@attrs.frozen
class CancelTickByTick:
    """End a subscription to every tick."""

    req_id: Int


@request(10, "reqMktDepth", version=5)
@attrs.frozen
class DepthRequest:
    """Subscribe to the order book."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    rows: Int = 5
    smart: Flag = False
    options: Text = ""


@request(11, "cancelMktDepth", version=1)
@attrs.frozen
class CancelDepth:
    """End a subscription to the order book."""

    req_id: Int
    smart: Flag = False


@request(50, "reqRealTimeBars", version=3)
@attrs.frozen
class RealTimeBarsRequest:
    """Subscribe to five-second bars."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    bar_size: Int = 5
    what_to_show: Text = ""
    use_rth: Flag = True
    options: Text = ""


@request(51, "cancelRealTimeBars", version=1)
@attrs.frozen
class CancelRealTimeBars:
    """End a subscription to five-second bars."""

    req_id: Int


@request(82, "reqMktDepthExchanges")
@attrs.frozen
class DepthExchangesRequest:
    """Ask which exchanges show their order book."""


@request(83, "reqSmartComponents")
@attrs.frozen
class SmartComponentsRequest:
    """Ask which exchanges a letter code of a best quote stands for."""

    req_id: Int
    bbo_exchange: Text = ""


@request(24, "reqScannerParameters", version=1)
@attrs.frozen
class ScannerParametersRequest:
    """Ask what can be scanned for."""
