"""From the exchange's fills to executions: each told as it comes, its commission after it, corrections in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.orders.executions import ExecutionRecord, Realised, execution_id
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.messages import open_order_message
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.reports import Reports
from brokerkit.spec.broker_order import Fill
from brokerkit.spec.events import CommissionReport

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


class Fills:
    """Hears of fills, keeps the day's executions, and tells the clients whose orders they are of.

    Attributes:
        executions: The day's, by IB's id.
        realised: What trades have realised.
    """

    def __init__(self, gateway: Gateway, registry: OrderRegistry, reports: Reports) -> None:
        self.gateway = gateway
        self.registry = registry
        self.reports = reports
        self.executions: dict[str, ExecutionRecord] = {}
        self.realised = Realised()
        self._by_exchange_id: dict[str, ExecutionRecord] = {}
        self._revisions: dict[str, int] = {}
        self._numbers = 0

    def listen(self) -> None:
        """Hear the exchange from now on."""
        self.gateway.exchange.listen(Fill, self.on_fill)
        self.gateway.exchange.listen(CommissionReport, self.on_commission)

    def on_fill(self, fill: Fill) -> None:
        """Take an execution: a new one, one that corrects another, or one that was told before."""
        order = self.registry.of_ref(fill.order_ref)
        if order is None:
            return
        known = self._by_exchange_id.get(fill.execution_id)
        if known is not None:
            self._tell_execution(known)
            return
        record = self._record(order, fill)
        self._count(order, fill, record)
        self._by_exchange_id[fill.execution_id] = self.executions[record.execution_id] = record
        self.reports.note_fill(order)
        self._tell_execution(record)
        if order.is_combo:
            self._combo_execution(order, record)

    def _tell_execution(self, record: ExecutionRecord) -> None:
        session = self.gateway.session_of(record.order.client_id)
        if session is not None:
            session.send(record.details(-1, session.version, self.gateway.settings.zone))

    def _record(self, order: GatewayOrder, fill: Fill) -> ExecutionRecord:
        leg = order.legs[fill.leg]
        corrected = self._by_exchange_id.get(fill.corrects)
        if corrected is None:
            self._numbers += 1
            identity = execution_id(order.perm_id, self._numbers)
        else:
            base = corrected.execution_id[:-3]
            self._revisions[base] = self._revisions.get(base, 1) + 1
            identity = f"{base}.{self._revisions[base]:02d}"
        price, quantity = float(fill.price), float(fill.quantity)
        return ExecutionRecord(
            identity, order, leg.listed, leg.listed.wire, quantity, price, fill.time, abs(quantity), price
        )

    def _count(self, order: GatewayOrder, fill: Fill, record: ExecutionRecord) -> None:
        corrected = self._by_exchange_id.get(fill.corrects)
        lots, cost = abs(record.quantity), abs(record.quantity) * record.price
        if corrected is not None:
            lots -= abs(corrected.quantity)
            cost -= abs(corrected.quantity) * corrected.price
        account, listed, quantity = order.terms.account, record.listed, record.quantity
        if corrected is None:
            record.realised = self.realised.after(account, listed, quantity, record.price)
        else:
            record.realised = corrected.realised
            self.realised.correct(account, listed, quantity, record.price - corrected.price)
        order.last_price = record.price
        if order.is_combo:
            order.leg_fills[fill.leg] += int(quantity) if corrected is None else 0
            return
        order.filled += lots
        order.cost += cost
        record.cumulative, record.average = order.filled, order.average_price

    def _combo_execution(self, order: GatewayOrder, leg: ExecutionRecord) -> None:
        """Report the combination itself once every leg of some of it is filled."""
        done = min(abs(lots) // abs(each.ratio) for lots, each in zip(order.leg_fills, order.legs, strict=True))
        if done <= order.filled:
            return
        price = self._combo_price(order)
        order.cost += price * (done - order.filled)
        quantity = (done - order.filled) * order.side
        order.filled, order.last_price = float(done), price
        self._numbers += 1
        record = ExecutionRecord(
            *(execution_id(order.perm_id, self._numbers), order, leg.listed, order.contract, quantity, price),
            *(leg.time, order.filled, order.average_price),
        )
        self.executions[record.execution_id] = record
        self._tell_execution(record)

    def _combo_price(self, order: GatewayOrder) -> float:
        total = 0.0
        for each in order.legs:
            fills = [one for one in self.executions.values() if one.order is order and one.listed is each.listed]
            own = [one for one in fills if one.contract.sec_type != "BAG"]
            lots = sum(abs(one.quantity) for one in own)
            total += each.ratio * sum(abs(one.quantity) * one.price for one in own) / lots if lots else 0.0
        return total

    def on_commission(self, report: CommissionReport) -> None:
        """Take what an execution cost: the order once more with the sum, then the report."""
        record = self._by_exchange_id.get(report.execution_id)
        if record is None:
            return
        order = record.order
        record.commission, record.currency = float(report.commission.amount), report.commission.currency
        order.commission = (order.commission or 0.0) + record.commission
        order.commission_currency = record.currency
        if order.status is Status.FILLED:
            self.reports.tell(order, open_order_message(order))
        self.reports.tell(order, record.report())

    def correct_newest(self, price: float | None) -> None:
        """Correct the newest execution: the same trade at another price, under the next revision of its id.

        Args:
            price: The true price; None for one tick above the price told.
        """
        single = [one for one in self.executions.values() if one.contract.sec_type != "BAG"]
        if not single:
            return
        wrong = single[-1]
        base, revision = wrong.execution_id[:-3], int(wrong.execution_id[-2:]) + 1
        self._revisions[base] = revision
        true = wrong.price + float(wrong.listed.terms.tick_size) if price is None else price
        order = wrong.order
        order.cost += abs(wrong.quantity) * (true - wrong.price)
        record = attrs.evolve(wrong, execution_id=f"{base}.{revision:02d}", price=true, average=order.average_price)
        self.executions[record.execution_id] = record
        self._tell_execution(record)
        if record.commission is not None:
            self.reports.tell(order, record.report())

    def new_day(self) -> None:
        """Drop the executions of the day that is over."""
        self.executions.clear()
        self._by_exchange_id.clear()
        self._revisions.clear()
        self.realised.new_day()
