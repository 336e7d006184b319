"""Faults of the gateway as a whole: the link to IB, data farms, ids, maintenance, restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codes import LINK_LOST, LINK_RESTORED, Code
from brokerkit.plugins.sim.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


class ConnectivityLost(Fault):
    """The gateway loses its link to IB: 1100 when it begins, 1101 or 1102 when it ends. Sockets stay open.

    Market data stop in between. After 1101 every market data subscription is lost.

    Args:
        data_lost: Whether it ends with 1101 (data lost) or 1102 (data kept).
    """

    stops_market_data = True

    def __init__(self, *, data_lost: bool = False) -> None:
        self.data_lost = data_lost

    def begin(self, gateway: Gateway) -> None:
        """Report the loss of the link."""
        gateway.notice(Code.CONNECTIVITY_LOST, LINK_LOST)

    def end(self, gateway: Gateway) -> None:
        """Report that the link is restored."""
        if self.data_lost:
            gateway.lose_market_data()
            gateway.notice(Code.CONNECTIVITY_RESTORED_LOST, LINK_RESTORED + "lost.")
        else:
            gateway.notice(Code.CONNECTIVITY_RESTORED, LINK_RESTORED + "maintained.")


class FarmBroken(Fault):
    """A market data farm fails: 2103 when it begins, 2104 when it ends; market data stop in between."""

    stops_market_data = True

    def begin(self, gateway: Gateway) -> None:
        """Report that the farm is broken."""
        gateway.notice(Code.MARKET_FARM_BROKEN, "Market data farm connection is broken:usfarm")

    def end(self, gateway: Gateway) -> None:
        """Report that the farm is OK."""
        gateway.notice(Code.MARKET_FARM_OK, "Market data farm connection is OK:usfarm")


class ClientIdInUse(Fault):
    """Client ids are refused as already in use: error 326, and the socket is closed.

    Args:
        count: How many attempts fail.
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count

    def refuses(self) -> bool:
        """Return whether an attempt fails, and count it."""
        self._count -= 1
        self.spent = self._count <= 0
        return self._count >= 0


class RollBackIds(Fault):
    """The next valid id is lower than ids already used, as after some restarts of real gateways.

    Args:
        client_id: The client whose ids roll back.
        to: The next valid id that it is sent.
    """

    def __init__(self, client_id: int = 1, to: int = 1) -> None:
        self._client_id = client_id
        self._to = to

    def begin(self, gateway: Gateway) -> None:
        """Roll the ids back."""
        gateway.orders.registry.roll_back_ids(self._client_id, self._to)

    def end(self, gateway: Gateway) -> None:
        """Send true next valid ids again."""
        gateway.orders.registry.restore_ids(self._client_id)


class Maintenance(Fault):
    """Nightly maintenance: every contract is unknown, error 200."""

    hides_contracts = True


class CompetingSession(Fault):
    """Another login takes the market data: error 10197 for every subscription, and no data.

    Every market data subscription is lost, and does not come back when the other login leaves.
    """

    stops_market_data = takes_market_data = True

    def begin(self, gateway: Gateway) -> None:
        """Send the error to every subscription, and drop them all."""
        gateway.tell_lines(Code.COMPETING_SESSION)
        gateway.lose_market_data()


class StalePositions(Fault):
    """Position updates are held back; a new request returns the true positions."""

    holds_back_positions = True


class CorrectExecution(Fault):
    """The latest execution is corrected: sent again with the next revision of its execution id and another price.

    Args:
        price: The correct price; None for one tick above the reported one.
    """

    def __init__(self, price: float | None = None) -> None:
        self._price = price
        self.spent = True

    def begin(self, gateway: Gateway) -> None:
        """Send the correction."""
        gateway.orders.fills.correct_newest(self._price)


class Restart(Fault):
    """The nightly restart: every socket is closed; orders, ids and positions are kept."""

    def __init__(self) -> None:
        self.spent = True

    def begin(self, gateway: Gateway) -> None:
        """Close every socket."""
        gateway.restart()
