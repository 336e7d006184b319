"""The order that a call would lead to: a new one, or a working one as it would stand after the change."""

from __future__ import annotations

import attrs

from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.middleware import Call
from brokerkit.spec.order import Order
from brokerkit.spec.orders import OrderChange


@attrs.frozen
class Proposal:
    """An order that somebody wants to have in the market.

    Attributes:
        order: The order as it would stand.
        filled: Signed lots of it that are filled already, one a leg.
        is_new: Whether it is not in the market yet.
    """

    order: Order
    filled: tuple[int, ...]
    is_new: bool

    @property
    def lots(self) -> dict[FuturesContract | FxPair, int]:
        """Signed lots that it would still trade, by contract."""
        legs: tuple[FuturesContract | FxPair, ...] = self.order.contract.legs
        remaining = zip(legs, self.order.quantity, self.filled, strict=True)
        return {contract: ordered - done for contract, ordered, done in remaining}


def proposal_of(call: Call) -> Proposal | None:
    """Return what a call proposes; None when it involves no order.

    Raises:
        InvalidOrder: The change contradicts the order.
        InvalidQuantity: The change's quantity is none.
    """
    order, control = call.arguments.get("order"), call.arguments.get("control")
    if isinstance(order, Order):
        return Proposal(order, (0,) * len(order.quantity), is_new=True)
    if control is None:
        return None
    working = control.current()
    change = call.arguments.get("change") or OrderChange(limit_price=call.arguments.get("limit_price"))
    return Proposal(change.of(working.order), working.filled, is_new=False)
