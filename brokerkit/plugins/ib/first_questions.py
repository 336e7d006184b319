"""What a new line is asked at once: positions, orders, the account's figures, and then the day's executions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from brokerkit.plugins.ib.settings import IBSettings

_log = logging.getLogger(__name__)
_MOST_ACCOUNTS = 50  # IB tells no more of them one by one


async def connect(
    ib: Any, settings: IBSettings, introduce: Callable[[], Awaitable[int]], when_ready: Callable[[], None]
) -> None:
    """Connect the library's IB object and ask what it keeps up to date, as the library's own `connectAsync` does.

    Two things are other than there. The executions are asked for as soon as all orders are in, which they belong to,
    instead of after the account's figures as well. And a login's only account is subscribed to once: the library
    subscribes to it a second time as one of several, and has every figure told and read twice ever after.

    Args:
        ib: The library's IB object.
        settings: Where to connect to.
        introduce: Returns the client id, when the Gateway wants to know it.
        when_ready: Called as soon as questions can be asked.

    Raises:
        OSError: The line broke, or never came to be.
        TimeoutError: No answer in time, other than one that the library lives without.
    """
    try:
        await _start(ib, settings, introduce)
        if ib.client.clientId == 0:
            ib.reqAutoOpenOrders(True)  # those placed by hand in TWS
        figures = asyncio.ensure_future(_answered(_figures(ib, settings.account), settings.connect_timeout))
        when_ready()
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


async def _start(ib: Any, settings: IBSettings, introduce: Callable[[], Awaitable[int]]) -> None:
    """Shake hands, tell the client id, and wait until the Gateway gives the word.

    The library tells the id it was given as soon as hands were shaken. Here it is asked for then: choosing it may
    take as long as shaking hands, and goes on meanwhile.
    """
    client, timeout = ib.client, settings.connect_timeout
    tell_id, shaken = client.startApi, asyncio.Event()
    client.startApi = shaken.set
    attempt = asyncio.ensure_future(client.connectAsync(settings.host, settings.port, -1, 0))
    shaking = asyncio.ensure_future(shaken.wait())
    try:
        await asyncio.wait([attempt, shaking], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not attempt.done():
            if not shaken.is_set():
                raise asyncio.TimeoutError
            client.clientId = ib.wrapper.clientId = await introduce()
            tell_id()
        await asyncio.wait_for(attempt, timeout)
    finally:
        client.startApi = tell_id
        shaking.cancel()
        attempt.cancel()


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
