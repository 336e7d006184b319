"""Faults of the gateway as a whole: the link to IB, data farms, ids, maintenance, restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codes import LINK_LOST, LINK_RESTORED, Code
from brokerkit.plugins.sim.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


class ConnectivityLost(Fault):
    """The gateway loses its link to IB: 1100 when it begins, 1101 or 1102 when it ends. The sockets stay up.

    Meanwhile no market data come. After 1101 every subscription to market data is gone.

    Args:
        data_lost: Whether it ends with 1101 (data lost) or 1102 (data kept).
    """

    stops_market_data = True

    def __init__(self, *, data_lost: bool = False) -> None:
        self.data_lost = data_lost

    def begin(self, gateway: Gateway) -> None:
        """Lose the link."""
        gateway.notice(Code.CONNECTIVITY_LOST, LINK_LOST)

    def end(self, gateway: Gateway) -> None:
        """Have the link again."""
        if self.data_lost:
            gateway.lose_market_data()
            gateway.notice(Code.CONNECTIVITY_RESTORED_LOST, LINK_RESTORED + "lost.")
        else:
            gateway.notice(Code.CONNECTIVITY_RESTORED, LINK_RESTORED + "maintained.")


class FarmBroken(Fault):
    """A data farm breaks: 2103 when it begins, 2104 when it ends; market data stop in between, silently."""

    stops_market_data = True

    def begin(self, gateway: Gateway) -> None:
        """Break the farm."""
        gateway.notice(Code.MARKET_FARM_BROKEN, "Market data farm connection is broken:usfarm")

    def end(self, gateway: Gateway) -> None:
        """Mend the farm."""
        gateway.notice(Code.MARKET_FARM_OK, "Market data farm connection is OK:usfarm")


class ClientIdInUse(Fault):
    """Every client id seems taken for a while: 326, and the socket is closed.

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
        client_id: Whose ids roll back.
        to: The id that it is told.
    """

    def __init__(self, client_id: int = 1, to: int = 1) -> None:
        self._client_id = client_id
        self._to = to

    def begin(self, gateway: Gateway) -> None:
        """Roll the ids back."""
        gateway.orders.registry.roll_back_ids(self._client_id, self._to)

    def end(self, gateway: Gateway) -> None:
        """Tell true ids again."""
        gateway.orders.registry.tell_true_ids(self._client_id)


class Maintenance(Fault):
    """Nightly maintenance: contracts seem not to exist, with error 200."""

    hides_contracts = True


class CompetingSession(Fault):
    """Another login takes the market data: error 10197 for every subscription, and no data.

    Every subscription to market data is gone: it does not come back by itself when the other login leaves.
    """

    stops_market_data = takes_market_data = True

    def begin(self, gateway: Gateway) -> None:
        """Say to every subscription why its data stop, and end it."""
        gateway.tell_lines(Code.COMPETING_SESSION)
        gateway.lose_market_data()


class StalePositions(Fault):
    """Positions are not told when they change; a new request tells them true."""

    holds_back_positions = True


class CorrectExecution(Fault):
    """The newest execution is corrected: told again with the next revision of its id and another price.

    Args:
        price: The true price; None for one tick above what was told.
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
