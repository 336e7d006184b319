"""Orders that depend on each other: brackets, and groups of orders that cancel each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import DuplicateOrder, InvalidOrder
from brokerkit.plugins.sim.exchange import entry, hours, scheduling, spreads
from brokerkit.plugins.sim.exchange.live_order import LiveOrder
from brokerkit.spec.broker_order import OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue

PENDING = OrderState.PENDING
NOTHING_LEFT = "nothing is left to reduce"


def checked_children(venue: Venue, parent: LiveOrder) -> tuple[LiveOrder, ...]:
    """Return a bracket's children, validated and numbered after their parent; none is accepted yet.

    Raises:
        InvalidOrder: One of them has children.
        DuplicateOrder: Two of them, or one and the parent, have the same reference.
    """
    number, refs = parent.number, {parent.order_ref}
    parent.whole = abs(entry.units_of(parent.order))
    children = []
    for order in parent.order.children:
        if order.children:
            raise InvalidOrder("An exit has no exits of its own.", remedy="Place them once it has filled.")
        if order.order_ref in refs:
            raise DuplicateOrder(f"Order {order.order_ref} is twice in one bracket.", remedy="Give each order its own.")
        refs.add(order.order_ref)
        number += 1
        child = entry.checked(venue, order, number)
        child.parent, child.linked, child.is_plain = parent, True, False
        child.whole, child.remaining = child.remaining, 0
        children.append(child)
    return tuple(children)


def admit_children(venue: Venue, parent: LiveOrder) -> None:
    """Accept a parent's children; each is pending until the parent fills."""
    for child in parent.children:
        venue.numbers = child.number
        venue.journal.lives[child.number] = child
        venue.orders[child.order_ref] = child
        wait_for_parent(venue, child)
        venue.note_status(child, f"waits for #{parent.number}")


def wait_for_parent(venue: Venue, child: LiveOrder) -> None:
    """Let a child wait for its parent; meanwhile its session may close, or its good-till time may pass."""
    venue.waiting_children.append(child)
    if child.listing.close_due <= venue.now:
        hours.watch_session(venue, child.listing)
    hours.watch_good_till(venue, child)


def pending_children(venue: Venue, listing: Listing) -> list[LiveOrder]:
    """Return the children on a listing whose parents have not filled yet."""
    return [child for child in venue.waiting_children if child.listing is listing]


def after_fill(venue: Venue, live: LiveOrder) -> None:
    """Update the orders that depend on an order after its fill.

    A parent's fill sizes its children; a child's fill ends what is left of its parent and reduces
    its siblings by as much; a fill in a group ends the rest of the group.
    """
    parent = live.parent
    if parent is not None:
        if not parent.state.is_final:
            venue.end(parent, f"#{live.number}, an exit of it, filled")
        _size_children(venue, parent, f"#{live.number} filled")
    if live.children:
        _size_children(venue, live, f"#{live.number} filled")
    if live.order.reduce_only and not live.is_final and not venue.fillable(live, live.remaining):
        venue.end(live, NOTHING_LEFT)
    if live.order.oco_group:
        for other in _group(venue, live):
            venue.end(other, f"#{live.number} of its group filled")
            scheduling.schedule(venue, other.listing)


def after_end(venue: Venue, live: LiveOrder) -> None:
    """Update the orders that depend on an order after its end: children that never started end the same way."""
    if live in venue.waiting_children:
        venue.waiting_children.remove(live)
    for child in live.children:
        if child.state is PENDING:
            venue.end(child, f"#{live.number}, its parent, is {live.state.value}", live.state)


def join_group(venue: Venue, live: LiveOrder) -> None:
    """Add an order to the group that its instruction names, unless it already joined while in flight."""
    live.linked = True
    venue.groups.setdefault((live.account.name, live.order.oco_group), {})[live] = None


def _group(venue: Venue, live: LiveOrder) -> list[LiveOrder]:
    key = (live.account.name, live.order.oco_group)
    venue.groups[key] = standing = {one: None for one in venue.groups.get(key, ()) if not one.state.is_final}
    return [one for one in standing if one is not live]


def after_change(venue: Venue, live: LiveOrder) -> None:
    """Update the sizes of a bracket after a change of an exit's size, or of an entry's."""
    _size_children(venue, live.parent or live, f"#{live.number} was changed")


def _size_children(venue: Venue, parent: LiveOrder, why: str) -> None:
    """Size the children to what their parent has opened and none of them has closed, each at most its share."""
    open_lots = parent.filled - sum(child.filled for child in parent.children)
    for child in parent.children:
        if not child.state.is_final:
            share = child.whole * parent.filled // parent.whole
            _size(venue, child, max(min(share - child.filled, open_lots), 0), why)


def _size(venue: Venue, child: LiveOrder, lots: int, why: str) -> None:
    waits, before = child.state is PENDING, child.remaining
    if not (waits or before):
        return  # its cancel is in flight, and it never worked
    if not lots:
        if not waits or child.parent is None or child.parent.state.is_final:
            venue.end(child, why)
    elif lots != before:
        venue.count_working(child, lots - before)
        child.remaining = lots
        child.order = entry.sized(child.order, child.filled + lots)
        if isinstance(child, spreads.SpreadOrder):
            spreads.resize_legs(venue, child)
        if waits:
            venue.waiting_children.remove(child)
            venue.begin(child)
        else:
            venue.note_status(child, why)
