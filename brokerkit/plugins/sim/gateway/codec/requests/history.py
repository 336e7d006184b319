"""Requests for historical data: bars, ticks, the earliest time."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Counted, When
from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, LEG_KEY, ComboLeg, Contract
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Text


@request(
    20,
    "reqHistoricalData",
    layout=(
        *("req_id", "contract", "include_expired", "end_time", "bar_size", "duration", "use_rth", "what_to_show"),
        "format_date",
        When("contract.sec_type", ("legs",), equals="BAG"),
        *("keep_up_to_date", "chart_options"),
    ),
)
@attrs.frozen
class HistoricalDataRequest:
    """Request historical bars, once or kept up to date."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    include_expired: Flag = False
    end_time: Text = ""
    bar_size: Text = ""
    duration: Text = ""
    use_rth: Flag = True
    what_to_show: Text = ""
    format_date: Int = 1
    legs: Annotated[tuple[ComboLeg, ...], Counted(only=LEG_KEY)] = ()
    keep_up_to_date: Flag = False
    chart_options: Text = ""


@request(25, "cancelHistoricalData", version=1)
@attrs.frozen
class CancelHistoricalData:
    """Cancel a request for historical bars."""

    req_id: Int


@request(87, "reqHeadTimeStamp")
@attrs.frozen
class HeadTimestampRequest:
    """Request the earliest time with data."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    include_expired: Flag = False
    use_rth: Flag = True
    what_to_show: Text = ""
    format_date: Int = 1


@request(90, "cancelHeadTimeStamp")
@attrs.frozen
class CancelHeadTimestamp:
    """Cancel a request for the earliest time."""

    req_id: Int


@request(96, "reqHistoricalTicks")
@attrs.frozen
class HistoricalTicksRequest:
    """Request historical ticks."""

    req_id: Int
    contract: Contract = ANY_CONTRACT
    include_expired: Flag = False
    start_time: Text = ""
    end_time: Text = ""
    count: Int = 0
    what_to_show: Text = ""
    use_rth: Flag = True
    ignore_size: Flag = False
    misc_options: Text = ""
