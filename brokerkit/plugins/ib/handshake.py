"""The first words with a Gateway: that it is one, and who connects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from brokerkit.plugins.ib.settings import IBSettings


async def shake_hands(
    ib: Any, settings: IBSettings, client_id: Callable[[], Awaitable[int]], when_told: Callable[[], None]
) -> None:
    """Shake hands, tell the client id, and wait until the Gateway gives the word.

    The library tells the id it was given as soon as hands were shaken. Here it is asked for then: choosing it may
    take as long as shaking hands, and goes on meanwhile.

    Args:
        ib: The library's IB object.
        settings: Where to connect to.
        client_id: Returns the client id.
        when_told: Called when the Gateway was told, and has told nothing yet.

    Raises:
        OSError: The line broke, or never came to be.
        TimeoutError: The Gateway said nothing in time.
    """
    client, timeout = ib.client, settings.connect_timeout
    tell_id, shaken = client.startApi, asyncio.get_running_loop().create_future()
    client.startApi = lambda: shaken.set_result(None)
    attempt = asyncio.ensure_future(client.connectAsync(settings.host, settings.port, -1, 0))
    try:
        await _first_of({attempt, shaken}, timeout)
        if shaken.done():
            client.clientId = ib.wrapper.clientId = await client_id()
            tell_id()
            when_told()
        await asyncio.wait_for(attempt, timeout)
    finally:
        attempt.cancel()
        try:
            await asyncio.gather(attempt, return_exceptions=True)
        finally:  # only now: a handshake that comes late must tell no id
            client.startApi = tell_id


async def _first_of(futures: set[asyncio.Future[None]], timeout: float) -> None:
    done, _ = await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    if not done:
        raise asyncio.TimeoutError
