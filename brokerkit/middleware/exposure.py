"""What is held of a contract, and what working orders could still add to it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from brokerkit.middleware.alternatives import alternatives
from brokerkit.middleware.proposal import Proposal
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.domains import Domains


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
        reported: The `order_ref` of every order that the broker reports, working or done.
    """

    exposures: dict[FuturesContract | FxPair, Exposure]
    reported: frozenset[str]

    def with_proposals(self, proposals: Iterable[Proposal]) -> Book:
        """Return the book with orders that were let through, and that the broker does not report yet."""
        exposures = dict(self.exposures)
        for proposal in proposals:
            if proposal.order.order_ref not in self.reported:
                for contract, lots in proposal.lots.items():
                    if contract in exposures:
                        exposures[contract] = exposures[contract].with_order(lots)
        return attrs.evolve(self, exposures=exposures)


def read_book(broker: Domains, proposal: Proposal) -> Book:
    """Return what the broker reports of a proposal's contracts.

    Positions and orders of the order's account only count; of all accounts, when it names none. Orders
    that cancel each other, as a bracket's exits do, count as one.
    """
    order = proposal.order
    orders = broker.orders.get_list_of_broker_orders(order.account)
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects(order.account)
    groups = alternatives(orders, proposal)
    exposures: dict[FuturesContract | FxPair, Exposure] = {}
    for contract in proposal.lots:
        exposure = Exposure(sum(position.quantity for position in held if position.contract == contract))
        for group in groups:
            exposure = exposure.with_order(*(lots.get(contract, 0) for lots in group))
        exposures[contract] = exposure
    return Book(exposures, frozenset(each.order_ref for each in orders))
