"""What trading costs, how prices slip, how much fills, how long messages take: as formulas, in fractions."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from plain_exchange.contract import PlainBar

PLENTY = 10**12
"""The volume of a bar whose volume is not known."""


@dataclass
class PlainModels:
    """The choices that the rules leave.

    Attributes:
        share: Of a bar's volume that may fill; None for no limit.
        slip: `("ticks", n)`, `("percent", n)`, `("impact", n)`, or None.
        fee: `("per lot", amount, minimum)`, `("per order", amount)`, `("percent", n)`, or None.
        latency: Nanoseconds by kind of message.
    """

    path: str = "nearest-first"
    touch: bool = True
    queue_ahead: int = 0
    share: Fraction | None = Fraction(1)
    slip: tuple[str, Fraction] | None = None
    fee: tuple[str, Fraction, Fraction] | None = None
    latency: dict[str, int] = field(default_factory=lambda: {"submit": 0, "modify": 0, "cancel": 0})

    def lots(self, volume: int | None) -> int:
        """Return how many lots a bar can fill."""
        return PLENTY if volume is None or self.share is None else floor(volume * self.share)

    def slipped(self, price: int, lots: int, bar: PlainBar) -> int:
        """Return the price, in ticks, that an order of signed lots gets where the market shows another."""
        if self.slip is None:
            return price
        kind, amount = self.slip
        if kind == "ticks":
            ticks = int(amount)
        elif kind == "percent":
            ticks = ceil(abs(price) * amount / 100)
        else:
            ticks = round(amount * abs(lots) / bar.volume) if bar.volume else int(amount)
        worse = price + ticks if lots > 0 else price - ticks
        return min(max(worse, bar.low), bar.high)

    def commission(self, lots: int, price: Fraction, point: Fraction, before: int) -> Fraction:
        """Return what so many lots cost an order that has filled so many before."""
        if self.fee is None:
            return Fraction(0)
        kind, amount, minimum = self.fee
        if kind == "per order":
            return Fraction(0) if before else amount
        if kind == "percent":
            return Fraction(round(abs(price) * lots * point * amount / 100 * 10**12), 10**12)
        so_far = max(amount * before, minimum) if before else Fraction(0)
        return max(amount * (before + lots), minimum) - so_far
