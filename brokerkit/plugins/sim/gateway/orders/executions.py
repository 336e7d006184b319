"""Executions and IB's execution ids."""

from __future__ import annotations

from datetime import datetime

import attrs

from brokerkit.plugins.sim.gateway.attributes import attribute_time
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.codec.responses.account import CommissionReport, Execution
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder
from brokerkit.plugins.sim.gateway.settings import GatewaySettings
from brokerkit.plugins.sim.gateway.times import ZONED_TIMES_SINCE, instant_without_zone


@attrs.define(eq=False)
class ExecutionRecord:
    """One execution, and its commission once known.

    Attributes:
        execution_id: IB's id; a correction has the same id with a higher last part.
        order: The order that it belongs to.
        listed: The listed contract, which sets the time zone and exchange shown.
        contract: The contract traded, as sent to clients.
        quantity: Signed.
        commission: None until it is reported.
        realised: Its realised profit net of commission; None if it closed nothing.
        closed: The number of lots that it closed.
    """

    execution_id: str
    order: GatewayOrder
    listed: Listed
    contract: Contract
    quantity: float
    price: float
    time: datetime
    cumulative: float
    average: float
    commission: float | None = None
    currency: str = ""
    realised: float | None = None
    closed: int = 0

    def details(self, req_id: int, version: int, settings: GatewaySettings) -> Execution:
        """Return the execDetails message.

        Args:
            req_id: The request id; -1 for a live execution.
            version: The session's server version, which decides the time format.
            settings: The gateway's settings, which decide the time zone.
        """
        order, card = self.order, self.listed.card
        when = (
            attribute_time(self.time, card.time_zone, settings)
            if version >= ZONED_TIMES_SINCE
            else instant_without_zone(self.time, settings.zone)
        )
        return Execution(
            req_id,
            order.order_id,
            self.contract,
            self.execution_id,
            when,
            order.terms.account,
            card.exchange,
            "BOT" if self.quantity > 0 else "SLD",
            abs(self.quantity),
            self.price,
            order.perm_id,
            order.client_id,
            0,
            self.cumulative,
            self.average,
            order.terms.order_ref,
            model_code=order.terms.model_code,
            last_liquidity=2 if order.terms.order_type == "MKT" else 1,
        )

    def report(self) -> CommissionReport:
        """Return the commissionReport message."""
        return CommissionReport(self.execution_id, self.commission or 0.0, self.currency, self.realised)


def execution_id(perm_id: int, number: int, revision: int = 1) -> str:
    """Return an execution id in IB's format.

    Example:
        >>> execution_id(1376327564, 255)
        '0000e0d5.5209178c.000000ff.01'
    """
    return f"0000e0d5.{perm_id & 0xFFFFFFFF:08x}.{number:08x}.{revision:02d}"
