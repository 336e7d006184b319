"""Margin calls: when they must come, and what they must close."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from brokerkit.spec.order import Order, TimeInForce
from plain_exchange.money import NoRateError, PlainAccount

if TYPE_CHECKING:
    from plain_exchange.contract import PlainContract
    from plain_exchange.exchange import PlainExchange


class Calls:
    """Looks at accounts, and calls those that are worth less than the maintenance margin of what they hold."""

    def __init__(self, exchange: PlainExchange) -> None:
        self.exchange = exchange

    def look_at(self, accounts: Iterable[PlainAccount]) -> None:
        """Look at accounts, in the order in which they were opened."""
        for account in list(accounts):
            held = [one for one, what in account.holdings.items() if what.lots and one.maintenance]
            if held and all(order.is_final for order in account.liquidation):
                try:
                    self._look(account, held)
                except NoRateError:
                    continue

    def _look(self, account: PlainAccount, held: list[PlainContract]) -> None:
        count = self.exchange.count
        worth, needed = count.worth(account), count.maintenance(account)
        if worth >= needed:
            return
        for order in list(self.exchange.orders.values()):
            if order.account is account:
                self.exchange.end(order, "cancelled")
        account.liquidation = []
        kept = {contract: count.kept(account, contract) for contract in held}
        for contract in sorted(held, key=lambda one: (-kept[one], one.number)):
            if needed <= worth:
                break
            needed -= kept[contract]
            self._close(account, contract)

    def _close(self, account: PlainAccount, contract: PlainContract) -> None:
        """Send an order that closes a position, and can do no more than that."""
        lots = -account.holdings[contract].lots
        order = Order.market(contract.spec, lots, account=account.name, time_in_force=TimeInForce.GTC, reduce_only=True)
        placed = self.exchange.entry.taken_in(order, account)
        self.exchange.begin(placed)
        account.liquidation.append(placed)
