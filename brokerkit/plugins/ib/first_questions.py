"""What a new line is asked at once: positions and orders, and then the day's executions."""

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
class Introduction:
    """Who connects, as far as the Gateway wants to know it, and what is done on the way.

    Attributes:
        client_id: Returns the client id; asked for when the Gateway wants to know it.
        when_told: Called when the Gateway was told, and has told nothing yet.
        when_ready: Called as soon as questions can be asked.
        figures: What follows the accounts' figures, if somebody wants them.
    """

    client_id: Callable[[], Awaitable[int]]
    when_told: Callable[[], None]
    when_ready: Callable[[], None]
    figures: AccountFigures


async def connect(ib: Any, settings: IBSettings, introduction: Introduction) -> None:
    """Connect the library's IB object and ask what it keeps up to date, as the library's own `connectAsync` does.

    Two things are other than there. The accounts' figures are asked for when somebody wants them. And the executions
    are asked for as soon as all orders are in, which they belong to, whatever else is still to come.

    Args:
        ib: The library's IB object.
        settings: Where to connect to.
        introduction: Who connects.

    Raises:
        OSError: The line broke, or never came to be.
        TimeoutError: No answer in time, other than one that the library lives without.
    """
    try:
        await shake_hands(ib, settings, introduction.client_id, introduction.when_told)
        if ib.client.clientId == 0:
            ib.reqAutoOpenOrders(True)  # those placed by hand in TWS
        requests = [
            ib.reqPositionsAsync(),
            *(introduction.figures.requests(ib) if introduction.figures.is_wanted else ()),
        ]
        held = asyncio.ensure_future(_answered(requests, settings.connect_timeout))
        introduction.when_ready()
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
    except (asyncio.TimeoutError, TimeoutError) as error:  # orders whose fills are not known are no place to start from
        raise CannotConnect(
            f"{settings.gateway} does not end its list of the day's executions within {settings.connect_timeout:g} s.",
            remedy="Restart the Gateway, or raise `connect_timeout`. TWS 10.30 never ends it while its API setting "
            "'Send instrument-specific attributes in' is anything but UTC: update it.",
        ) from error


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
