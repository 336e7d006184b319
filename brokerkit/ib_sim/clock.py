"""A Gateway's clock that runs fast, and lets orders fill at once."""

from __future__ import annotations

from brokerkit.plugins.sim.gateway import EagerClock, Gateway, RealTimeClock


class BriskClock:
    """Runs with the wall clock, many times as fast; orders take it to the end of the bar that they trade in.

    Args:
        speed: Seconds of the exchange a second of the wall clock.
    """

    def __init__(self, speed: float) -> None:
        self._running = RealTimeClock(speed)
        self._eager = EagerClock()
        self._is_running = False

    def start(self, gateway: Gateway) -> None:
        """Begin to move the clock."""
        self._gateway = gateway
        self._eager.start(gateway)
        self.resume()

    def stop(self) -> None:
        """Move it no longer."""
        self._eager.stop()
        self.pause()

    def pause(self) -> None:
        """Let orders alone move the clock; called in the gateway's loop, as all of this is."""
        self._is_running = False
        self._running.stop()

    def resume(self) -> None:
        """Let it run by itself as well."""
        if not self._is_running:
            self._is_running = True
            self._running.start(self._gateway)
