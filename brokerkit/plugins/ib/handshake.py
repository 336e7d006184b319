"""The handshake with a Gateway: the protocol version, then the client id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from brokerkit.plugins.ib.settings import IBSettings


async def shake_hands(
    ib: Any, settings: IBSettings, client_id: Callable[[], Awaitable[int]], when_sent: Callable[[], None]
) -> None:
    """Perform the handshake, send the client id, and wait until the Gateway is ready.

    The library needs the client id before the handshake. Here it is obtained afterwards, so that leasing it, which may
    take as long as the handshake, runs in parallel.

    Args:
        ib: The library's IB object.
        settings: The plugin's settings, including the address.
        client_id: Returns the client id.
        when_sent: Called once the client id is sent, before the Gateway sends any data.

    Raises:
        OSError: The connection failed or was lost.
        TimeoutError: The Gateway did not answer in time.
    """
    client, timeout = ib.client, settings.connect_timeout
    start_api, shaken = client.startApi, asyncio.get_running_loop().create_future()
    client.startApi = lambda: shaken.set_result(None)
    attempt = asyncio.ensure_future(client.connectAsync(settings.host, settings.port, -1, 0))
    try:
        await _first_of({attempt, shaken}, timeout)
        if shaken.done():
            client.clientId = ib.wrapper.clientId = await client_id()
            start_api()
            when_sent()
        await asyncio.wait_for(attempt, timeout)
    finally:
        attempt.cancel()
        try:
            await asyncio.gather(attempt, return_exceptions=True)
        finally:  # only now: a late handshake must not send a client id
            client.startApi = start_api


async def _first_of(futures: set[asyncio.Future[None]], timeout: float) -> None:
    done, _ = await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    if not done:
        raise asyncio.TimeoutError
