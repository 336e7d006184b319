"""Turns the exchange's fills into executions, commission reports and corrections."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import MissingOrder
from brokerkit.plugins.sim.gateway.orders.books import Books
from brokerkit.plugins.sim.gateway.orders.executions import ExecutionRecord, execution_id
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.messages import open_order_message
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.reports import Reports
from brokerkit.spec.broker_order import Fill
from brokerkit.spec.events import CommissionReport
from brokerkit.spec.money import exact
from brokerkit.spec.positions import Position

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

_CORRECTION_PERIOD = timedelta(days=1)


class Fills:
    """Records the day's executions and reports them to the clients that placed the orders.

    Attributes:
        executions: The day's executions, by execution id.
        books: Positions and realised profit.
    """

    def __init__(self, gateway: Gateway, registry: OrderRegistry, reports: Reports) -> None:
        self.gateway = gateway
        self.registry = registry
        self.reports = reports
        self.executions: dict[str, ExecutionRecord] = {}
        self.books = Books()
        self._by_exchange_id: dict[str, ExecutionRecord] = {}
        self._revisions: dict[str, int] = {}
        self._commissions: dict[str, float] = {}
        self._numbers = 0

    def listen(self) -> None:
        """Subscribe to the exchange's events."""
        exchange = self.gateway.exchange
        for held in exchange.positions():
            listed = self.gateway.contracts.of_contract(held.contract)
            self.books.begin(held.account, listed, held.quantity, held.average_price or Decimal(0))
        exchange.listen(Fill, self.on_fill)
        exchange.listen(CommissionReport, self.on_commission)
        exchange.listen(Position, self.on_position)

    def on_fill(self, fill: Fill) -> None:
        """Handle a fill: a new execution, a correction, or a duplicate."""
        working = self.registry.of_ref(fill.order_ref)
        order = working or self._corrected_order(fill)
        if order is None:
            return
        known = self._by_exchange_id.get(fill.execution_id)
        if known is not None:
            self._send_execution(known)
            return
        record = self._record(order, fill)
        self._update_totals(order, fill, record)
        self._by_exchange_id[fill.execution_id] = self.executions[record.execution_id] = record
        if working is not None:
            self.reports.note_fill(order)
        self._send_execution(record)
        if order.is_combo:
            self._combo_execution(order, record)

    def _corrected_order(self, correction: Fill) -> GatewayOrder | None:
        """Return the order of a correction if it ended the day before; None for other fills."""
        corrected = self._by_exchange_id.get(correction.corrects)
        return None if corrected is None else corrected.order

    def _send_execution(self, record: ExecutionRecord) -> None:
        session = self.gateway.session_of(record.order.client_id)
        if session is not None:
            session.send(record.details(-1, session.version, self.gateway.settings))

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

    def _update_totals(self, order: GatewayOrder, fill: Fill, record: ExecutionRecord) -> None:
        corrected = self._by_exchange_id.get(fill.corrects)
        lots, cost = abs(record.quantity), abs(record.quantity) * record.price
        if corrected is not None:
            lots -= abs(corrected.quantity)
            cost -= abs(corrected.quantity) * corrected.price
        account, listed, quantity = order.terms.account, record.listed, fill.quantity
        if corrected is None:
            record.closed = self.books.closed_by(account, listed, quantity)
            realised = self.books.trade(account, listed, quantity, fill.price, self._commission_of(fill))
            record.realised = None if realised is None else float(realised)
        else:
            record.closed = corrected.closed
            change = fill.price - exact(corrected.price)
            more = self.books.correct(account, listed, quantity, corrected.closed, change)
            record.realised = None if corrected.realised is None else corrected.realised + float(more)
        order.last_price = record.price
        if order.is_combo:
            order.leg_fills[fill.leg] += quantity if corrected is None else 0
            return
        order.filled += lots
        order.cost += cost
        record.cumulative, record.average = order.filled, order.average_price

    def _commission_of(self, fill: Fill) -> Decimal:
        """Return an execution's commission: it is charged at once, even if it is reported late."""
        if fill.commission is not None:
            return fill.commission.amount
        with suppress(MissingOrder):  # the exchange dropped the order while its connection was down
            for one in self.gateway.exchange.order(fill.order_ref).executions:
                if one.execution_id == fill.execution_id:
                    return one.as_commission().commission.amount
        return Decimal(0)

    def _combo_execution(self, order: GatewayOrder, leg: ExecutionRecord) -> None:
        """Report the combination's own execution once every leg is filled for at least one more unit."""
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
        self._send_execution(record)

    def _combo_price(self, order: GatewayOrder) -> float:
        total = 0.0
        for each in order.legs:
            fills = [one for one in self.executions.values() if one.order is order and one.listed is each.listed]
            own = [one for one in fills if one.contract.sec_type != "BAG"]
            lots = sum(abs(one.quantity) for one in own)
            total += each.ratio * sum(abs(one.quantity) * one.price for one in own) / lots if lots else 0.0
        return total

    def on_commission(self, report: CommissionReport) -> None:
        """Handle a commission: send the order with its total commission, then the commission report.

        A correction's commission replaces that of the corrected execution.
        """
        record = self._by_exchange_id.get(report.execution_id)
        if record is None:
            return
        order = record.order
        record.commission, record.currency = float(report.commission.amount), report.commission.currency
        base = record.execution_id[:-3]
        order.commission = (order.commission or 0.0) + record.commission - self._commissions.get(base, 0.0)
        self._commissions[base] = record.commission
        order.commission_currency = record.currency
        if order.status is Status.FILLED:
            self.reports.send(order, open_order_message(order))
        self.reports.send(order, record.report())

    def on_position(self, position: Position) -> None:
        """Record the settlement of an expired contract, for which there is no execution."""
        listed = self.gateway.contracts.of_contract(position.contract)
        price = self.gateway.exchange.last_price(position.contract)
        if not position.quantity and listed.expired(position.as_of) and price is not None:
            settled = listed.terms.settlement_price
            self.books.settle(position.account, listed, price if settled is None else settled)

    def correct_newest(self, price: float | None) -> None:
        """Correct the latest execution: the same trade at another price, with the next revision of its execution id.

        Args:
            price: The correct price; None for one tick above the reported one.
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
        self._send_execution(record)
        if record.commission is not None:
            self.reports.send(order, record.report())

    def new_day(self) -> None:
        """Drop the previous day's executions; for one more day, they can still be corrected."""
        self.executions.clear()
        since = self.gateway.now - _CORRECTION_PERIOD
        self._by_exchange_id = {name: one for name, one in self._by_exchange_id.items() if one.time >= since}
        bases = {one.execution_id[:-3] for one in self._by_exchange_id.values()}
        self._revisions = {base: last for base, last in self._revisions.items() if base in bases}
        self._commissions = {base: paid for base, paid in self._commissions.items() if base in bases}
        self.books.new_day()
