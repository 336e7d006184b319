"""The base of all faults: an object that changes the gateway's messages or behaviour until it is spent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.codec import RESPONSES
from brokerkit.plugins.sim.gateway.codec.message import Shape, shape_of

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session


class Fault:
    """One fault. It begins and ends on command, and may be spent earlier.

    Attributes:
        spent: Whether it has no further effect.
        stops_market_data: Whether it stops market data.
        hides_contracts: Whether it makes every contract unknown.
        takes_market_data: Whether it gives the market data to another login.
        holds_back_positions: Whether it holds back position updates.
    """

    spent: bool = False
    stops_market_data: ClassVar[bool] = False
    hides_contracts: ClassVar[bool] = False
    takes_market_data: ClassVar[bool] = False
    holds_back_positions: ClassVar[bool] = False

    def begin(self, gateway: Gateway) -> None:
        """Start, and do whatever must happen at once."""

    def end(self, gateway: Gateway) -> None:
        """Stop, and repair whatever was broken."""

    def incoming(self, session: Session, request: Any) -> bool:
        """Return whether a request is lost before the gateway handles it."""
        return False

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages to send instead of the given ones."""
        return messages


@attrs.define
class Countdown:
    """Counts messages of one type; `due` decides which of them the fault affects.

    Attributes:
        message: The protocol's name for the message, such as `execDetails`; blank for any.
        skip: How many pass first.
        count: How many are affected after that.
        among: The known messages, by id.

    Raises:
        InvalidArgument: No message has that name.
    """

    message: str = ""
    skip: int = 0
    count: int = 1
    among: Mapping[int, Shape] = RESPONSES

    def __attrs_post_init__(self) -> None:
        """Refuse a name that no message has, which would never match."""
        names = [shape.name for shape in self.among.values()]
        if self.message and self.message not in names:
            raise InvalidArgument(f"No message is called {self.message!r}.", given=self.message, candidates=names)

    def due(self, message: Any) -> bool:
        """Return whether this message is affected, and count it."""
        if self.count <= 0 or (self.message and shape_of(type(message)).name != self.message):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.count -= 1
        return True

    @property
    def spent(self) -> bool:
        """Whether no more messages will be affected."""
        return self.count <= 0
