"""Speaks to Tradepost: one request, one answer, and an error that says what went wrong."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from brokerkit import Secret
from brokerkit.errors import (
    AuthenticationFailed,
    BrokerkitError,
    CannotConnect,
    ConnectionLost,
    DuplicateOrder,
    MissingAccount,
    MissingContract,
    MissingInstrument,
    MissingOrder,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    OrderRejected,
    OutcomeUnknown,
    PacingViolation,
)

_SERVER_FAILED = 500
_ERRORS: dict[str, type[BrokerkitError]] = {
    "unauthorized": AuthenticationFailed,
    "no-account": MissingAccount,
    "no-contract": MissingContract,
    "no-instrument": MissingInstrument,
    "no-order": MissingOrder,
    "duplicate": DuplicateOrder,
    "rejected": OrderRejected,
    "final": OrderCannotBeCancelled,
    "unchangeable": OrderCannotBeModified,
    "too-many": PacingViolation,
}


class Client:
    """A caller of Tradepost's API. Safe from any thread."""

    def __init__(self, url: str, api_key: Secret, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._headers = {"X-Api-Key": api_key.reveal(), "Content-Type": "application/json"}
        self._timeout = timeout
        self._was_reached = False

    def get(self, path: str) -> Any:
        """Return what stands at a path."""
        return self._ask("GET", path, None)

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Change something, and return what Tradepost says of it.

        Raises:
            OutcomeUnknown: It went out, and no answer came.
        """
        return self._ask(method, path, body or {})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as refusal:
            raise _error_of(refusal, changes=body is not None) from None
        except (OSError, HTTPException, ValueError) as problem:
            raise self._broken(problem, changes=body is not None) from problem
        self._was_reached = True
        return answer

    def _broken(self, problem: Exception, *, changes: bool) -> BrokerkitError:
        """Return the error for a request that got no answer."""
        cause = getattr(problem, "reason", problem)
        never_left = isinstance(cause, (ConnectionRefusedError, socket.gaierror))
        if changes and not never_left:
            return OutcomeUnknown(
                f"Tradepost did not answer: {cause}.", remedy="Look the order up; never send it again."
            )
        kind = ConnectionLost if self._was_reached else CannotConnect
        return kind(
            f"Tradepost does not answer: {cause}.", place=self._url, remedy="Is the address right, and is it up?"
        )


def _error_of(refusal: urllib.error.HTTPError, *, changes: bool) -> BrokerkitError:
    """Return the error that Tradepost's answer means, its own words kept."""
    try:
        said = json.load(refusal)
    except ValueError:
        said = {}
    message = str(said.get("message", refusal.reason))
    if changes and refusal.code >= _SERVER_FAILED:
        return OutcomeUnknown(f"Tradepost says: {message}.", remedy="Look the order up; never send it again.")
    kind = _ERRORS.get(str(said.get("error")), OrderRejected if refusal.code == 422 else ConnectionLost)
    return kind(f"Tradepost says: {message}.", broker_code=refusal.code, broker_message=message)
