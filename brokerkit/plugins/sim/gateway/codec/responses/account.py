"""Responses about accounts: values, positions, profit and loss, executions."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Versions
from brokerkit.plugins.sim.gateway.codec.message import response
from brokerkit.plugins.sim.gateway.codec.parts import ANY_CONTRACT, ContractAnswer, PortfolioContract
from brokerkit.plugins.sim.gateway.codec.wire import Flag, Int, MaxNumber, Number, Size, Text


@response(6, "updateAccountValue", version=2)
@attrs.frozen
class AccountValue:
    """One value of an account."""

    tag: Text
    value: Text
    currency: Text
    account: Text


@response(7, "updatePortfolio", version=8)
@attrs.frozen
class Portfolio:
    """One position of an account and its value."""

    contract: PortfolioContract = ANY_CONTRACT
    position: Size = 0.0
    market_price: Number = 0.0
    market_value: Number = 0.0
    average_cost: Number = 0.0
    unrealized_pnl: Number = 0.0
    realized_pnl: Number = 0.0
    account: Text = ""


@response(8, "updateAccountTime", version=1)
@attrs.frozen
class AccountTime:
    """The hour and minute of the account values just sent."""

    time: Text


@response(54, "accountDownloadEnd", version=1)
@attrs.frozen
class AccountDownloadEnd:
    """An account's values and portfolio are complete."""

    account: Text


@response(11, "execDetails")
@attrs.frozen
class Execution:
    """One execution; `req_id` is -1 for a live one."""

    req_id: Int
    order_id: Int
    contract: ContractAnswer = ANY_CONTRACT
    execution_id: Text = ""
    time: Text = ""
    account: Text = ""
    exchange: Text = ""
    side: Text = ""
    shares: Size = 0.0
    price: Number = 0.0
    perm_id: Int = 0
    client_id: Int = 0
    liquidation: Int = 0
    cumulative_quantity: Size = 0.0
    average_price: Number = 0.0
    order_ref: Text = ""
    ev_rule: Text = ""
    ev_multiplier: Number = 0.0
    model_code: Text = ""
    last_liquidity: Int = 0
    pending_price_revision: Annotated[Flag, Versions(since=178)] = False


@response(55, "execDetailsEnd", version=1)
@attrs.frozen
class ExecutionsEnd:
    """The list of executions is complete."""

    req_id: Int


@response(59, "commissionReport", version=1)
@attrs.frozen
class CommissionReport:
    """The commission of an execution; profit and yield may be unset."""

    execution_id: Text
    commission: Number
    currency: Text
    realized_pnl: MaxNumber = None
    yield_: MaxNumber = None
    yield_redemption_date: Text = ""


@response(61, "position", version=3)
@attrs.frozen
class Position:
    """One position of an account; its average cost is in money and includes commission."""

    account: Text
    contract: ContractAnswer = ANY_CONTRACT
    position: Size = 0.0
    average_cost: Number = 0.0


@response(62, "positionEnd", version=1)
@attrs.frozen
class PositionEnd:
    """The list of positions is complete."""


@response(71, "positionMulti", version=1)
@attrs.frozen
class PositionMulti:
    """One position of one account or model."""

    req_id: Int
    account: Text
    contract: ContractAnswer = ANY_CONTRACT
    position: Size = 0.0
    average_cost: Number = 0.0
    model: Text = ""


@response(72, "positionMultiEnd", version=1)
@attrs.frozen
class PositionMultiEnd:
    """The list of positions is complete."""

    req_id: Int


@response(73, "accountUpdateMulti", version=1)
@attrs.frozen
class AccountUpdateMulti:
    """One value of one account or model."""

    req_id: Int
    account: Text
    model: Text
    tag: Text
    value: Text
    currency: Text


@response(74, "accountUpdateMultiEnd", version=1)
@attrs.frozen
class AccountUpdateMultiEnd:
    """The values are complete."""

    req_id: Int


@response(63, "accountSummary", version=1)
@attrs.frozen
class AccountSummary:
    """One value of an account summary."""

    req_id: Int
    account: Text
    tag: Text
    value: Text
    currency: Text


@response(64, "accountSummaryEnd", version=1)
@attrs.frozen
class AccountSummaryEnd:
    """The summary is complete."""

    req_id: Int


@response(94, "pnl")
@attrs.frozen
class Pnl:
    """An account's profit and loss."""

    req_id: Int
    daily: MaxNumber = None
    unrealized: MaxNumber = None
    realized: MaxNumber = None


@response(95, "pnlSingle")
@attrs.frozen
class PnlSingle:
    """A position's profit and loss."""

    req_id: Int
    position: Size = 0.0
    daily: MaxNumber = None
    unrealized: MaxNumber = None
    realized: MaxNumber = None
    value: MaxNumber = None
