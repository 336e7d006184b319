"""What every room has in common: handlers by request, and two moments at which it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session

Handler = Callable[["Session", Any], object]


class Room:
    """One domain of the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def handlers(self) -> Mapping[type, Handler]:
        """Return what answers each class of request."""
        raise NotImplementedError

    def forget(self, session: Session) -> None:
        """Drop what was kept for a session that has ended."""

    def lose_data(self) -> None:
        """Drop every subscription to market data."""

    def clock_moved(self) -> None:
        """Send what has changed because the exchange's clock moved."""


def ignore(session: Session, request: Any) -> None:
    """Take a request that a real gateway takes in silence."""
