"""Orders that depend on each other: exits sized to their entry's fills, groups that cancel each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plain_exchange.contract import PlainContract

if TYPE_CHECKING:
    from plain_exchange.exchange import PlainExchange
    from plain_exchange.order import PlainOrder


class Linked:
    """Follows fills."""

    def __init__(self, exchange: PlainExchange) -> None:
        self.exchange = exchange

    def after_fill(self, order: PlainOrder) -> None:
        """Let what depends on an order follow its fill."""
        parent = order.parent
        if parent is not None:
            self.exchange.end(parent, "cancelled")
            self.size(parent)
        if order.children:
            self.size(order)
        self._end_when_nothing_is_left(order)
        if order.order.oco_group:
            self._end_group(order)

    def size(self, parent: PlainOrder) -> None:
        """Let exits close what their entry has opened and none of them has closed, each its share at most."""
        for child in parent.children:
            if child.is_final:
                continue
            open_lots = parent.filled - sum(one.filled for one in parent.children)
            share = child.asked * parent.filled // parent.asked - child.filled
            lots = max(min(share, open_lots), 0)
            if child.place == "waiting":
                self._begin(child, lots, parent)
            elif lots:
                child.ordered = child.filled + lots
            else:
                self.exchange.end(child, "cancelled")

    def _begin(self, child: PlainOrder, lots: int, parent: PlainOrder) -> None:
        if child.state == "pending" and lots:
            child.ordered = lots
            self.exchange.begin(child)
        elif child.state == "pending" and parent.is_final:
            self.exchange.end(child, "cancelled")

    def _end_when_nothing_is_left(self, order: PlainOrder) -> None:
        if order.order.reduce_only and isinstance(order.market, PlainContract):
            held = order.account.holdings[order.market].lots
            if held * order.side >= 0:
                self.exchange.end(order, "cancelled")

    def _end_group(self, order: PlainOrder) -> None:
        for other in list(self.exchange.orders.values()):
            same = other.order.oco_group == order.order.oco_group and other.account is order.account
            if same and other is not order and other.place in ("flight", "held", "market"):
                self.exchange.end(other, "cancelled")
