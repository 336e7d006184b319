"""A strategy that acts when it hears of a fill: in the middle of an instant, while others are still to trade."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from plain_exchange import PlainFill, PlainOrder

from brokerkit.spec.broker_order import Fill
from brokerkit.spec.contract import FxPair
from brokerkit.spec.order import Order, TimeInForce
from exchange_machine.answers import named
from exchange_machine.setting import price

if TYPE_CHECKING:
    from exchange_machine.beside import SideBySide

TAG = "reaction"
Key = tuple[int, int]
"""An order's number, and which of its fills it is."""


class Reactions:
    """Does on each side, at the same fills, the same."""

    def __init__(self, machine: SideBySide) -> None:
        self.machine = machine
        self.heard: Counter[str] = Counter()
        self.told: Counter[int] = Counter()
        self.made: dict[Key, Order] = {}
        self.answers: dict[Key, str] = {}
        self.expected: dict[Key, str] = {}

    def listen(self) -> None:
        """Hear of fills on both sides, where the setting says that somebody reacts."""
        if self.machine.setting.reacts:
            self.machine.exchange.listen(Fill, self._on_fill)
            self.machine.plain.on_told = self._on_plain_fill

    def check(self) -> None:
        """Both sides were asked the same, and gave the same answers."""
        assert self.answers == self.expected

    def _on_fill(self, fill: Fill) -> None:
        exchange, order = self.machine.exchange, self.machine.exchange.order(fill.order_ref)
        self.heard[fill.order_ref] += 1
        key = order.number, self.heard[fill.order_ref]
        if order.order.tag == TAG or fill.corrects or not _reacts(key):
            return
        if _cancels(key):
            self.answers[key] = named(lambda: exchange.cancel(fill.order_ref))
        else:
            made = self._order(key, order.order, fill.leg, int(fill.quantity))
            self.answers[key] = named(lambda: exchange.submit(made))

    def _on_plain_fill(self, order: PlainOrder, fill: PlainFill) -> None:
        plain = self.machine.plain
        self.told[order.number] += 1
        key = order.number, self.told[order.number]
        if order.order.tag == TAG or not _reacts(key):
            return
        if _cancels(key):
            self.expected[key] = named(lambda: plain.entry.cancel(order.number))
        else:
            made = self._order(key, order.order, fill.leg, fill.lots)
            self.expected[key] = named(lambda: plain.entry.submit(made))
            if made.order_ref == plain.orders[plain.numbers].order.order_ref:
                self.machine.sent[plain.numbers] = made

    def _order(self, key: Key, order: Order, leg: int, lots: int) -> Order:
        """Return what is sent on a fill: half of it back at the market, or a limit two ticks away."""
        if key not in self.made:
            contract = order.contract if isinstance(order.contract, FxPair) else order.contract.legs[leg]
            back, near = -(lots // 2 or lots), price(contract, self.machine.at[contract] + (2 if lots > 0 else -2))
            held = TimeInForce.GTC if sum(key) % 2 else TimeInForce.DAY
            if sum(key) % 3:
                made = Order.market(contract, back, account=order.account, time_in_force=held, tag=TAG)
            else:
                made = Order.limit(contract, back, near, account=order.account, time_in_force=held, tag=TAG)
            self.made[key] = made
        return self.made[key]


def _reacts(key: Key) -> bool:
    return (key[0] * 5 + key[1]) % 4 < 3


def _cancels(key: Key) -> bool:
    return (key[0] * 5 + key[1]) % 4 == 2
