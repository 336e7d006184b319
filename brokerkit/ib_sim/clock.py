"""A fast Gateway clock with which orders fill at once."""

from __future__ import annotations

from brokerkit.plugins.sim.gateway import EagerClock, Gateway, RealTimeClock


class BriskClock:
    """Runs many times faster than real time; orders advance it to the end of the bar in which they trade.

    Args:
        speed: Simulated seconds per real second.
    """

    def __init__(self, speed: float) -> None:
        self._running = RealTimeClock(speed)
        self._eager = EagerClock()
        self._is_running = False

    def start(self, gateway: Gateway) -> None:
        """Start moving the clock."""
        self._gateway = gateway
        self._eager.start(gateway)
        self.resume()

    def stop(self) -> None:
        """Stop moving it."""
        self._eager.stop()
        self.pause()

    def pause(self) -> None:
        """Let only orders move the clock; like all methods, called in the gateway's event loop."""
        self._is_running = False
        self._running.stop()

    def resume(self) -> None:
        """Let the clock run by itself again."""
        if not self._is_running:
            self._is_running = True
            self._running.start(self._gateway)
