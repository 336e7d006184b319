"""What a new line is asked at once: positions, orders, the account's figures, and then the day's executions."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from brokerkit.plugins.ib.settings import IBSettings

_log = logging.getLogger(__name__)
_MOST_ACCOUNTS = 50  # IB tells no more of them one by one


async def connect(ib: Any, settings: IBSettings, client_id: int) -> None:
    """Connect the library's IB object and ask what it keeps up to date, as the library's own `connectAsync` does.

    Two things are other than there. The executions are asked for as soon as all orders are in, which they belong to,
    instead of after the account's figures as well. And a login's only account is subscribed to once: the library
    subscribes to it a second time as one of several, and has every figure told and read twice ever after.

    Raises:
        OSError: The line broke, or never came to be.
        TimeoutError: No answer in time, other than one that the library lives without.
    """
    timeout = settings.connect_timeout
    ib.wrapper.clientId = client_id
    try:
        await ib.client.connectAsync(settings.host, settings.port, client_id, timeout)
        if client_id == 0:
            ib.reqAutoOpenOrders(True)  # those placed by hand in TWS
        figures = asyncio.ensure_future(_answered(_figures(ib, settings.account), timeout))
        try:
            await _executions(ib, settings)
            await figures
        finally:
            figures.cancel()
        if not ib.client.isReady():
            raise ConnectionError("The socket was closed while connecting")
    except BaseException:
        ib.disconnect()
        raise
    ib.connectedEvent.emit()


async def _executions(ib: Any, settings: IBSettings) -> None:
    if not settings.api_read_only:
        await _answered([ib.reqOpenOrdersAsync(), ib.reqCompletedOrdersAsync(False)], settings.connect_timeout)
    await asyncio.wait_for(ib.reqExecutionsAsync(), settings.connect_timeout)


def _figures(ib: Any, account: str) -> list[Any]:
    """Ask for positions and the accounts' figures, and return what the answers are waited for by."""
    accounts = ib.client.getAccounts()
    requests = [ib.reqPositionsAsync()]
    if account or len(accounts) == 1:
        requests.append(ib.reqAccountUpdatesAsync(account or accounts[0]))
    if accounts != [account or accounts[0]] and len(accounts) <= _MOST_ACCOUNTS:
        requests += [ib.reqAccountUpdatesMultiAsync(each) for each in accounts]
    return requests


async def _answered(requests: list[Any], timeout: float) -> None:
    """Wait for answers; one that fails or comes too late is done without, as a read-only Gateway gives none to some."""
    try:
        done, late = await asyncio.wait(requests, timeout=timeout)
    finally:
        for request in requests:
            request.cancel()
    await asyncio.gather(*done, return_exceptions=True)  # looked at, so that nobody complains that it was not
    if late:
        _log.error("%d of the first questions were not answered within %g s", len(late), timeout)
