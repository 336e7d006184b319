"""What is heard of the line itself: IB's own trouble, a closed socket, or nothing at all for too long."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.ib.error_codes import is_read_only

if TYPE_CHECKING:
    from brokerkit.plugins.ib.connection import IBConnection

_LINK_LOST = frozenset({1100, 2110})
_FARM_BROKEN = frozenset({2103, 2105, 2157})
_FARM_OK = frozenset({2104, 2106, 2158})
_PROBE_TIMEOUT = 10.0
_CUT_OFF_FOR = 20
"""Probe intervals after which a line that is cut off from IB is made anew: that IB is back is not always said."""


class LineNews:
    """Listens to one connection's line, in the client's thread.

    Attributes:
        broken: Set while the socket is gone and nobody has connected again.
        expect_disconnect: Whether a closed socket is our own doing.
        is_cut_off: Whether the Gateway said over this line that its own line to IB is down.
    """

    def __init__(self, connection: IBConnection) -> None:
        self._connection = connection
        self.broken = asyncio.Event()
        self.expect_disconnect = False
        self.is_cut_off = False
        self._cut_off_at = 0.0
        self._farm_broken_since: dict[str, datetime] = {}

    def on_error(self, request_id: int, code: int, text: str, contract: Any) -> None:
        """Act on IB's notices about the line; pass every one on with the other messages."""
        self._connection.hear("error", (request_id, code, text, contract))
        if code in _LINK_LOST:
            self.is_cut_off, self._cut_off_at = True, time.monotonic()
            self._connection.declare_down(f"IB lost its own line: {text}")
        elif code == 1101:
            self._restored(f"IB's line is back, subscriptions lost: {text}")
        elif code == 1102:
            self._restored(f"IB's line is back: {text}")
        elif code in _FARM_BROKEN:
            self._farm_broken_since.setdefault(_farm(text), datetime.now(timezone.utc))
        elif code in _FARM_OK:
            since = self._farm_broken_since.pop(_farm(text), None)
            if since is not None:
                self._connection.declare_gap(since, f"a data farm was gone: {text}")
        elif is_read_only(code, text):
            self._connection.refuses_orders = True
            if request_id == -1:
                self._read_only()

    def on_disconnected(self) -> None:
        """Note that the socket is gone, and have it connected again."""
        if not self.expect_disconnect:
            self._connection.declare_down("the socket to the Gateway was closed")
            self.broken.set()

    async def probe(self) -> None:
        """Ask the Gateway the time whenever it was silent for long; drop a line that does not answer."""
        interval = self._connection.settings.probe_interval
        ib = self._connection.ib._ib
        last_word, came = ib.wrapper.lastTime, time.monotonic()
        while True:
            await asyncio.sleep(max(interval / 4, 0.05))
            if ib.wrapper.lastTime != last_word:
                last_word, came = ib.wrapper.lastTime, time.monotonic()
            # this machine's clock may be set back, and the other one stands still while the machine sleeps
            silent = max(time.monotonic() - came, (datetime.now(timezone.utc) - last_word).total_seconds())
            if self.broken.is_set() or not ib.isConnected():
                continue
            if self.is_cut_off and time.monotonic() - self._cut_off_at > _CUT_OFF_FOR * interval:
                self._connection.drop(f"IB was not said to be back for {_CUT_OFF_FOR * interval:.0f} s")
                continue
            if silent < interval:
                continue
            if not await self._answers(ib, min(_PROBE_TIMEOUT, interval)):
                self._connection.drop(f"the Gateway has been silent for {silent:.0f} s")

    async def _answers(self, ib: Any, timeout: float) -> bool:
        try:
            await asyncio.wait_for(self._connection.time.ask(ib), timeout)
        except Exception:  # noqa: BLE001 because whatever it is, it is no answer
            return False
        return True

    def _restored(self, reason: str) -> None:
        self.is_cut_off = False
        self._connection.post(lambda _ib: self._connection.refresh(reason))

    def _read_only(self) -> None:
        """Remember it, and end the requests that a read-only Gateway leaves without an answer."""
        self._connection.is_read_only = True
        wrapper = self._connection.ib._ib.wrapper
        for request in ("openOrders", "completedOrders"):
            wrapper._endReq(request)


def _farm(text: str) -> str:
    """Return the farm that a notice names after its last colon."""
    return text.rpartition(":")[2].strip()
