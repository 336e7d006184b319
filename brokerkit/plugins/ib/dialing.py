"""One attempt to connect, which ends with a synchronised client or a typed error that says why not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from brokerkit.errors import BrokerkitError, CannotConnect, ClientIdInUse, MissingAccount
from brokerkit.plugins.ib.error_codes import error_for
from brokerkit.plugins.ib.initial_requests import Handshake, connect
from brokerkit.plugins.ib.settings import IBSettings

_FATAL_CODES = frozenset({326, 502, 503, 506})
_LONGEST_HANDSHAKE = 1024


async def dial(ib: Any, settings: IBSettings, handshake: Handshake) -> None:
    """Connect the library's IB object, and read orders, fills and positions.

    Fails as soon as the Gateway says why it refuses, instead of after the timeout.

    Args:
        ib: The library's IB object.
        settings: The plugin's settings, including the address.
        handshake: Provides the client id, and what to do during the handshake.

    Raises:
        ClientIdInUse: Another session holds the client id.
        CannotConnect: Nothing answers at the address, or it is no Gateway, or one with its API disabled.
        MissingAccount: The Gateway is not logged in to the configured account.
    """
    if ib.client.conn.transport is not None:  # a socket that is still closing must not be mistaken for the new one
        ib.client.conn.disconnect()
        await asyncio.wait_for(ib.client.conn.disconnected, settings.connect_timeout)
    refusal: asyncio.Future[BrokerkitError] = asyncio.get_running_loop().create_future()
    with _watching(ib, settings, refusal):
        attempt: asyncio.Future[Any] = asyncio.ensure_future(connect(ib, settings, handshake))
        try:
            await asyncio.wait({attempt, refusal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            while not attempt.done():  # before Python 3.12, wait_for swallows a cancel if it completes at the same time
                attempt.cancel()
                await asyncio.wait({attempt}, timeout=0.1)
            failure = (await asyncio.gather(attempt, return_exceptions=True))[0]
    # a timeout closes the socket too, which must not be mistaken for a refusal by the Gateway
    if refusal.done() and not isinstance(failure, (asyncio.TimeoutError, TimeoutError, CannotConnect)):
        raise refusal.result()
    if isinstance(failure, BaseException):
        raise _failure(failure, settings) from failure


@contextlib.contextmanager
def _watching(ib: Any, settings: IBSettings, refusal: asyncio.Future[BrokerkitError]) -> Iterator[None]:
    """Listen for every sign of a refusal that comes before the library's timeout."""

    def refuse(error: BrokerkitError) -> None:
        if not refusal.done():
            refusal.set_result(error)

    def on_error(_request: int, code: int, text: str, _contract: Any) -> None:
        if code in _FATAL_CODES:
            refuse(_refused(code, text, settings, ib.client.clientId))

    def on_data(data: bytes) -> None:
        if not ib.client.serverVersion() and not _could_be_handshake(data):
            refuse(_not_a_gateway(settings, data))

    def on_hang_up(reason: str) -> None:
        refuse(_hung_up(settings, reason))

    def on_start() -> None:
        if settings.account and settings.account not in ib.client.getAccounts():
            refuse(_unknown_account(settings, ib.client.getAccounts()))

    watchers = (
        (ib.errorEvent, on_error),
        (ib.client.conn.hasData, on_data),
        (ib.client.conn.disconnected, on_hang_up),
        (ib.client.apiStart, on_start),
    )
    for event, watcher in watchers:
        event.connect(watcher, None, None, True)
    try:
        yield
    finally:
        for event, watcher in watchers:
            event.disconnect(watcher)


def _could_be_handshake(data: bytes) -> bool:
    """Distinguish a frame length, which a Gateway sends first, from the text of another protocol."""
    return len(data) < 4 or int.from_bytes(data[:4], "big") < _LONGEST_HANDSHAKE


def _refused(code: int, text: str, settings: IBSettings, client_id: int) -> BrokerkitError:
    if code == 326:
        return ClientIdInUse(
            f"Client id {client_id} is in use at {settings.gateway}.",
            remedy="Close the other session, or remove `client_id` so that a free one is leased.",
            broker_code=code,
            broker_message=text,
        )
    return error_for(code, text, f"Cannot connect to {settings.gateway}", about_order=False)


def _not_a_gateway(settings: IBSettings, data: bytes) -> CannotConnect:
    return CannotConnect(
        f"What answers at {settings.gateway} is no IB Gateway or TWS: it sent {data[:24]!r}.",
        remedy="Check `port`: Gateway listens on 4001 live and 4002 paper, TWS on 7496 and 7497.",
    )


def _unknown_account(settings: IBSettings, accounts: list[str]) -> MissingAccount:
    return MissingAccount(
        f"{settings.gateway} is logged in to {', '.join(accounts)}, not to account {settings.account!r}.",
        place="account",
        remedy="Correct the setting `account`, or log the Gateway in to it.",
        given=settings.account,
        candidates=accounts,
    )


def _hung_up(settings: IBSettings, reason: str) -> CannotConnect:
    return CannotConnect(
        f"{settings.gateway} accepted the connection and closed it{f' ({reason})' if reason else ''}.",
        remedy="Add this machine to the Gateway's Trusted IPs; check that it is logged in and below its client limit.",
    )


def _failure(failure: BaseException, settings: IBSettings) -> BrokerkitError:
    if isinstance(failure, (asyncio.TimeoutError, TimeoutError)):
        return CannotConnect(
            f"{settings.gateway} accepted the connection but did not answer within {settings.connect_timeout:g} s.",
            remedy="Log in to the Gateway, tick 'Enable ActiveX and Socket Clients' in TWS, close any pop-ups; "
            "if its Read-Only API is ticked, set `api_read_only = true`.",
        )
    if isinstance(failure, OSError):
        return CannotConnect(
            f"Nothing answers at {settings.gateway}: {failure}.",
            remedy="Start the Gateway or TWS, and check `host` and `port`: Gateway listens on 4001 live and 4002 "
            "paper, TWS on 7496 and 7497.",
        )
    if isinstance(failure, BrokerkitError):
        return failure
    return CannotConnect(f"Connecting to {settings.gateway} failed: {failure!r}.")
