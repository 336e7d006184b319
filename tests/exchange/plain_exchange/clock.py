"""The clock: what happens at an instant, in what order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plain_exchange.contract import PlainContract
    from plain_exchange.exchange import PlainExchange
    from plain_exchange.order import Moment

ENDS, CLOSES, EXPIRES, MESSAGES, OPENINGS, NOTICES, OPENS = range(7)
"""At one instant: bars end; sessions close; contracts expire; messages arrive; sessions open; news; bars open."""


class Clock:
    """Goes through all moments at which anything is due, one after another."""

    def __init__(self, exchange: PlainExchange, start: int) -> None:
        self.exchange = exchange
        self.now = start
        self.done: Moment = (start, NOTICES)
        self.messages: list[tuple[int, int, Callable[[], None]]] = []
        self._sent = 0

    def send(self, time: int, action: Callable[[], None]) -> None:
        """Have a message arrive at a time; those of one instant arrive in the order they were sent."""
        self._sent += 1
        self.messages.append((time, self._sent, action))
        self.messages.sort(key=lambda one: one[:2])

    def advance_to(self, target: int) -> None:
        """Go on to a time. The opens of bars that start at it are left for later."""
        while (moment := self._next()) is not None and moment < (target, OPENS):
            self.now = max(self.now, moment[0])
            self.done = max(self.done, moment)
            self.exchange.on_phase(moment[1])
        self.now = target
        self.done = max(self.done, (target, NOTICES))

    def here(self) -> Moment:
        """Return the first moment at which an order that arrives now may trade."""
        return (self.now, OPENS) if self.done < (self.now, OPENS) else (self.now, OPENS + 1)

    def take_messages(self) -> Iterator[Callable[[], None]]:
        """Give the messages that have arrived."""
        while self.messages and self.messages[0][0] <= self.now:
            yield self.messages.pop(0)[2]

    def _next(self) -> Moment | None:
        if self.messages and self.messages[0][0] <= self.now and self.done >= (self.now, MESSAGES):
            return self.now, MESSAGES  # left over from a restart
        due = [moment for moment in self._moments() if moment > self.done]
        return min(due, default=None)

    def _moments(self) -> Iterator[Moment]:
        for contract in self.exchange.contracts.values():
            yield from self._moments_of(contract)
        if self.messages:
            yield max(self.messages[0][0], self.now), MESSAGES
        for over in (self.exchange.line.up_at, self.exchange.line.stalled_until):
            if over is not None:
                yield over, NOTICES

    def _moments_of(self, contract: PlainContract) -> Iterator[Moment]:
        at = bisect_left(contract.starts, self.now)
        yield from ((start, OPENS) for start in contract.starts[at : at + 2])
        at = bisect_left(contract.ends, self.now)
        yield from ((end, ENDS) for end in contract.ends[at : at + 2])
        for opening, closing in contract.sessions:
            if closing >= self.now:
                yield closing, CLOSES
                yield opening, OPENINGS
            if opening > self.now:
                break
        if contract.expiry is not None:
            yield contract.expiry, EXPIRES
