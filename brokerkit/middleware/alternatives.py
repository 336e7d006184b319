"""Working orders by what cancels what: of a bracket's exits, and of an OCO group, only one can fill."""

from __future__ import annotations

from collections.abc import Sequence

from brokerkit.middleware.names import Names
from brokerkit.middleware.proposal import Proposal
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.contract import FuturesContract, FxPair

Lots = dict[FuturesContract | FxPair, int]
"""Signed lots that an order may still trade, by contract."""


def alternatives(orders: Sequence[BrokerOrder], proposal: Proposal, names: Names) -> list[list[Lots]]:
    """Return what the working orders may still trade, those that cancel each other together.

    The exits of a bracket close what their parent has opened and none of them has closed; what it opens
    later, they close as well, so no position comes of it. The proposal's own order is left out, and so
    is what it cancels by filling, unless that is larger.

    Args:
        orders: What the broker reports, done orders included.
        proposal: The order that is about to be sent or changed.
        names: What the proposal calls contracts.
    """
    parents = {child.order_ref: parent for parent in orders for child in parent.order.children}
    own = _group_of(proposal.order.order_ref, proposal.order.oco_group, parents)
    groups: dict[tuple[str, str], list[Lots]] = {}
    for each in orders:
        if each.state.is_final or each.order_ref == proposal.order.order_ref:
            continue
        group = _group_of(each.order_ref, each.order.oco_group, parents)
        lots = _lots(each, parents.get(each.order_ref), orders, names)
        if group != own or not _is_covered(lots, proposal.lots):
            groups.setdefault(group, []).append(lots)
    return list(groups.values())


def _group_of(order_ref: str, oco_group: str, parents: dict[str, BrokerOrder]) -> tuple[str, str]:
    if order_ref in parents:
        return ("exits of", parents[order_ref].order_ref)
    return ("oco", oco_group) if oco_group else ("order", order_ref)


def _lots(working: BrokerOrder, parent: BrokerOrder | None, orders: Sequence[BrokerOrder], names: Names) -> Lots:
    remaining = working.remaining
    if parent is not None:
        exits = {child.order_ref for child in parent.order.children}
        done = [each.filled for each in orders if each.order_ref in exits]
        opened = [sum(leg) for leg in zip(parent.filled, *done, strict=True)]
        remaining = tuple(_closing(lots, open_lots) for lots, open_lots in zip(remaining, opened, strict=True))
    return dict(zip(map(names.of, working.order.contract.legs), remaining, strict=True))


def _closing(lots: int, open_lots: int) -> int:
    """Return how much of an exit's lots can trade now, given the lots that are open."""
    size = min(abs(lots), abs(open_lots))
    return size if lots > 0 else -size


def _is_covered(lots: Lots, larger: Lots) -> bool:
    """Return whether one order trades no more of anything than another."""
    return all(abs(count) <= abs(larger.get(contract, 0)) for contract, count in lots.items())
