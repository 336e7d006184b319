"""How long a message takes from the client to the exchange."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import attrs

from brokerkit.plugins.sim.exchange.units import duration

_NONE = timedelta(0)


@attrs.frozen
class Latency:
    """Delays by kind of message, each plus a random, seeded jitter.

    Attributes:
        submit: Until a new order arrives.
        modify: Until a modification arrives.
        cancel: Until a cancel arrives.
        jitter: The largest jitter, drawn anew for each message.
    """

    submit: timedelta = _NONE
    modify: timedelta = _NONE
    cancel: timedelta = _NONE
    jitter: timedelta = _NONE

    def submit_delay(self, random: Random) -> int:
        """Return the delay of a new order, in nanoseconds."""
        return self._drawn(self.submit, random)

    def modify_delay(self, random: Random) -> int:
        """Return the delay of a modification, in nanoseconds."""
        return self._drawn(self.modify, random)

    def cancel_delay(self, random: Random) -> int:
        """Return the delay of a cancel, in nanoseconds."""
        return self._drawn(self.cancel, random)

    def _drawn(self, delay: timedelta, random: Random) -> int:
        if self.jitter:
            return duration(delay) + int(random.random() * duration(self.jitter))
        return duration(delay) if delay else 0
