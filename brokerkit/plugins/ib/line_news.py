"""Monitors the connection: IB's connectivity notices, a closed socket, and silence."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.ib.error_codes import is_read_only

if TYPE_CHECKING:
    from brokerkit.plugins.ib.connection import IBConnection

_LINK_LOST = frozenset({1100, 2110})
_PROBE_TIMEOUT = 10.0
_CUT_OFF_FOR = 20
"""Probe intervals after which a Gateway cut off from IB is reconnected: it does not always say that IB is back."""


class LineNews:
    """Monitors one connection, in the client's thread.

    Attributes:
        broken: Set while the socket is closed and not yet reconnected.
        expect_disconnect: Whether we are closing the socket ourselves.
        is_cut_off: Whether the Gateway said on this connection that it has lost its own connection to IB.
    """

    def __init__(self, connection: IBConnection) -> None:
        self._connection = connection
        self.broken = asyncio.Event()
        self.expect_disconnect = False
        self.is_cut_off = False
        self._cut_off_at = 0.0

    def on_error(self, request_id: int, code: int, text: str, contract: Any) -> None:
        """Act on connectivity notices, and pass every error on to the listeners."""
        self._connection.hear("error", (request_id, code, text, contract))
        if code in _LINK_LOST:
            self.is_cut_off, self._cut_off_at = True, time.monotonic()
            self._connection.declare_down(f"the Gateway lost its connection to IB: {text}")
        elif code == 1101:
            self._restored(f"the Gateway is connected to IB again, subscriptions lost: {text}")
        elif code == 1102:
            self._restored(f"the Gateway is connected to IB again: {text}")
        elif is_read_only(code, text):
            self._connection.refuses_orders = True
            if request_id == -1:
                self._read_only()
        else:
            self._note_farm(code, text)

    def on_disconnected(self) -> None:
        """Report the closed socket, and have it reconnected."""
        if not self.expect_disconnect:
            self._connection.declare_down("the socket to the Gateway was closed")
            self.broken.set()

    async def probe(self) -> None:
        """Request the time whenever the Gateway has been silent for long; drop the connection if there is no answer."""
        interval = self._connection.settings.probe_interval
        ib = self._connection.ib._ib
        last_message, received = ib.wrapper.lastTime, time.monotonic()
        while True:
            await asyncio.sleep(max(interval / 4, 0.05))
            if ib.wrapper.lastTime != last_message:
                last_message, received = ib.wrapper.lastTime, time.monotonic()
            # the wall clock may be set back, and the monotonic clock stops while the machine sleeps
            silent = max(time.monotonic() - received, (datetime.now(timezone.utc) - last_message).total_seconds())
            if self.broken.is_set() or not ib.isConnected():
                continue
            if self.is_cut_off and time.monotonic() - self._cut_off_at > _CUT_OFF_FOR * interval:
                self._connection.drop(
                    f"the Gateway has not reported its connection to IB as restored for {_CUT_OFF_FOR * interval:.0f} s"
                )
                continue
            if silent < interval:
                continue
            if not await self._answers(ib, min(_PROBE_TIMEOUT, interval)):
                self._connection.drop(f"the Gateway has been silent for {silent:.0f} s")

    async def _answers(self, ib: Any, timeout: float) -> bool:
        try:
            await asyncio.wait_for(self._connection.time.ask(ib), timeout)
        except Exception:  # noqa: BLE001 because any failure counts as no answer
            return False
        return True

    def _restored(self, reason: str) -> None:
        self.is_cut_off = False
        self._connection.post(lambda _ib: self._connection.refresh(reason))

    def _note_farm(self, code: int, text: str) -> None:
        since = self._connection.farms.ended_outage(code, text)
        if since is not None:  # noted only after it, so that no quote of before passes for a live one
            self._connection.declare_gap(since, f"a data farm was disconnected: {text}")
        self._connection.farms.note(code, text)

    def _read_only(self) -> None:
        """Record it, and end the requests that a read-only Gateway leaves unanswered."""
        self._connection.is_read_only = True
        wrapper = self._connection.ib._ib.wrapper
        for request in ("openOrders", "completedOrders"):
            wrapper._endReq(request)
