"""Whether an order was sent: decided once, for both the sending and the waiting thread."""

from __future__ import annotations

import threading

from brokerkit.errors import ConnectionLost


class Departure:
    """The point at which an order is sent, or certain never to be sent.

    The waiting caller may be interrupted, for example by Ctrl-C, before another thread has sent the order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_left: bool | None = None

    def leave(self) -> None:
        """Record that the order is being sent now.

        Raises:
            ConnectionLost: It was given up before; nothing may be sent.
        """
        with self._lock:
            if self._has_left is False:
                raise ConnectionLost("The caller no longer waits for the order. Nothing was sent.")
            self._has_left = True

    def give_up(self) -> bool:
        """Prevent the order from being sent, and return whether that is certain: False if it may have been sent."""
        with self._lock:
            self._has_left = bool(self._has_left)
            return not self._has_left
