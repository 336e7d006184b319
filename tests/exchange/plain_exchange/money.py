"""Accounts: cash in each currency, positions at average cost, what they are worth and what margin they need."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from brokerkit.spec.contract import FxPair

if TYPE_CHECKING:
    from plain_exchange.contract import PlainContract
    from plain_exchange.exchange import PlainExchange
    from plain_exchange.order import PlainOrder

_MONEY = 10**12


class NoRateError(Exception):
    """Nothing says what a currency is worth in another."""


@dataclass
class PlainCash:
    """Where the money of one currency came from."""

    deposited: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    converted: Fraction = Fraction(0)
    commission: Fraction = Fraction(0)

    @property
    def balance(self) -> Fraction:
        """What is there."""
        return self.deposited + self.realised + self.converted - self.commission


@dataclass
class PlainHolding:
    """Signed lots, and what they cost: lots times price."""

    lots: int = 0
    cost: Fraction = Fraction(0)


@dataclass(eq=False)
class PlainAccount:
    """One account."""

    name: str
    base: str
    cash: dict[str, PlainCash] = field(default_factory=lambda: defaultdict(PlainCash))
    holdings: dict[PlainContract, PlainHolding] = field(default_factory=lambda: defaultdict(PlainHolding))
    liquidation: list[PlainOrder] = field(default_factory=list)
    traded: set[PlainContract] = field(default_factory=set)

    def book(self, contract: PlainContract, lots: int, price: Fraction, commission: Fraction) -> None:
        """Take in a trade of signed lots."""
        cash = self.cash[contract.currency]
        cash.commission += commission
        if contract.base is not None:
            self.cash[contract.base].converted += lots
            cash.converted -= lots * price
            return
        held = self.holdings[contract]
        closing = 0 if held.lots * lots >= 0 else min(abs(lots), abs(held.lots))
        if closing:
            share = Fraction(round(held.cost * contract.point * closing / abs(held.lots) * _MONEY), _MONEY)
            sold_for = price * (closing if held.lots > 0 else -closing)
            cash.realised += sold_for * contract.point - share
            held.cost -= share / contract.point
            held.lots += closing if lots > 0 else -closing
        opening = (abs(lots) - closing) * (1 if lots > 0 else -1)
        held.lots += opening
        held.cost += opening * price

    def correct(self, contract: PlainContract, lots: int, wrong: Fraction, right: Fraction) -> None:
        """Let a trade count at another price: in the cost of as many of its lots as are held, the rest as profit."""
        held, side = self.holdings[contract], 1 if lots > 0 else -1
        if contract.base is not None:
            self.cash[contract.currency].converted -= lots * (right - wrong)
            return
        of_it = min(abs(lots), abs(held.lots)) if held.lots * lots > 0 else 0
        held.cost += side * of_it * (right - wrong)
        self.cash[contract.currency].realised -= side * (abs(lots) - of_it) * (right - wrong) * contract.point


class Counting:
    """What an account is worth and needs, counted anew from everything it holds, each time anybody asks."""

    def __init__(self, exchange: PlainExchange) -> None:
        self.exchange = exchange

    def in_base(self, account: PlainAccount, currency: str, amount: Fraction) -> Fraction:
        """Return an amount in the account's base currency at the last rate, rounded down at the twelfth decimal."""
        if currency == account.base or not amount:
            return amount
        for code, turned in ((currency + account.base, False), (account.base + currency, True)):
            pair = self.exchange.contracts.get(FxPair(code))
            rate = None if pair is None else pair.last_price(self.exchange.now)
            if rate:
                return Fraction(floor((amount / rate if turned else amount * rate) * _MONEY), _MONEY)
        raise NoRateError

    def unrealised(self, account: PlainAccount, contract: PlainContract) -> Fraction:
        """Return what closing a position at the last price would bring."""
        held, mark = account.holdings[contract], contract.last_price(self.exchange.now)
        return Fraction(0) if mark is None else (held.lots * mark - held.cost) * contract.point

    def values(self, account: PlainAccount) -> dict[str, Fraction]:
        """Return cash and unrealised profit by currency."""
        found = {currency: cash.balance for currency, cash in account.cash.items()}
        for contract in list(account.holdings):
            found[contract.currency] = found.get(contract.currency, Fraction(0)) + self.unrealised(account, contract)
        return found

    def worth(self, account: PlainAccount) -> Fraction:
        """Return cash and unrealised profit in the base currency."""
        cash = (self.in_base(account, currency, cash.balance) for currency, cash in account.cash.items())
        return sum(cash, Fraction(0)) + self.profit(account)

    def profit(self, account: PlainAccount) -> Fraction:
        """Return unrealised profit in the base currency."""
        parts = ((contract.currency, self.unrealised(account, contract)) for contract in list(account.holdings))
        return sum((self.in_base(account, *part) for part in parts), Fraction(0))

    def working(self, account: PlainAccount, contract: PlainContract, side: int) -> int:
        """Return the lots of a contract that working orders of one side may still trade."""
        lots = 0
        for order in self.exchange.orders.values():
            if order.account is account and order.place in ("held", "market") and not order.is_final:
                lots += sum(
                    abs(share) for leg, share in self.exchange.lots_left(order) if leg is contract and share * side > 0
                )
        return lots

    def worst(self, account: PlainAccount, contract: PlainContract, more: int = 0) -> int:
        """Return the largest position that can come of working orders and one more order."""
        lots = account.holdings[contract].lots
        most = lots + self.working(account, contract, 1) + max(more, 0)
        least = lots - self.working(account, contract, -1) + min(more, 0)
        return max(most, -least)

    def initial(self, account: PlainAccount) -> Fraction:
        """Return the initial margin of open lots and working orders at their worst."""
        return sum(
            (
                self.in_base(account, contract.currency, self.worst(account, contract) * contract.initial)
                for contract in self.exchange.contracts.values()
            ),
            Fraction(0),
        )

    def kept(self, account: PlainAccount, contract: PlainContract) -> Fraction:
        """Return the maintenance margin of one position."""
        money = abs(account.holdings[contract].lots) * contract.maintenance
        return self.in_base(account, contract.currency, money)

    def maintenance(self, account: PlainAccount) -> Fraction:
        """Return the maintenance margin of open lots."""
        return sum((self.kept(account, contract) for contract in list(account.holdings)), Fraction(0))
