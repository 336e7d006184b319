"""What a client can ask for: orders, changes, cancels, previews; and a restart."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import attrs

from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from plain_exchange.contract import PlainContract
from plain_exchange.line import SECOND, Refused
from plain_exchange.money import NoRateError, PlainAccount
from plain_exchange.order import PlainOrder, good_till, units_of

if TYPE_CHECKING:
    from plain_exchange.exchange import PlainExchange

_ONLY_PLAIN = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


class Entry:
    """Takes requests, and refuses what must be refused with the name of the error that says so."""

    def __init__(self, exchange: PlainExchange) -> None:
        self.exchange = exchange

    # -- new orders ----------------------------------------------------------------------------

    def submit(self, order: Order) -> None:
        """Place an order with its exits."""
        exchange = self.exchange
        exchange.line.check()
        for one in (order, *order.children):
            self._check(one)
        struck = exchange.line.strikes("submit")
        if "lost-order" in struck:
            exchange.numbers += 1 + len(order.children)
            return
        placed = self.taken_in(order, exchange.accounts[order.account])
        for child in order.children:
            exit_ = self.taken_in(child, placed.account)
            exit_.parent, exit_.place, exit_.ordered = placed, "waiting", 0
            placed.children.append(exit_)
            if child.good_till is not None:
                exchange.clock.send(good_till(child), lambda exit_=exit_: exchange.end(exit_, "expired"))  # type: ignore[misc]
        for name in struck:
            if name == "rejection":
                exchange.end(placed, "rejected")
                raise Refused("OrderRejected")
            if name == "disconnect":
                exchange.line.disconnect(60 * SECOND)
        if delay := exchange.models.latency["submit"]:
            placed.place = "flight"
            exchange.clock.send(exchange.now + delay, lambda: self.arrive_late(placed))
        else:
            self.arrive(placed)
        if exchange.line.is_down:
            raise Refused("OutcomeUnknown")

    def taken_in(self, order: Order, account: PlainAccount) -> PlainOrder:
        """Return an order under a number of its own."""
        exchange = self.exchange
        exchange.numbers += 1
        units, market = units_of(order), exchange.market_of(order)
        limit, stop = (
            None if price is None else int(Fraction(price) / market.tick)
            for price in (order.limit_price, order.stop_price)
        )
        placed = PlainOrder(
            exchange.numbers, order, account, market, 1 if units > 0 else -1, abs(units), abs(units), exchange.now,
            limit=limit, trigger=stop, priority=(exchange.numbers, 0),
        )  # fmt: skip
        exchange.take_in(placed)
        return placed

    def _check(self, order: Order) -> None:
        exchange = self.exchange
        if any(one.order.order_ref == order.order_ref for one in exchange.orders.values()):
            raise Refused("DuplicateOrder")
        if len(order.quantity) > 1:
            self._check_spread(order)
        if any(leg not in exchange.contracts for leg in order.contract.legs):
            raise Refused("MissingContract")
        market = exchange.market_of(order)
        if market.expired:
            raise Refused("ContractExpired")
        if market.refuses and not order.outside_hours and not market.is_open(exchange.now):
            raise Refused("MarketClosed")
        self._check_kind(order)

    def _check_spread(self, order: Order) -> None:
        """Refuse a spread at the close, and leg by leg anything but a market order that works for a time."""
        by_leg, held = order.spread_fill is SpreadFill.BY_LEG, order.time_in_force
        if held is TimeInForce.AT_CLOSE:
            raise Refused("InvalidOrder")
        if by_leg and (order.order_type is not OrderType.MARKET or order.reduce_only or held in _ONLY_PLAIN):
            raise Refused("InvalidOrder")

    def _check_kind(self, order: Order) -> None:
        if order.time_in_force in _ONLY_PLAIN and order.order_type not in (OrderType.MARKET, OrderType.LIMIT):
            raise Refused("InvalidOrder")
        if order.good_till is not None and good_till(order) <= self.exchange.now:
            raise Refused("InvalidOrder")

    def arrive_late(self, order: PlainOrder) -> None:
        """Let an order arrive that was on its way; what it is refused for now is told by its state."""
        if order.is_final:
            return
        market, now = order.market, self.exchange.now
        is_closed = market.refuses and not order.order.outside_hours and not market.is_open(now)
        if market.expired or is_closed:
            self.exchange.end(order, "rejected")
            return
        try:
            self.arrive(order)
        except Refused:
            return

    def arrive(self, order: PlainOrder) -> None:
        """Accept an order at the exchange, or reject it."""
        order.place = "none"
        parts = self._parts(order.order)
        if not self._is_covered(order.account, parts):
            self.exchange.end(order, "rejected")
            raise Refused("InsufficientMargin")
        held = [order.account.holdings[contract].lots for contract, _ in parts]
        if order.order.reduce_only and held[0] * order.side >= 0:
            self.exchange.end(order, "rejected")
            raise Refused("OrderRejected")
        if self._would_trade(order, order.order):
            self.exchange.end(order, "rejected")
            raise Refused("OrderRejected")
        self.exchange.begin(order)

    def _would_trade(self, order: PlainOrder, instruction: Order) -> bool:
        """Return whether a post-only instruction for an order would trade at once."""
        limit, last = instruction.limit_price, order.market.last_price(self.exchange.now)
        if not instruction.post_only or limit is None or last is None:
            return False
        return (Fraction(limit) - last) * order.side >= 0

    def _parts(self, order: Order) -> list[tuple[PlainContract, int]]:
        pairs = zip(order.contract.legs, order.quantity, strict=True)
        return [(self.exchange.contracts[leg], lots) for leg, lots in pairs]

    def _more(self, account: PlainAccount, parts: list[tuple[PlainContract, int]]) -> Fraction:
        """Return by how much the initial margin grows with lots more of some contracts."""
        count = self.exchange.count
        grown = Fraction(0)
        for contract, lots in parts:
            more = count.worst(account, contract, lots) - count.worst(account, contract)
            grown += count.in_base(account, contract.currency, more * contract.initial)
        return grown

    def _is_covered(self, account: PlainAccount, parts: list[tuple[PlainContract, int]]) -> bool:
        """Return whether an account is worth what it needs with an order more; what adds no margin is covered."""
        count = self.exchange.count
        try:
            more = self._more(account, parts)
            return more <= 0 or count.initial(account) + more <= count.worth(account)
        except NoRateError:
            return False

    def what_if(self, order: Order) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """Return initial and maintenance margin after an order, each with its change, where all that is held counts."""
        exchange, count = self.exchange, self.exchange.count
        self._check(order)
        account = exchange.accounts[order.account]
        count.profit(account)
        parts = self._parts(order)
        more = self._more(account, parts)
        kept = Fraction(0)
        for contract, lots in parts:
            before = account.holdings[contract].lots
            grows = (abs(before + lots) - abs(before)) * contract.maintenance
            kept += count.in_base(account, contract.currency, grows)
        return count.initial(account) + more, more, count.maintenance(account) + kept, kept

    # -- changes and cancels -------------------------------------------------------------------

    def modify(self, number: int, changed: Order) -> None:
        """Ask for an order to be replaced by a changed instruction."""
        exchange = self.exchange
        exchange.line.check()
        order = exchange.orders[number]
        if order.is_final or order.state == "pending_cancel":
            raise Refused("OrderCannotBeModified")
        if not self._is_possible(order, changed):
            raise Refused("InvalidQuantity")
        self._check_kind(changed)
        if exchange.line.strikes("modify"):
            return
        if delay := exchange.models.latency["modify"]:
            exchange.clock.send(exchange.now + delay, lambda: self._change_late(order, changed))
        else:
            self._change(order, changed)

    def _is_possible(self, order: PlainOrder, changed: Order) -> bool:
        """Return whether an order's new total is not less than it has filled, in each leg."""
        if order.legs:
            totals = zip(order.legs, changed.quantity, strict=True)
            return all(lots * leg.side >= max(leg.filled, 1) for leg, lots in totals)
        return units_of(changed) * order.side >= max(order.filled, 1)

    def _change_late(self, order: PlainOrder, changed: Order) -> None:
        try:
            self._change(order, changed)
        except Refused:
            return

    def _change(self, order: PlainOrder, changed: Order) -> None:
        """Let a change hold: the order goes behind others, and takes part in the bars that begin from now on."""
        exchange, now = self.exchange, order.place
        if order.is_final or not self._is_possible(order, changed):
            return
        units = abs(units_of(changed))
        if order.parent is None and now in ("held", "market") and not self._may_grow(order, changed):
            raise Refused("InsufficientMargin")
        moved = changed.limit_price is not None and changed.limit_price != order.order.limit_price
        if moved and now in ("held", "market") and self._would_trade(order, changed):
            raise Refused("OrderRejected")
        self._take_prices(order, changed)
        order.order = attrs.evolve(changed, quantity=order.order.quantity) if order.parent else changed
        order.priority = (exchange.numbers, exchange.next_change())
        if order.parent is not None:
            order.asked = units
            exchange.linked.size(order.parent)
        elif order.legs:
            for leg, lots in zip(order.legs, changed.quantity, strict=True):
                leg.ordered, leg.order = abs(lots), changed
            order.ordered = units
        else:
            order.ordered = units
        self._after_change(order, now)

    def _after_change(self, order: PlainOrder, place: str) -> None:
        exchange = self.exchange
        if order.is_final or place in ("waiting", "flight"):
            return
        done = not any(leg.remaining for leg in order.legs) if order.legs else not order.remaining
        if done:
            order.state, order.place = "filled", "none"
            exchange.linked.size(order)
            return
        for one in order.legs or [order]:
            one.since, one.turn = exchange.clock.here(), exchange.next_turn()
            if one.place == "market":
                exchange.place(one)

    def _may_grow(self, order: PlainOrder, changed: Order) -> bool:
        """Return whether the account can carry an order that becomes larger."""
        parts = zip(self._parts(changed), order.order.quantity, strict=True)
        more = [(contract, lots - before) for (contract, lots), before in parts if abs(lots) > abs(before)]
        return not more or self._is_covered(order.account, more)

    def _take_prices(self, order: PlainOrder, changed: Order) -> None:
        tick = order.market.tick
        if changed.limit_price is not None:
            order.limit = int(Fraction(changed.limit_price) / tick)
        if changed.stop_price is not None and changed.stop_price != order.order.stop_price and not order.fired:
            order.trigger = int(Fraction(changed.stop_price) / tick)

    def cancel(self, number: int) -> None:
        """Ask for an order's cancel."""
        self.exchange.line.check()
        self._cancel(self.exchange.orders[number])

    def _cancel(self, order: PlainOrder) -> None:
        exchange = self.exchange
        if order.is_final or order.state == "pending_cancel":
            raise Refused("OrderCannotBeCancelled")
        struck = exchange.line.strikes("cancel")
        if "lost-cancel" in struck:
            return
        if "refused-cancel" in struck:
            raise Refused("OrderCannotBeCancelled")
        delay = exchange.models.latency["cancel"] + 120 * SECOND * struck.count("cancel-fill-race")
        order.state = "pending_cancel"
        late = "late-fill" in struck
        if delay:
            exchange.clock.send(exchange.now + delay, lambda: self._on_cancel(order, late=late))
        else:
            self._on_cancel(order, late=late)

    def cancel_all(self, account: str) -> None:
        """Ask for the cancel of every order that may still be cancelled; those that cannot be stay."""
        exchange = self.exchange
        exchange.line.check()
        wanted = [one for one in exchange.orders.values() if not account or one.account.name == account]
        for order in [one for one in wanted if not one.is_final and one.state != "pending_cancel"]:
            if not order.is_final:
                with suppress(Refused):
                    self._cancel(order)

    def _on_cancel(self, order: PlainOrder, *, late: bool) -> None:
        """Cancel an order; with a late fill, one lot of it trades in that instant."""
        exchange = self.exchange
        if order.is_final:
            return
        traded = order.place == "market" and isinstance(order.market, PlainContract)
        may = traded and order.remaining > 0 and exchange.fillable(order) > 0
        exchange.end(order, "cancelled")
        last = order.market.last_bar(exchange.now)
        if late and may and last is not None and isinstance(order.market, PlainContract):
            order.filled += 1
            exchange.trade(order, order.market, 0, order.side, last.close, last, late=True)
            exchange.after_fill(order)

    # -- restart -------------------------------------------------------------------------------

    def restart(self) -> None:
        """Go on as after a restart: what is on its way arrives at once, changes on their way are lost."""
        exchange = self.exchange
        exchange.clock.messages.clear()
        exchange.line.reconnect()
        exchange.line.stalled_until = None
        for order in list(exchange.orders.values()):
            if order.is_final:
                continue
            if order.place == "flight":
                exchange.clock.send(exchange.now, lambda order=order: self.arrive_late(order))  # type: ignore[misc]
            elif order.order.good_till is not None:
                exchange.clock.send(good_till(order.order), lambda order=order: exchange.end(order, "expired"))  # type: ignore[misc]
            for one in order.legs or [order]:
                one.turn = exchange.next_turn()  # they wait in the order of their numbers by now
            if order.state == "pending_cancel":
                exchange.clock.send(exchange.now, lambda order=order: self._on_cancel(order, late=False))  # type: ignore[misc]
