"""A clock that moves the exchange by itself, in real time at a chosen speed: the only code that reads a wall clock."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.exchange import Exchange
from brokerkit.plugins.sim.exchange.units import SECOND


class RealTimeClock:
    """Moves an exchange's clock in its own thread, at so many simulated seconds per real second.

    While it runs, `LiveOrder.wait` waits in real time. Listeners are called in this thread; while one waits, the clock
    runs on. An exception in a listener stops the clock, and `stop` raises it.

    Args:
        exchange: The exchange whose clock to move.
        speed: Simulated seconds per real second.
        step: Real seconds between moves.
        monotonic: Returns the real time, in seconds.

    Example:
        >>> from datetime import datetime, timezone
        >>> exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc))
        >>> with RealTimeClock(exchange, speed=3600) as clock:
        ...     clock.wait_until(datetime(2023, 1, 2, 9, 1, tzinfo=timezone.utc))
        >>> exchange.now >= datetime(2023, 1, 2, 9, 1, tzinfo=timezone.utc)
        True
    """

    def __init__(
        self,
        exchange: Exchange,
        speed: float = 1.0,
        *,
        step: float = 0.01,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if speed <= 0:
            raise InvalidArgument(f"The clock cannot run at speed {speed}.", remedy="Give a positive number.")
        self._exchange = exchange
        self._speed = speed
        self._step = step
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="exchange-clock", daemon=True)

    def start(self) -> None:
        """Start moving the clock from its current time."""
        exchange = self._exchange
        exchange.driven, exchange.runner, exchange.tick = True, self._thread, self._tick
        self._origin, self._began = exchange.now_ns, self._monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stop moving the clock, and raise any exception of a listener.

        A listener may call this too: the clock then stops when it returns.
        """
        self._stop.set()
        if threading.current_thread() is not self._thread and not sys.is_finalizing():
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def wait_until(self, moment: datetime) -> None:
        """Wait, in real time, until the exchange's clock reaches an aware datetime."""
        with self._exchange.moved:
            self._exchange.moved.wait_for(lambda: self._stop.is_set() or self._exchange.now >= moment)

    def _run(self) -> None:
        exchange = self._exchange
        try:
            while self._tick():
                pass
        except BaseException as failure:  # noqa: BLE001 because stop() raises it again
            self._failure = failure
        finally:
            exchange.driven = False
            self._stop.set()
            with exchange.moved:
                exchange.moved.notify_all()

    def _tick(self) -> bool:
        """Wait for a step, then move the clock as far as real time has; return False, unmoved, once it was stopped."""
        if self._stop.wait(self._step):
            return False
        exchange = self._exchange
        exchange.reach(self._origin + int((self._monotonic() - self._began) * self._speed * SECOND))
        with exchange.moved:
            exchange.moved.notify_all()
        return True

    def __enter__(self) -> RealTimeClock:
        """Start the clock."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clock."""
        self.stop()
