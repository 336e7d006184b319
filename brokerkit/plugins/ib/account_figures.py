"""The accounts' figures and portfolios, which IB tells once somebody wants them, and from then on.

Nothing of the plugin's own needs them. The library subscribes to them at every connect, which on a large account takes
longer than all else, and reads dozens of figures with each fill.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

_log = logging.getLogger(__name__)
_MOST_ACCOUNTS = 50  # IB tells no more of them one by one
_SHARE = 0.9  # of the time for a request, so that the answers of some are not lost for want of others


class AccountFigures:
    """Whether the library's IB object follows what the accounts are worth.

    Args:
        request: Sends a request in the client's thread and waits for its answer; see `IBConnection.request`.
        account: The default account; empty for none.
        timeout: Seconds that a request may take.

    Attributes:
        is_wanted: Whether it does, also over a line that is made anew.
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
        """Have IB tell the figures from now on, and return when it has told them once. After that, do nothing.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The line is down.
        """
        with self._lock:
            if not self.is_wanted:
                self._request(self._follow, "the accounts' figures")

    async def _follow(self, ib: Any) -> None:
        """Ask for them. Accounts of which nothing is told are done without, as the library does, unless it is all."""
        limited = [asyncio.wait_for(request, self._timeout * _SHARE) for request in self.requests(ib)]
        answers = await asyncio.gather(*limited, return_exceptions=True)
        errors = [each for each in answers if isinstance(each, BaseException)]
        if errors and (len(errors) == len(limited) or not ib.isConnected()):
            raise errors[0]
        for error in errors:
            _log.error("IB does not tell all of the accounts' figures: %r", error)
        self.is_wanted = True  # here, where no line can be made anew before it is seen

    def requests(self, ib: Any) -> list[Any]:
        """Ask for them, and return what the answers are waited for by.

        A login's only account is subscribed to once. The library subscribes to it a second time as one of several,
        and has every figure told and read twice ever after.
        """
        accounts = ib.client.getAccounts()
        default = self._account or (accounts[0] if len(accounts) == 1 else "")
        requests = [ib.reqAccountUpdatesAsync(default)] if default else []
        if accounts != [default] and len(accounts) <= _MOST_ACCOUNTS:
            requests += [ib.reqAccountUpdatesMultiAsync(each) for each in accounts]
        return requests
