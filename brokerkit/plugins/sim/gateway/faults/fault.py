"""What a fault is: a small object that changes what leaves, or what the gateway does, until it is spent."""

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
    """One fault. It begins when it is ordered, ends when it is called off, and may be spent earlier.

    Attributes:
        spent: Whether nothing more will come of it.
        stops_market_data: Whether no market data leave while it is on.
        hides_contracts: Whether contracts seem not to exist while it is on.
        takes_market_data: Whether another login has the market data while it is on.
        holds_back_positions: Whether changes of positions are not told while it is on.
    """

    spent: bool = False
    stops_market_data: ClassVar[bool] = False
    hides_contracts: ClassVar[bool] = False
    takes_market_data: ClassVar[bool] = False
    holds_back_positions: ClassVar[bool] = False

    def begin(self, gateway: Gateway) -> None:
        """Start: what is to happen at once happens here."""

    def end(self, gateway: Gateway) -> None:
        """Stop: what was broken is mended here."""

    def incoming(self, session: Session, request: Any) -> bool:
        """Return whether a request is lost before anybody sees it."""
        return False

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return what leaves in place of messages."""
        return messages


@attrs.define
class Countdown:
    """Counts messages of one name; `due` tells which of them the fault is for.

    Attributes:
        message: The protocol's name of a message, such as `execDetails`; blank for any.
        skip: How many are let by first.
        count: How many are hit after that.
        among: The messages that there are, by id.

    Raises:
        InvalidArgument: No message has that name.
    """

    message: str = ""
    skip: int = 0
    count: int = 1
    among: Mapping[int, Shape] = RESPONSES

    def __attrs_post_init__(self) -> None:
        """Refuse a name that no message has: it would never be hit."""
        names = [shape.name for shape in self.among.values()]
        if self.message and self.message not in names:
            raise InvalidArgument(f"No message is called {self.message!r}.", given=self.message, candidates=names)

    def due(self, message: Any) -> bool:
        """Return whether this message is hit, and count it."""
        if self.count <= 0 or (self.message and shape_of(type(message)).name != self.message):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.count -= 1
        return True

    @property
    def spent(self) -> bool:
        """Whether no message will be hit any more."""
        return self.count <= 0
