"""The base class of the clients: the connection, and through it the live IB object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from brokerkit.plugins.ib.connection import IBConnection

T = TypeVar("T")


class IBClient:
    """The base class of the clients.

    Attributes:
        ib_connection: The connection that requests go through.
    """

    def __init__(self, connection: IBConnection) -> None:
        self.ib_connection = connection

    @property
    def ib(self) -> Any:
        """The client library's live IB object, safe to use from any thread."""
        return self.ib_connection.ib

    def ask(self, send: Callable[[Any], Awaitable[T]], what: str, timeout: float | None = None) -> T:
        """Send a request and return its answer; see `IBConnection.request` for the errors."""
        return self.ib_connection.request(send, what, timeout)

    def new(self, kind: str, **fields: Any) -> Any:
        """Return a new object of one of the library's classes, such as `Contract`."""
        return self.ib_connection.library.new(kind, **fields)
