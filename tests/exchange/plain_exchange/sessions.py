"""What the clock does by itself: sessions close and open, contracts end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.spec.order import TimeInForce
from plain_exchange.clock import CLOSES
from plain_exchange.contract import PlainContract, PlainSpread

if TYPE_CHECKING:
    from plain_exchange.exchange import PlainExchange
    from plain_exchange.order import PlainOrder

Market = PlainContract | PlainSpread
DAY, AT_OPEN, AT_CLOSE = TimeInForce.DAY, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE


class Sessions:
    """Opens and closes markets."""

    def __init__(self, exchange: PlainExchange) -> None:
        self.exchange = exchange

    def close(self, markets: list[Market]) -> None:
        """Close the markets whose session ends now."""
        now = self.exchange.now
        for market in markets:
            if any(closing == now for _, closing in market.sessions):
                stays_open = any(opening == now for opening, _ in market.sessions)
                for order in self.exchange.orders_in(market):
                    on_its_way = "flight" in (order.place, order.parent.place if order.parent else "")
                    is_for_the_next = on_its_way or order.sent == now
                    if not order.is_final and not is_for_the_next:
                        self._close_for(order, stays_open=stays_open)
                self.exchange.tell()

    def _close_for(self, order: PlainOrder, *, stays_open: bool) -> None:
        exchange, kind = self.exchange, order.order.time_in_force
        if kind is AT_CLOSE and order.place == "held":
            if order.since < (exchange.now, CLOSES):
                self._trade_close(order)
        elif kind is DAY or (kind is AT_OPEN and order.place == "market"):
            exchange.end(order, "expired")
        elif order.place == "market" and not stays_open and not order.order.outside_hours:
            order.place, order.turn = "held", exchange.next_turn()

    def _trade_close(self, order: PlainOrder) -> None:
        """Trade in full at the last price of the session, if there was a trade in it since the order came."""
        exchange, contract = self.exchange, order.market
        assert isinstance(contract, PlainContract)
        last = contract.last_bar(exchange.now)
        since = max(order.since[0], contract.opening_of(exchange.now))
        has_traded = last is not None and last.end > since
        beyond = last is not None and order.limit is not None and (last.close - order.limit) * order.side > 0
        lots = exchange.fillable(order) if has_traded and not beyond else 0
        if last is None or not lots:
            exchange.end(order, "cancelled")
        else:
            order.filled += lots
            exchange.trade(order, contract, 0, lots * order.side, last.close, last)
            exchange.after_fill(order)

    def open(self, markets: list[Market]) -> None:
        """Let held orders take part where a session begins now, in the bars that begin from now on."""
        exchange = self.exchange
        for market in markets:
            if any(opening == exchange.now for opening, _ in market.sessions):
                held = [one for one in exchange.orders_in(market) if one.place == "held"]
                for order in sorted(held, key=lambda one: one.turn):
                    if order.order.time_in_force is not AT_CLOSE:
                        order.since, order.turn = exchange.clock.here(), exchange.next_turn()
                        exchange.place(order)

    def expire(self, markets: list[Market]) -> None:
        """End the contracts that end now: their orders expire, their open lots settle in cash."""
        exchange = self.exchange
        for contract in [one for one in markets if isinstance(one, PlainContract) and one.expiry == exchange.now]:
            contract.expired = True
            for order in exchange.all_orders():
                if order.place != "flight" and any(leg is contract for leg, _ in exchange.lots_left(order)):
                    exchange.end(order, "expired")
            last = contract.last_price(exchange.now)
            price = last if contract.settlement is None else contract.settlement
            for account in exchange.accounts.values():
                if price is not None and account.holdings[contract].lots:
                    account.book(contract, -account.holdings[contract].lots, price, price * 0)
