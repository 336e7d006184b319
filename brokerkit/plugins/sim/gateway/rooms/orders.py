"""Orders: place, modify, cancel, list."""

from __future__ import annotations

from collections.abc import Mapping

from brokerkit.plugins.sim.gateway.codec.requests import orders as requests
from brokerkit.plugins.sim.gateway.codes import READ_ONLY, Code
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session


class OrderRoom(Room):
    """Passes order requests to the order desk."""

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        desk = self.gateway.orders
        of_one: dict[type, Handler] = {
            requests.PlaceOrder: desk.entry.place,
            requests.CancelOrder: desk.entry.cancels.cancel,
        }
        of_all: dict[type, Handler] = {
            requests.GlobalCancel: lambda session, asked: desk.entry.cancels.cancel_all(),
            requests.OpenOrdersRequest: self._open,
            requests.AllOpenOrdersRequest: lambda session, asked: desk.send_all_open_orders(session),
            requests.AutoOpenOrders: self._auto,
            requests.CompletedOrdersRequest: self._completed,
        }
        return of_one | (dict.fromkeys(of_all, _refuse) if self.gateway.settings.read_only else of_all)

    def _open(self, session: Session, request: requests.OpenOrdersRequest) -> None:
        self.gateway.orders.send_open_orders(session)

    def _completed(self, session: Session, request: requests.CompletedOrdersRequest) -> None:
        self.gateway.orders.send_completed_orders(session, api_only=request.api_only)

    def _auto(self, session: Session, request: requests.AutoOpenOrders) -> None:
        if session.client_id:
            raise invalid("Only the default client (i.e 0) can auto bind orders.", "bM")
        session.binds_manual_orders = request.auto_bind

    def forget(self, session: Session) -> None:
        """Drop the orders that an ended session never transmitted."""
        self.gateway.orders.forget(session)

    def clock_moved(self) -> None:
        """Release held orders that are due."""
        self.gateway.orders.clock_moved()


def _refuse(session: Session, request: object) -> None:
    """Refuse a request on a read-only gateway; after order queries neither a list nor its end follows."""
    raise RefusedError(Code.ERROR_VALIDATING, READ_ONLY)
