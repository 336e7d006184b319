"""Requests about accounts: values, positions, profit and loss, executions."""

from __future__ import annotations

import attrs

from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, Text


@request(6, "reqAccountUpdates", version=2)
@attrs.frozen
class AccountUpdatesRequest:
    """Subscribe to one account's values and portfolio, or cancel the subscription."""

    subscribe: Flag = True
    account: Text = ""


@request(7, "reqExecutions", version=3)
@attrs.frozen
class ExecutionsRequest:
    """Request the day's executions; blank or 0 in a filter matches any."""

    req_id: Int
    client_id: Int = 0
    account: Text = ""
    time: Text = ""
    symbol: Text = ""
    sec_type: Text = ""
    exchange: Text = ""
    side: Text = ""


@request(61, "reqPositions", version=1)
@attrs.frozen
class PositionsRequest:
    """Subscribe to the positions of every account."""


@request(64, "cancelPositions", version=1)
@attrs.frozen
class CancelPositions:
    """Cancel the subscription to positions."""


@request(74, "reqPositionsMulti", version=1)
@attrs.frozen
class PositionsMultiRequest:
    """Subscribe to the positions of one account or model."""

    req_id: Int
    account: Text = ""
    model: Text = ""


@request(75, "cancelPositionsMulti", version=1)
@attrs.frozen
class CancelPositionsMulti:
    """Cancel a subscription to positions."""

    req_id: Int


@request(76, "reqAccountUpdatesMulti", version=1)
@attrs.frozen
class AccountUpdatesMultiRequest:
    """Subscribe to the values of one account or model."""

    req_id: Int
    account: Text = ""
    model: Text = ""
    ledger_and_nlv: Flag = False


@request(77, "cancelAccountUpdatesMulti", version=1)
@attrs.frozen
class CancelAccountUpdatesMulti:
    """Cancel a subscription to account values."""

    req_id: Int


@request(62, "reqAccountSummary", version=1)
@attrs.frozen
class AccountSummaryRequest:
    """Subscribe to selected values of several accounts."""

    req_id: Int
    group: Text = "All"
    tags: Text = ""


@request(63, "cancelAccountSummary", version=1)
@attrs.frozen
class CancelAccountSummary:
    """Cancel a subscription to an account summary."""

    req_id: Int


@request(92, "reqPnL")
@attrs.frozen
class PnlRequest:
    """Subscribe to the profit and loss of an account."""

    req_id: Int
    account: Text = ""
    model: Text = ""


@request(93, "cancelPnL")
@attrs.frozen
class CancelPnl:
    """Cancel a subscription to profit and loss."""

    req_id: Int


@request(94, "reqPnLSingle")
@attrs.frozen
class PnlSingleRequest:
    """Subscribe to the profit and loss of one position."""

    req_id: Int
    account: Text = ""
    model: Text = ""
    con_id: Int = 0


@request(95, "cancelPnLSingle")
@attrs.frozen
class CancelPnlSingle:
    """Cancel a subscription to the profit and loss of one position."""

    req_id: Int
