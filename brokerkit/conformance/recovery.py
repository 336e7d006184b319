"""Takes back what an interrupted run left at the broker: its open orders, and what they traded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit import BrokerOrder, FuturesContract, FxPair, Order
from brokerkit.conformance.trader import TAG
from brokerkit.errors import BrokerkitError, MissingOrder, NotSupported, OrderCannotBeCancelled

if TYPE_CHECKING:
    from brokerkit import Broker


class LeftBehindError(Exception):
    """What an interrupted run left cannot be taken back now."""


@attrs.frozen
class _Named:
    order_ref: str


def take_back(broker: Broker, refs: list[str], timeout: float) -> list[str]:
    """Cancel and trade back what orders of these references left, and return what was done, a line each.

    Args:
        broker: Where they were placed.
        refs: References of orders that an interrupted run placed, or was about to.
        timeout: Seconds that any one wait may take.

    Raises:
        LeftBehindError: Something could not be taken back; it says what.
    """
    done: list[str] = []
    views = [view for ref in refs if (view := _final_view(broker, ref, timeout, done)) is not None]
    for contract, lots in _traded(views).items():
        if lots:
            _trade(broker, contract, -lots, timeout)
            done.append(f"traded {-lots:+d} {contract} back")
    return done


def _final_view(broker: Broker, ref: str, timeout: float, done: list[str]) -> BrokerOrder | None:
    """Return an order's view once it is final, cancelled if need be; None when it never arrived."""
    try:
        view = broker.orders.match_db_broker_order_to_order_from_brokers(_Named(ref))
    except MissingOrder:
        return None
    except NotSupported as refusal:
        raise LeftBehindError(f"order {ref} cannot be looked up: {refusal.fact.rstrip('.')}") from refusal
    if view.state.is_final:
        return view
    try:
        broker.orders.cancel_order_on_stack(view)
        done.append(f"cancelled {view.order.quantity} {view.order.contract}, order {ref}")
    except OrderCannotBeCancelled:
        pass  # it has ended meanwhile, or its cancel is on the way
    try:
        return broker.orders.match_db_broker_order_to_control_order_from_brokers(view).wait(timeout)
    except BrokerkitError as problem:
        raise LeftBehindError(f"order {ref} is still open: {problem}") from problem


def _traded(views: list[BrokerOrder]) -> dict[FuturesContract | FxPair, int]:
    lots: dict[FuturesContract | FxPair, int] = {}
    for fill in (fill for view in views for fill in view.fills):
        lots[fill.contract] = lots.get(fill.contract, 0) + fill.quantity
    return lots


def _trade(broker: Broker, contract: FuturesContract | FxPair, lots: int, timeout: float) -> None:
    place = broker.orders.put_order_on_stack
    try:
        if isinstance(contract, FxPair):
            place = broker.fx.put_fx_order_on_stack
        elif not broker.contracts.is_contract_okay_to_trade(contract):
            raise LeftBehindError(f"{-lots:+d} {contract} is held, and its market is closed")
        ended = place(Order.market(contract, lots, tag=TAG)).wait(timeout)
    except BrokerkitError as problem:
        raise LeftBehindError(f"{-lots:+d} {contract} is held: {problem}") from problem
    if ended.filled != (lots,):
        raise LeftBehindError(f"{-lots:+d} {contract} is held: the order to trade it back ended {ended.state.value}")
