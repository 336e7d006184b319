"""Faults of answers to order requests: errors for orders that still work, notices that look like errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.codes import GROUP_REVISION, MISMATCH, OFF_TICK, Code
from brokerkit.plugins.sim.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder
    from brokerkit.plugins.sim.gateway.session import Session

_TEXTS = {
    Code.OFF_TICK: OFF_TICK,
    Code.MODIFY_MISMATCH: MISMATCH,
    Code.GROUP_REVISION: GROUP_REVISION,
    Code.REJECTED: "Order rejected - reason:Revision of the order is not allowed.",
    Code.UNKNOWN_ORDER: "Can't find order with id ={order_id}",
    Code.CANCEL_UNKNOWN: "OrderId {order_id} that needs to be cancelled is not found.",
    Code.CANCEL_REFUSED: "OrderId {order_id} that needs to be cancelled cannot be cancelled, state: Filled.",
}
TIF_TEXT = "Order TIF was set to DAY based on order preset."


class _FalseError(Fault):
    _CODES: ClassVar[tuple[Code, ...]] = ()

    def __init__(self, code: int, count: int) -> None:
        if code not in self._CODES:
            raise InvalidArgument(f"Code {code} is not one of {', '.join(str(int(one)) for one in self._CODES)}.")
        self._code = Code(code)
        self._count = count

    def answer(self, session: Session, order: GatewayOrder) -> bool:
        """Send the error instead of handling the request; return whether it was sent."""
        if self._count <= 0:
            return False
        self._count -= 1
        self.spent = self._count <= 0
        session.error(order.order_id, self._code, _TEXTS[self._code].format(order_id=order.order_id))
        return True


class FalseModifyError(_FalseError):
    """A modification is refused, and the order keeps working: some clients think it is dead.

    Args:
        code: 105, 110, 135, 201 or 10326.
        count: How many modifications are refused.
    """

    _CODES = (Code.MODIFY_MISMATCH, Code.OFF_TICK, Code.UNKNOWN_ORDER, Code.REJECTED, Code.GROUP_REVISION)

    def __init__(self, code: int = Code.MODIFY_MISMATCH, count: int = 1) -> None:
        super().__init__(code, count)


class FalseCancelError(_FalseError):
    """A cancel is refused with 10147 or 10148, and the order keeps working: a fill won the race, or will.

    Args:
        code: 10147 or 10148.
        count: How many cancels are refused.
    """

    _CODES = (Code.CANCEL_UNKNOWN, Code.CANCEL_REFUSED)

    def __init__(self, code: int = Code.CANCEL_REFUSED, count: int = 1) -> None:
        super().__init__(code, count)


class TifNotice(Fault):
    """Every new order gets notice 10349, and works whatever a client makes of the code."""

    def after_placing(self, session: Session, order: GatewayOrder) -> None:
        """Send the notice."""
        session.error(order.order_id, Code.TIF_SET, TIF_TEXT)
