"""Responses with historical data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.cursor import PreparedRows
from brokerkit.plugins.sim.gateway.codec.layout import Counted
from brokerkit.plugins.sim.gateway.codec.message import response
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Number, Size, Text


@attrs.frozen
class Bar:
    """One bar: `date` is `yyyymmdd` for days, else a local time, or seconds since 1970."""

    date: Text
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Size
    average: Number
    count: Int


@response(17, "historicalData")
@attrs.frozen
class HistoricalData:
    """All bars of a request; no end message follows below server version 196."""

    req_id: Int
    start: Text
    end: Text
    bars: Annotated[Sequence[Bar] | PreparedRows, Counted()] = ()


@response(90, "historicalDataUpdate")
@attrs.frozen
class HistoricalDataUpdate:
    """The latest bar of a request kept up to date; note the order: open, close, high, low."""

    req_id: Int
    count: Int
    date: Text
    open: Number
    close: Number
    high: Number
    low: Number
    average: Number
    volume: Size


@response(88, "headTimestamp")
@attrs.frozen
class HeadTimestamp:
    """The earliest time with data."""

    req_id: Int
    time: Text


@attrs.frozen
class MidpointTick:
    """A midpoint, or a price without further details."""

    time: Int
    reserved: Int
    price: Number
    size: Size


@attrs.frozen
class BidAskTick:
    """A quote."""

    time: Int
    mask: Int
    bid: Number
    ask: Number
    bid_size: Size
    ask_size: Size


@attrs.frozen
class LastTick:
    """A trade."""

    time: Int
    mask: Int
    price: Number
    size: Size
    exchange: Text = ""
    conditions: Text = ""


@response(96, "historicalTicks")
@attrs.frozen
class HistoricalTicks:
    """Historical midpoints."""

    req_id: Int
    ticks: Annotated[tuple[MidpointTick, ...], Counted()] = ()
    done: Flag = True


@response(97, "historicalTicksBidAsk")
@attrs.frozen
class HistoricalTicksBidAsk:
    """Historical quotes."""

    req_id: Int
    ticks: Annotated[tuple[BidAskTick, ...], Counted()] = ()
    done: Flag = True


@response(98, "historicalTicksLast")
@attrs.frozen
class HistoricalTicksLast:
    """Historical trades."""

    req_id: Int
    ticks: Annotated[tuple[LastTick, ...], Counted()] = ()
    done: Flag = True


@attrs.frozen
class Session:
    """One trading session of a schedule, in the schedule's time zone."""

    start: Text
    end: Text
    ref_date: Text


@response(106, "historicalSchedule", since=165)
@attrs.frozen
class HistoricalSchedule:
    """Historical trading sessions."""

    req_id: Int
    start: Text
    end: Text
    time_zone: Text
    sessions: Annotated[tuple[Session, ...], Counted()] = ()
