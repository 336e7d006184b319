"""The subscription to account values and portfolios, started when they are first needed.

The plugin itself does not need them. The library subscribes to them at every connect, which for a large account takes
longer than everything else, and then processes dozens of values with each fill.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

_log = logging.getLogger(__name__)
_MOST_ACCOUNTS = 50  # IB's limit for subscriptions to single accounts
_SHARE = 0.9  # of the request timeout, so that one missing answer does not lose the others


class AccountFigures:
    """Subscribes the library's IB object to account values on demand.

    Args:
        request: Sends a request in the client's thread and waits for its answer; see `IBConnection.request`.
        account: The default account; empty for none.
        timeout: Seconds that a request may take.

    Attributes:
        is_wanted: Whether they are subscribed to, also after a reconnect.
    """

    def __init__(
        self, request: Callable[[Callable[[Any], Awaitable[Any]], str], Any], account: str, timeout: float
    ) -> None:
        self._request = request
        self._account = account
        self._timeout = timeout
        self._lock = threading.Lock()
        self.is_wanted = False

    def want(self) -> None:
        """Subscribe to the values and wait until they have arrived once. Once subscribed, do nothing.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The connection is down.
        """
        with self._lock:
            if not self.is_wanted:
                self._request(self._subscribe, "the account values")

    async def _subscribe(self, ib: Any) -> None:
        """Subscribe. Accounts that do not answer are ignored, as in the library, unless none does."""
        limited = [asyncio.wait_for(request, self._timeout * _SHARE) for request in self.requests(ib)]
        answers = await asyncio.gather(*limited, return_exceptions=True)
        errors = [each for each in answers if isinstance(each, BaseException)]
        if errors and (len(errors) == len(limited) or not ib.isConnected()):
            raise errors[0]
        for error in errors:
            _log.error("IB did not send all account values: %r", error)
        self.is_wanted = True  # set in the loop, so that no reconnect can miss it

    def requests(self, ib: Any) -> list[Any]:
        """Send the subscriptions, and return the awaitables of their answers.

        A login's only account is subscribed to once. The library also subscribes to it a second time as one of several,
        and from then on receives and processes every value twice.
        """
        accounts = ib.client.getAccounts()
        default = self._account or (accounts[0] if len(accounts) == 1 else "")
        requests = [ib.reqAccountUpdatesAsync(default)] if default else []
        if accounts != [default] and len(accounts) <= _MOST_ACCOUNTS:
            requests += [ib.reqAccountUpdatesMultiAsync(each) for each in accounts]
        return requests
