"""What every client has: the connection, and through it the live IB object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.error_codes import error_for

T = TypeVar("T")


class IBClient:
    """The root of the clients.

    Attributes:
        ib_connection: The connection that requests go through.
    """

    def __init__(self, connection: IBConnection) -> None:
        self.ib_connection = connection

    @property
    def ib(self) -> Any:
        """The live IB object of the client library, safe from any thread."""
        return self.ib_connection.ib

    def ask(self, send: Callable[[Any], Awaitable[T]], what: str, timeout: float | None = None) -> T:
        """Send a request and return its answer; see `IBConnection.request` for the errors."""
        return self.ib_connection.request(send, what, timeout)

    def for_data(self, send: Callable[[Any], Awaitable[T]], what: str) -> Callable[[Any], Awaitable[T]]:
        """Return a request for data: what IB refuses of it is never taken for a rejected order."""

        async def ask(ib: Any) -> T:
            try:
                return await send(ib)
            except self.ib_connection.library.request_error() as error:
                code, text = getattr(error, "code", 0), getattr(error, "message", str(error))
                raise error_for(code, text, what[0].upper() + what[1:], about_order=False) from error

        return ask

    def new(self, kind: str, **fields: Any) -> Any:
        """Return a new object of one of the library's classes, such as `Contract`."""
        return self.ib_connection.library.new(kind, **fields)
