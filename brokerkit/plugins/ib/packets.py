"""Hands over the messages of one packet from the Gateway together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Work = Callable[[], None]


class Packets:
    """Collects work in the client's thread while a packet is read, and hands it over at the end of the packet.

    The response to an order is five or six messages in one packet. Handed over one by one, the first would wake a
    thread that then competes for the GIL with the reading of the others.

    Args:
        pass_on: Receives the work, in order.
    """

    def __init__(self, pass_on: Callable[..., None]) -> None:
        self._pass_on = pass_on
        self._work: list[Work] = []

    def add(self, work: Work) -> None:
        """Hand over work at the end of the packet; outside of a packet, as soon as the loop is free."""
        if not self._work:
            asyncio.get_running_loop().call_soon(self.end)
        self._work.append(work)

    def end(self) -> None:
        """Hand over the collected work."""
        work, self._work = self._work, []
        if work:
            self._pass_on(*work)
