"""The first requests on a new connection: positions and orders, then the day's executions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from brokerkit.errors import CannotConnect
from brokerkit.plugins.ib.account_figures import AccountFigures
from brokerkit.plugins.ib.handshake import shake_hands
from brokerkit.plugins.ib.settings import IBSettings

_log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class Handshake:
    """The client id to connect with, and the callbacks of the handshake.

    Attributes:
        client_id: Returns the client id; called when the Gateway needs it.
        when_sent: Called once the client id is sent, before the Gateway sends any data.
        when_ready: Called as soon as requests can be sent.
        figures: The subscription to account values, if they are needed.
    """

    client_id: Callable[[], Awaitable[int]]
    when_sent: Callable[[], None]
    when_ready: Callable[[], None]
    figures: AccountFigures


async def connect(ib: Any, settings: IBSettings, handshake: Handshake) -> None:
    """Connect the library's IB object and request what it keeps up to date, as the library's own `connectAsync` does.

    There are two differences. Account values are requested only if they are needed. Executions are requested as soon
    as all orders, to which they belong, have been received, whatever else is still pending.

    Args:
        ib: The library's IB object.
        settings: The plugin's settings, including the address.
        handshake: The client id, and the callbacks of the handshake.

    Raises:
        OSError: The connection failed or was lost.
        TimeoutError: A required answer did not come in time.
    """
    try:
        await shake_hands(ib, settings, handshake.client_id, handshake.when_sent)
        if ib.client.clientId == 0:
            ib.reqAutoOpenOrders(True)  # binds orders placed by hand in TWS
        requests = [
            ib.reqPositionsAsync(),
            *(handshake.figures.requests(ib) if handshake.figures.is_wanted else ()),
        ]
        held = asyncio.ensure_future(_answered(requests, settings.connect_timeout))
        handshake.when_ready()
        try:
            await _executions(ib, settings)
            await held
        finally:
            held.cancel()
        _check_ready(ib)
    except BaseException:
        ib.disconnect()
        raise
    ib.connectedEvent.emit()


def _check_ready(ib: Any) -> None:
    if not ib.client.isReady():
        raise ConnectionError("The socket was closed while connecting")


async def _executions(ib: Any, settings: IBSettings) -> None:
    if not settings.api_read_only:
        await _answered([ib.reqOpenOrdersAsync(), ib.reqCompletedOrdersAsync(False)], settings.connect_timeout)
    try:
        await asyncio.wait_for(ib.reqExecutionsAsync(), settings.connect_timeout)
    except (asyncio.TimeoutError, TimeoutError) as error:  # it is not safe to start without knowing the orders' fills
        raise CannotConnect(
            f"{settings.gateway} did not complete its list of the day's executions in {settings.connect_timeout:g} s.",
            remedy="Restart the Gateway, or raise `connect_timeout`. TWS 10.30 never completes it while the setting "
            "'Send instrument-specific attributes in' is anything but UTC: update it.",
        ) from error


async def _answered(requests: list[Any], timeout: float) -> None:
    """Wait for answers; failed or late ones are ignored, because a read-only Gateway does not answer some requests."""
    try:
        done, late = await asyncio.wait(requests, timeout=timeout)
    finally:
        for request in requests:
            request.cancel()
    await asyncio.gather(*done, return_exceptions=True)  # so that asyncio does not log exceptions as never retrieved
    if late:
        _log.error("%d of the first requests were not answered within %g s", len(late), timeout)
