"""What is held of a contract, and what working orders could still add to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from brokerkit.errors import NotSupported
from brokerkit.middleware.alternatives import Lots, alternatives
from brokerkit.middleware.names import Names
from brokerkit.middleware.proposal import Proposal
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.domains import Domains
from brokerkit.spec.order import Order


@attrs.frozen
class Exposure:
    """What could become of one contract.

    Attributes:
        position: Signed lots held.
        buying: Lots that working orders may still buy.
        selling: Lots that working orders may still sell.
    """

    position: int
    buying: int = 0
    selling: int = 0

    def with_order(self, *lots: int) -> Exposure:
        """Return what could become of it with one more order, of signed lots; of several, only one fills."""
        buying, selling = max(0, *lots), max(0, *(-each for each in lots))
        return attrs.evolve(self, buying=self.buying + buying, selling=self.selling + selling)

    def reach(self, direction: int) -> int:
        """Return the largest position that can be reached long (1) or short (-1), without a sign."""
        return max(0, self.position + self.buying if direction > 0 else self.selling - self.position)

    def only_shrinks(self, lots: int) -> bool:
        """Return whether an order of signed lots can do nothing but bring the position nearer to zero."""
        if self.position == 0 or (lots > 0) is (self.position > 0):
            return False
        after = self.with_order(lots)
        return after.reach(1 if lots > 0 else -1) == 0


@attrs.frozen
class Book:
    """What the broker reports of the contracts that a proposal trades, the proposal's own order left out.

    Attributes:
        exposures: By contract.
        working: The orders that the broker reports as working, as they stand there, by `order_ref`.
        done: The `order_ref` of those that it reports as done.
        names: What the proposal calls contracts.
    """

    exposures: dict[FuturesContract | FxPair, Exposure]
    working: Mapping[str, Order]
    done: Collection[str]
    names: Names

    def with_proposals(self, proposals: Iterable[Proposal]) -> Book:
        """Return the book with what was let through, and what the broker does not report yet."""
        exposures = dict(self.exposures)
        for proposal in proposals:
            order = proposal.order
            if order.order_ref not in self.done:
                known = self.working.get(order.order_ref)
                lots = proposal.lots if known is None else _beyond(order.quantity, known.quantity, order)
                for name, count in lots.items():
                    contract = self.names.of(name)
                    if contract in exposures:
                        exposures[contract] = exposures[contract].with_order(count)
        return attrs.evolve(self, exposures=exposures)


def read_book(broker: Domains, proposal: Proposal, sent: Collection[str] = ()) -> Book:
    """Return what the broker reports of a proposal's contracts, by whatever name it reports them.

    Positions and orders of the order's account only count; of all accounts, when it names none. Orders
    that cancel each other, as a bracket's exits do, count as one.

    Args:
        broker: Who is asked.
        proposal: The order that is about to be sent or changed.
        sent: The `order_ref` of orders that were let through before. Of one that the broker does not report,
            its own records may know that it never arrived.
    """
    order, names = proposal.order, Names(proposal.lots, broker)
    orders = broker.orders.get_list_of_broker_orders(order.account)
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects(order.account)
    groups = alternatives(orders, proposal, names)
    exposures: dict[FuturesContract | FxPair, Exposure] = {}
    for contract in proposal.lots:
        exposure = Exposure(sum(position.quantity for position in held if names.of(position.contract) == contract))
        for group in groups:
            exposure = exposure.with_order(*(lots.get(contract, 0) for lots in group))
        exposures[contract] = exposure
    done = {each.order_ref for each in orders if each.state.is_final}
    if not {each.order_ref for each in orders}.issuperset(sent):
        done |= _recorded_as_done(broker)
    return Book(exposures, {each.order_ref: each.order for each in orders if not each.state.is_final}, done, names)


def _recorded_as_done(broker: Domains) -> set[str]:
    try:
        return {each.order_ref for each in broker.orders.get_list_of_orders_from_storage() if each.state.is_final}
    except NotSupported:
        return set()


def _beyond(proposed: Sequence[int], reported: Sequence[int], order: Order) -> Lots:
    """Return by how much a change that is on its way goes beyond the order as the broker reports it."""
    more = [new - old if abs(new) > abs(old) else 0 for new, old in zip(proposed, reported, strict=True)]
    return dict(zip(order.contract.legs, more, strict=True))
