"""The gateway's orders, and their ids."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder

FIRST_PERM_ID = 1_376_327_563
FIRST_ORDER_ID = 1


@attrs.define
class OrderRegistry:
    """Orders by perm id, by the placing client's order id if they have one, and by the exchange's reference."""

    _orders: dict[int, GatewayOrder] = attrs.field(factory=dict, init=False)
    _by_client: dict[tuple[int, int], GatewayOrder] = attrs.field(factory=dict, init=False)
    _by_ref: dict[str, GatewayOrder] = attrs.field(factory=dict, init=False)
    _next_id: dict[int, int] = attrs.field(factory=dict, init=False)
    _perm_ids: int = attrs.field(default=FIRST_PERM_ID, init=False)
    _rolled_back: dict[int, int] = attrs.field(factory=dict, init=False)

    def new_perm_id(self) -> int:
        """Return an unused perm id."""
        self._perm_ids += 1
        return self._perm_ids

    def next_valid_id(self, client_id: int) -> int:
        """Return the next valid order id to send to a client, even if it was rolled back."""
        return self._rolled_back.get(client_id, self.lowest_free_id(client_id))

    def lowest_free_id(self, client_id: int) -> int:
        """Return the lowest order id that a client can really use."""
        return self._next_id.get(client_id, FIRST_ORDER_ID)

    def roll_back_ids(self, client_id: int, to: int) -> None:
        """Send a client a next valid id that is too low from now on, as a restarted gateway may."""
        self._rolled_back[client_id] = to

    def restore_ids(self, client_id: int) -> None:
        """Send a client true next valid ids again."""
        self._rolled_back.pop(client_id, None)

    def add(self, order: GatewayOrder) -> None:
        """Add an order under its order id, if it has one; from now on only higher ids are free."""
        self._orders[order.perm_id] = order
        if order.order_id:
            self._by_client[order.client_id, order.order_id] = order
        self._next_id[order.client_id] = max(self.lowest_free_id(order.client_id), order.order_id + 1)

    def bind(self, order: GatewayOrder, ref: str) -> None:
        """Store the exchange's reference for an order."""
        order.ref = ref
        self._by_ref[ref] = order

    def unbind(self, order: GatewayOrder) -> None:
        """Remove the reference of an order that the exchange did not accept."""
        del self._by_ref[order.ref]
        order.ref = ""

    def rename(self, order: GatewayOrder, order_id: int) -> None:
        """Give an order placed by hand an id by which its client can manage it."""
        order.order_id = order_id
        self._by_client[order.client_id, order_id] = order

    def of_client(self, client_id: int, order_id: int) -> GatewayOrder | None:
        """Return a client's order by its order id, or None."""
        return self._by_client.get((client_id, order_id))

    def of_ref(self, ref: str) -> GatewayOrder | None:
        """Return an order by the exchange's reference, or None."""
        return self._by_ref.get(ref)

    def of_any_client(self, order_id: int) -> GatewayOrder | None:
        """Return the newest open order with an order id from any client, or None."""
        found = [one for one in self.open_orders() if one.order_id == order_id and not one.by_hand]
        return found[-1] if found else None

    def open_orders(self) -> list[GatewayOrder]:
        """Return every order that was transmitted and is not done, in the order of placing."""
        return [order for order in self if order.transmitted and not order.done]

    def completed(self) -> list[GatewayOrder]:
        """Return the day's completed orders, in the order of placing."""
        return [order for order in self if order.done and order.transmitted]

    def forget_completed(self) -> None:
        """Drop completed orders at the start of a new day. Their ids stay used."""
        gone = set(self.completed())
        for order in gone:
            self._drop(order)
        self._by_ref = {ref: order for ref, order in self._by_ref.items() if order not in gone}

    def drop_drafts(self, client_id: int) -> None:
        """Drop a client's untransmitted orders, which end with its session."""
        for order in [one for one in self if one.client_id == client_id and not one.transmitted]:
            order.leave_parent()
            self._drop(order)

    def _drop(self, order: GatewayOrder) -> None:
        del self._orders[order.perm_id]
        self._by_client.pop((order.client_id, order.order_id), None)

    def __iter__(self) -> Iterator[GatewayOrder]:
        """Yield every order, in the order of placing."""
        return iter(list(self._orders.values()))
