"""Evaluation of an order's conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import (
    Condition,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from brokerkit.plugins.sim.gateway.orders.translate import parse_order_time
from brokerkit.plugins.sim.gateway.refused import invalid

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.market.quotes import Quote

_CONTRACT_CONDITIONS = (PriceCondition, VolumeCondition, PercentChangeCondition)


class Conditions:
    """Evaluates order conditions on the market, the accounts and the clock."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def check(self, terms: OrderTerms) -> None:
        """Refuse a condition that can never hold: on an unknown contract, or at an invalid time."""
        for condition in terms.conditions:
            if isinstance(condition, TimeCondition):
                parse_order_time(condition.time, self.gateway.settings.zone)
            elif isinstance(condition, _CONTRACT_CONDITIONS) and not self.gateway.contracts.by_number(condition.con_id):
                raise invalid(f"No contract {condition.con_id} for a condition.", "bN")

    def hold(self, terms: OrderTerms) -> bool:
        """Return whether an order's conditions hold, left to right; each names its conjunction with the next."""
        result, joined_by = True, "a"
        for condition in terms.conditions:
            holds = self._holds(condition, terms.account)
            result = (result and holds) if joined_by == "a" else (result or holds)
            joined_by = condition.conjunction
        return result

    def _holds(self, condition: Condition, account: str) -> bool:
        if isinstance(condition, TimeCondition):
            past = self.gateway.now >= parse_order_time(condition.time, self.gateway.settings.zone)
            return past is condition.is_more
        if isinstance(condition, PriceCondition):
            quote = self._quote(condition.con_id)
            return quote is not None and _beyond(quote.last, condition.price, more=condition.is_more)
        if isinstance(condition, PercentChangeCondition):
            quote = self._quote(condition.con_id)
            if quote is None or not quote.previous_close:
                return False
            change = 100 * (quote.last / quote.previous_close - 1)
            return _beyond(change, condition.change_percent, more=condition.is_more)
        if isinstance(condition, MarginCondition):
            return _beyond(self._cushion(account), condition.percent, more=condition.is_more)
        if isinstance(condition, ExecutionCondition):
            return self._was_traded(condition)
        quote = self._quote(condition.con_id)
        return quote is not None and _beyond(quote.volume, condition.volume, more=condition.is_more)

    def _quote(self, con_id: int) -> Quote | None:
        listed = self.gateway.contracts.by_number(con_id)
        return None if listed is None else self.gateway.quote(listed)

    def _cushion(self, account: str) -> float:
        margins = self.gateway.exchange.margins(account)
        return 100 * float(margins.excess.amount / margins.value.amount) if margins.value.amount else 0.0

    def _was_traded(self, condition: ExecutionCondition) -> bool:
        return any(
            record.listed.card.symbol == condition.symbol and condition.sec_type in ("", record.listed.sec_type)
            for record in self.gateway.orders.fills.executions.values()
        )


def _beyond(value: float, bound: float, *, more: bool) -> bool:
    return value >= bound if more else value <= bound
