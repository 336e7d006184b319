"""The base of all rooms: request handlers, and calls when sessions end, data are lost or the clock moves."""

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
        """Return the handler of each request class."""
        raise NotImplementedError

    def forget(self, session: Session) -> None:
        """Drop the state of a session that has ended."""

    def lose_data(self) -> None:
        """Drop every market data subscription."""

    def clock_moved(self) -> None:
        """Send what has changed because the exchange's clock moved."""


def ignore(session: Session, request: Any) -> None:
    """Ignore a request that a real gateway does not answer."""
