"""Whether an order has left: decided once, for the thread that sends it and the one that waits alike."""

from __future__ import annotations

import threading

from brokerkit.errors import ConnectionLost


class Departure:
    """The instant at which an order leaves, or is certain never to leave.

    Whoever waits for the send may be torn away from it, by Ctrl-C for one, while the send itself is still
    to come in another thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_left: bool | None = None

    def leave(self) -> None:
        """Note that the order leaves now.

        Raises:
            ConnectionLost: It was given up before; nothing may be sent.
        """
        with self._lock:
            if self._has_left is False:
                raise ConnectionLost("Nobody waits for the order any more. Nothing was sent.")
            self._has_left = True

    def give_up(self) -> bool:
        """Keep the order from leaving, and return whether that is certain: False when it may have left."""
        with self._lock:
            self._has_left = bool(self._has_left)
            return not self._has_left
