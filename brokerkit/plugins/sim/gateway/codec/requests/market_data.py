"""Requests for market data: quotes, ticks, market depth, five-second bars."""

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
    """Subscribe to market data, or request one snapshot."""

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
    """Cancel a market data subscription."""

    req_id: Int


@request(59, "reqMarketDataType", version=1)
@attrs.frozen
class MarketDataTypeRequest:
    """Select live (1), frozen (2), delayed (3) or delayed frozen (4) data from now on."""

    market_data_type: Int = 1


@request(97, "reqTickByTickData")
@attrs.frozen
class TickByTickRequest:
    """Subscribe to tick-by-tick data."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    tick_type: Text = ""
    count: Int = 0
    ignore_size: Flag = False


@request(98, "cancelTickByTickData")
@attrs.frozen
class CancelTickByTick:
    """Cancel a subscription to tick-by-tick data."""

    req_id: Int


@request(10, "reqMktDepth", version=5)
@attrs.frozen
class DepthRequest:
    """Subscribe to market depth."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    rows: Int = 5
    smart: Flag = False
    options: Text = ""


@request(11, "cancelMktDepth", version=1)
@attrs.frozen
class CancelDepth:
    """Cancel a subscription to market depth."""

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
    """Cancel a subscription to five-second bars."""

    req_id: Int


@request(82, "reqMktDepthExchanges")
@attrs.frozen
class DepthExchangesRequest:
    """Request the exchanges with market depth."""


@request(83, "reqSmartComponents")
@attrs.frozen
class SmartComponentsRequest:
    """Request the exchanges that the letters of a best quote stand for."""

    req_id: Int
    bbo_exchange: Text = ""


@request(24, "reqScannerParameters", version=1)
@attrs.frozen
class ScannerParametersRequest:
    """Request the scanner parameters."""
