"""Orders that the gateway itself keeps back: until a condition holds, a time has come, or a parent has filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codec.parts import (
    Condition,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.translate import told_time

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


class HeldOrders:
    """Orders kept back, and the check whether they may go."""

    def __init__(self, gateway: Gateway, release: Callable[[GatewayOrder], None]) -> None:
        self.gateway = gateway
        self._release = release
        self._held: dict[GatewayOrder, None] = {}
        self._started_at: dict[int, float] = {}

    def __contains__(self, order: object) -> bool:
        """Tell whether an order is kept back."""
        return order in self._held

    def add(self, order: GatewayOrder) -> None:
        """Keep an order back."""
        self._held[order] = None

    def discard(self, order: GatewayOrder) -> None:
        """Keep an order back no longer; it is not sent either."""
        self._held.pop(order, None)

    def must_wait(self, order: GatewayOrder) -> bool:
        """Tell whether an order has conditions or a starting time that do not hold yet."""
        return not self._may_go(order)

    def check(self) -> None:
        """Let go what may go now; a child whose parent ended without filling ends too."""
        for order in list(self._held):
            parent = order.parent
            if order not in self._held:  # it ended with another, just now
                continue
            if parent is not None and parent.done and parent.status is not Status.FILLED:
                self.gateway.orders.entry.cancel_order(order)
            elif self._may_go(order):
                del self._held[order]
                order.why_held = ""
                order.status = Status.API_PENDING
                self._release(order)

    def _may_go(self, order: GatewayOrder) -> bool:
        terms = order.terms
        parent = order.parent
        if parent is not None and parent.transmitted and parent.status is not Status.FILLED:
            return False
        start = terms.good_after_time
        if start and self.gateway.now < told_time(start, self.gateway.settings.zone):
            return False
        return self._conditions_hold(terms.conditions, order)

    def _conditions_hold(self, conditions: tuple[Condition, ...], order: GatewayOrder) -> bool:
        """Combine conditions from left to right: each says how it is joined to the next."""
        result, joined_by = True, "a"
        for condition in conditions:
            holds = self._holds(condition, order)
            result = (result and holds) if joined_by == "a" else (result or holds)
            joined_by = condition.conjunction
        return result

    def _holds(self, condition: Condition, order: GatewayOrder) -> bool:
        if isinstance(condition, TimeCondition):
            past = self.gateway.now >= told_time(condition.time, self.gateway.settings.zone)
            return past is condition.is_more
        if isinstance(condition, PriceCondition):
            price = self._price(condition.con_id)
            return price is not None and (price >= condition.price if condition.is_more else price <= condition.price)
        if isinstance(condition, PercentChangeCondition):
            return self._has_moved(condition)
        if isinstance(condition, MarginCondition):
            cushion = self._cushion(order.terms.account)
            return cushion >= condition.percent if condition.is_more else cushion <= condition.percent
        if isinstance(condition, ExecutionCondition):
            return self._was_traded(condition)
        return self._volume_holds(condition)

    def _price(self, con_id: int) -> float | None:
        listed = self.gateway.contracts.by_number(con_id)
        price = None if listed is None else self.gateway.exchange.last_price(listed.terms.contract)
        return None if price is None else float(price)

    def _has_moved(self, condition: PercentChangeCondition) -> bool:
        price = self._price(condition.con_id)
        if price is None:
            return False
        start = self._started_at.setdefault(condition.con_id, price)
        change = 100 * (price - start) / start if start else 0.0
        return change >= condition.change_percent if condition.is_more else change <= condition.change_percent

    def _cushion(self, account: str) -> float:
        margins = self.gateway.exchange.margins(account)
        return 100 * float(margins.excess.amount / margins.value.amount) if margins.value.amount else 0.0

    def _was_traded(self, condition: ExecutionCondition) -> bool:
        return any(
            record.listed.card.symbol == condition.symbol and condition.sec_type in ("", record.listed.sec_type)
            for record in self.gateway.orders.reports.executions.values()
        )

    def _volume_holds(self, condition: VolumeCondition) -> bool:
        listed = self.gateway.contracts.by_number(condition.con_id)
        quote = None if listed is None else self.gateway.quote(listed)
        if quote is None:
            return False
        volume = quote.volume
        return volume >= condition.volume if condition.is_more else volume <= condition.volume
