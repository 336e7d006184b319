"""The line to the client, as far as it changes what happens: faults that strike, requests that get no answer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plain_exchange.contract import PlainBar
    from plain_exchange.exchange import PlainExchange
    from plain_exchange.order import PlainFill, PlainOrder

SECOND = 1_000_000_000
OCCASIONS = {
    "submit": ("rejection", "lost-order", "disconnect", "lost-statuses"),
    "cancel": ("lost-cancel", "refused-cancel", "cancel-fill-race", "late-fill"),
    "modify": ("lost-modify",),
    "fill": ("silent-stall", "reordered-fills", "execution-correction"),
    "question": ("pacing",),
    "positions": ("stale-positions", "failed-positions"),
}
"""The faults that change what happens or what is answered, by what each waits for."""

Held = dict[tuple[str, object], tuple[int, Fraction]]
"""Lots and average price by account and contract."""


@dataclass
class PlainFault:
    """A fault, the occasions on which it strikes, and how many there were."""

    name: str
    at: tuple[int, ...]
    seen: int = 0


class Refused(Exception):
    """A request was refused; it carries the name of the error that says so."""


class Line:
    """Whether requests go through, and what befalls them."""

    def __init__(self, exchange: PlainExchange, faults: list[PlainFault]) -> None:
        self.exchange = exchange
        self.faults = faults
        self.is_down = False
        self.up_at: int | None = None
        self.stalled_until: int | None = None
        self.held_before: Held = {}

    def check(self) -> None:
        """Refuse a request that would not be answered."""
        if self.is_down:
            raise Refused("ConnectionLost")
        if self.stalled_until is not None:
            raise Refused("RequestTimedOut")

    def ask(self) -> None:
        """Refuse a question that is not answered."""
        self.check()
        if self.strikes("question"):
            raise Refused("PacingViolation")

    def ask_for_positions(self, held: Held) -> Held:
        """Return what a question for positions is answered with."""
        self.ask()
        struck = self.strikes("positions")
        if "failed-positions" in struck:
            raise Refused("RequestTimedOut")
        before, self.held_before = self.held_before, held
        return before if struck else held

    def strikes(self, occasion: str) -> list[str]:
        """Count an occasion; return the faults that strike."""
        struck = []
        for fault in self.faults:
            if fault.name in OCCASIONS[occasion]:
                fault.seen += 1
                if fault.seen in fault.at:
                    struck.append(fault.name)
        return struck

    def disconnect(self, lasts: int) -> None:
        """Break the line."""
        if not self.is_down:
            self.is_down, self.up_at = True, self.exchange.now + lasts

    def reconnect(self) -> None:
        """Mend the line."""
        self.is_down, self.up_at = False, None

    def on_notices(self) -> None:
        """Mend what is over by now."""
        if self.up_at is not None and self.up_at <= self.exchange.now:
            self.reconnect()
        if self.stalled_until is not None and self.stalled_until <= self.exchange.now:
            self.stalled_until = None

    def carry(self, order: PlainOrder, fill: PlainFill, bar: PlainBar | None) -> None:
        """Let the faults strike that wait for a fill to be told; a correction, which has no bar, is not corrected."""
        if self.is_down or self.stalled_until is not None:
            return
        for name in self.strikes("fill"):
            if name == "silent-stall":
                self.stalled_until = self.exchange.now + 60 * SECOND
                return
            if name == "reordered-fills":
                return
            if bar is not None:
                self.exchange.correct_later(order, fill, bar)
