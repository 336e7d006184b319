"""Rules for what a client sends: orders of every kind, changes, cancels, previews."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from plain_exchange.order import units_of

from brokerkit.plugins.sim.exchange import LiveOrder
from brokerkit.spec.order import Order
from brokerkit.spec.orders import OrderChange
from exchange_machine.beside import SideBySide
from exchange_machine.drawn_orders import SpreadWish, Wish, exits, lots, near, spread_wishes, wishes, with_exits
from exchange_machine.setting import TICK, price

MARGINS = ("initial_margin", "initial_margin_change", "maintenance_margin", "maintenance_margin_change")
CHANGED = ("limit_price", "stop_price", "quantity")


class WithOrders(SideBySide):
    """Asks both sides for the same."""

    @rule(wish=wishes())
    def submit(self, wish: Wish) -> None:
        """Send an order."""
        self._submit(wish.order(self.at[wish.contract], self.exchange.now))

    @rule(wished=st.lists(wishes(), min_size=2, max_size=6))
    def submit_several(self, wished: list[Wish]) -> None:
        """Send several orders, one after another."""
        for wish in wished:
            self.submit(wish)

    @rule(wish=wishes(), drawn=exits())
    def submit_bracket(self, wish: Wish, drawn: list[Any]) -> None:
        """Send an order with exits."""
        at, now = self.at[wish.contract], self.exchange.now
        self._submit(with_exits(wish.order(at, now), at, drawn, TICK[wish.contract], now))

    @rule(wish=spread_wishes())
    def submit_spread(self, wish: SpreadWish) -> None:
        """Send an order for a spread."""
        self._submit(wish.order(self.at, self.exchange.now))

    @rule(wish=spread_wishes(), drawn=exits())
    def submit_spread_with_exits(self, wish: SpreadWish, drawn: list[Any]) -> None:
        """Send an order for a spread, with exits that trade it together."""
        now = self.exchange.now
        self._submit(with_exits(wish.order(self.at, now), wish.level(self.at), drawn, TICK[wish.legs[0][0]], now))

    def _submit(self, order: Order) -> None:
        before = self.plain.numbers
        self.both(lambda: self.exchange.submit(order), lambda: self.plain.entry.submit(order))
        for number, one in enumerate((order, *order.children), before + 1):
            if number in self.plain.orders:
                self.sent[number] = one

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """Send an order that is there already, as a client does that heard no answer."""
        order, before = self.sent[self._any(data)], self.plain.numbers
        assert not self.both(lambda: self.exchange.submit(order), lambda: self.plain.entry.submit(order))
        assert self.plain.numbers == before

    @rule(wish=st.one_of(wishes(), spread_wishes()))
    def what_if(self, wish: Wish | SpreadWish) -> None:
        """Preview an order, which changes nothing."""
        now = self.exchange.now
        order = wish.order(self.at[wish.contract], now) if isinstance(wish, Wish) else wish.order(self.at, now)
        found: list[Any] = []
        if self.both(
            lambda: found.append(self.exchange.what_if(order)), lambda: found.append(self.plain.entry.what_if(order))
        ):
            assert [getattr(found[0], name).amount for name in MARGINS] == list(found[1])

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def query(self, data: st.DataObject) -> None:
        """Ask for an order: what is answered is what the client knows of it from then on."""
        live = self.exchange.order(self.sent[self._any(data)].order_ref)
        found: list[Any] = []
        if self.both(lambda: found.append(self.exchange.query(live.order_ref)), self.plain.line.ask):
            assert found == [live.at_exchange()] == [live.current()]

    # -- changes and cancels ---------------------------------------------------------------------

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), away=near, more=near, many=lots, what=st.sampled_from(["price", "lots", "both"]))
    def modify(self, data: st.DataObject, away: int, more: int, many: int, what: str) -> None:
        """Change an order."""
        self._modify(self._any(data), away, more, many, what)

    @rule(wish=wishes(), many=lots)
    def submit_twice_and_modify(self, wish: Wish, many: int) -> None:
        """Send two orders that are alike, and change how much the first is for: it goes behind the other."""
        first = self.plain.numbers + 1
        self.submit(wish)
        self.submit(wish)
        if first in self.sent:
            self._modify(first, 0, 0, many, "lots")

    def _modify(self, number: int, away: int, more: int, many: int, what: str) -> None:
        live = self.exchange.order(self.sent[number].order_ref)
        change = self._change(live.order, away, more, many, what)
        changed = self._changed(live, change, self.plain.orders[number].asked)
        ref = live.order_ref
        self.client.changed.add(ref)
        self.both(lambda: self.exchange.modify(ref, change), lambda: self.plain.entry.modify(number, changed))

    def _change(self, order: Order, away: int, more: int, many: int, what: str) -> OrderChange:
        limit = stop = quantity = None
        if what != "lots" and len(order.quantity) == 1:
            at = self.at[order.contract]
            limit = price(order.contract, at + away) if order.limit_price is not None else None
            stop = price(order.contract, at + away + more) if order.stop_price is not None else None
        if what != "price":
            quantity = of_units(order, many)
        return OrderChange(limit, stop, quantity)

    def _changed(self, live: LiveOrder, change: OrderChange, asked: int) -> Order:
        """Return the whole instruction that a change asks for; an exit that keeps its quantity keeps its whole one."""
        given = {name: value for name in CHANGED if (value := getattr(change, name)) is not None}
        if live.parent is not None and change.quantity is None:
            given["quantity"] = of_units(live.order, asked)
        return attrs.evolve(live.order, **given)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancel an order."""
        number = self._any(data)
        ref = self.sent[number].order_ref
        self.both(lambda: self.exchange.cancel(ref), lambda: self.plain.entry.cancel(number))

    @rule(account=st.sampled_from(["", "A", "B"]))
    def cancel_all(self, account: str) -> None:
        """Cancel every order, of an account or of all."""
        self.both(lambda: self.exchange.cancel_all(account), lambda: self.plain.entry.cancel_all(account))

    def _any(self, data: st.DataObject) -> int:
        alive = [number for number in self.sent if not self.plain.orders[number].is_final]
        return data.draw(st.sampled_from(alive or sorted(self.sent)))


def of_units(order: Order, units: int) -> tuple[int, ...]:
    """Return an order's quantities for so many lots, or units of a spread, in all."""
    whole = abs(units_of(order))
    return tuple(lots // whole * units for lots in order.quantity)
