"""What one packet of the Gateway's brings, handed over in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Work = Callable[[], None]


class Packets:
    """Collects work in the client's thread while a packet is read, and passes it on when the packet ends.

    The answer to an order comes in five or six messages of one packet. Handed over one by one, the first of them wakes
    a thread that then fights with the reading of the others for the interpreter.

    Args:
        pass_on: Takes all of it, in order.
    """

    def __init__(self, pass_on: Callable[..., None]) -> None:
        self._pass_on = pass_on
        self._work: list[Work] = []

    def add(self, work: Work) -> None:
        """Have a piece of work passed on when the packet ends; outside of one, as soon as the loop is free."""
        if not self._work:
            asyncio.get_running_loop().call_soon(self.end)
        self._work.append(work)

    def end(self) -> None:
        """Pass on what was collected."""
        work, self._work = self._work, []
        if work:
            self._pass_on(*work)
