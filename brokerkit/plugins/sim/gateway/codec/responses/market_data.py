"""Market data: quotes, ticks, market depth, five-second bars."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Counted, When
from brokerkit.plugins.sim.gateway.codec.message import response
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Number, Size, Text


@response(1, "tickPrice", version=6)
@attrs.frozen
class TickPrice:
    """A price and its size."""

    req_id: Int
    tick_type: Int
    price: Number
    size: Size = 0.0
    mask: Int = 0


@response(2, "tickSize", version=6)
@attrs.frozen
class TickSize:
    """A size by itself."""

    req_id: Int
    tick_type: Int
    size: Size


@response(45, "tickGeneric", version=6)
@attrs.frozen
class TickGeneric:
    """Another numeric value."""

    req_id: Int
    tick_type: Int
    value: Number


@response(46, "tickString", version=6)
@attrs.frozen
class TickString:
    """A text value, such as the time of the last trade."""

    req_id: Int
    tick_type: Int
    value: Text


@response(57, "tickSnapshotEnd", version=1)
@attrs.frozen
class TickSnapshotEnd:
    """A snapshot is complete."""

    req_id: Int


@response(58, "marketDataType", version=1)
@attrs.frozen
class MarketDataType:
    """The type of the data that follow: 1 live, 2 frozen, 3 delayed, 4 delayed frozen."""

    req_id: Int
    market_data_type: Int


@response(81, "tickReqParams")
@attrs.frozen
class TickRequestParameters:
    """Parameters of a subscription, before its first tick."""

    req_id: Int
    min_tick: Number
    bbo_exchange: Text = ""
    snapshot_permissions: Int = 0


@response(12, "marketDepth", version=1)
@attrs.frozen
class Depth:
    """A row of market depth: operation 0 insert, 1 update, 2 delete; side 0 ask, 1 bid."""

    req_id: Int
    position: Int
    operation: Int
    side: Int
    price: Number
    size: Size


@response(13, "marketDepthL2", version=1)
@attrs.frozen
class DepthL2:
    """A row of market depth with its market maker or exchange."""

    req_id: Int
    position: Int
    market_maker: Text
    operation: Int
    side: Int
    price: Number
    size: Size
    smart: Flag = False


@response(50, "realTimeBar", version=3)
@attrs.frozen
class RealTimeBar:
    """A five-second bar; `time` is its start in seconds since 1970."""

    req_id: Int
    time: Int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Size
    average: Number
    count: Int


LAST, ALL_LAST, BID_ASK, MIDPOINT = 1, 2, 3, 4
_TRADE = ("price", "size", "mask", "exchange", "conditions")


@response(
    99,
    "tickByTick",
    layout=(
        *("req_id", "kind", "time"),
        When("kind", _TRADE, equals=LAST),
        When("kind", _TRADE, equals=ALL_LAST),
        When("kind", ("bid", "ask", "bid_size", "ask_size", "mask"), equals=BID_ASK),
        When("kind", ("midpoint",), equals=MIDPOINT),
    ),
)
@attrs.frozen
class TickByTick:
    """One tick: a trade (kind 1, or 2 with unreported ones), a quote (3) or a midpoint (4)."""

    req_id: Int
    kind: Int
    time: Int
    price: Number = 0.0
    size: Size = 0.0
    mask: Int = 0
    exchange: Text = ""
    conditions: Text = ""
    bid: Number = 0.0
    ask: Number = 0.0
    bid_size: Size = 0.0
    ask_size: Size = 0.0
    midpoint: Number = 0.0


@attrs.frozen
class DepthExchange:
    """An exchange with market depth."""

    exchange: Text
    sec_type: Text
    listing_exchange: Text = ""
    service_data_type: Text = "Deep"
    aggregated_group: Int = 0


@response(80, "mktDepthExchanges")
@attrs.frozen
class DepthExchanges:
    """The exchanges with market depth."""

    exchanges: Annotated[tuple[DepthExchange, ...], Counted()] = ()


@attrs.frozen
class SmartComponent:
    """An exchange and its letter."""

    bit: Int
    exchange: Text
    letter: Text


@response(82, "smartComponents")
@attrs.frozen
class SmartComponents:
    """The exchanges that the letters of a best quote stand for."""

    req_id: Int
    components: Annotated[tuple[SmartComponent, ...], Counted()] = ()


@response(19, "scannerParameters", version=1)
@attrs.frozen
class ScannerParameters:
    """The scanner parameters: always empty."""

    xml: Text = "<ScanParameterResponse></ScanParameterResponse>"
