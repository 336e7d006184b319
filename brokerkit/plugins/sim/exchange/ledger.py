"""Accounts, their cash in each currency, and their holdings. Exact to the last digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange.units import MONEY_DECIMALS, MONEY_SCALE, PRICE_DECIMALS, plain, rounded_division

if TYPE_CHECKING:
    from decimal import Decimal

    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder

_PAIR_VALUE = 10 ** (MONEY_DECIMALS - PRICE_DECIMALS)


class Cash:
    """One currency of one account, in money units: deposits, realised profit, commission and conversions."""

    __slots__ = ("commission", "converted", "currency", "deposited", "realised")

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.deposited = 0
        self.realised = 0
        self.converted = 0
        self.commission = 0

    @property
    def balance(self) -> int:
        """The current balance: deposited + realised + converted - commission."""
        return self.deposited + self.realised + self.converted - self.commission


class Account:
    """An account: a name, a base currency, its cash, and its holdings in the order in which they were first used.

    Attributes:
        base_cash: Its cash in the base currency.
        valued_at: The instant at which `profit`, `initial` and `maintenance` were calculated; see `valuation`.
        worth: The result of `value_in_base` at that instant; None until it is requested.
        changed: Holdings traded or ordered since then, as keys.
        open: Holdings with open lots, as keys, in the order in which they were opened.
        is_due: Whether its margin must be checked before the clock moves on.
        is_watched: Whether it held anything that needs margin at the last check, or when it was restored.
    """

    __slots__ = (
        "base_cash", "base_currency", "cash", "changed", "holdings", "initial", "is_due", "is_watched", "liquidating",
        "maintenance", "name", "number", "open", "profit", "valued_at", "worth",
    )  # fmt: skip

    def __init__(self, number: int, name: str, base_currency: str) -> None:
        self.number = number
        self.name = name
        self.base_currency = base_currency
        self.cash: dict[str, Cash] = {}
        self.base_cash = self.in_currency(base_currency)
        self.holdings: list[Holding] = []
        self.liquidating: list[LiveOrder] = []
        self.valued_at = -1
        self.worth: int | None = None
        self.changed: dict[Holding, None] = {}
        self.open: dict[Holding, None] = {}
        self.is_due = self.is_watched = False
        self.profit = self.initial = self.maintenance = 0

    def in_currency(self, currency: str) -> Cash:
        """Return the account's cash in one currency, starting at zero if it is new."""
        found = self.cash.get(currency)
        if found is None:
            found = self.cash[currency] = Cash(currency)
        return found


class Holding:
    """One account's holding of one contract.

    `cost` is the sum of lots times price times what a price unit of the contract is worth, in money units.

    Attributes:
        guard: The price at which the account's margin must be checked again.
        is_foreign: Whether its currency differs from the account's base currency.
        mark: The price at which it was last valued; None before the first.
        working_buys: Unfilled lots of buy orders.
        working_sells: Unfilled lots of sell orders.
    """

    __slots__ = (
        "account", "base", "cash", "contract", "cost", "currency", "guard", "initial", "is_foreign",
        "listing", "lots", "maintenance", "mark", "profit", "realised", "working_buys", "working_sells",
    )  # fmt: skip

    def __init__(self, account: Account, listing: Listing) -> None:
        self.account = account
        self.listing = listing
        self.contract = listing.contract
        self.currency = listing.terms.currency
        self.is_foreign = self.currency != account.base_currency
        self.lots = 0
        self.cost = 0
        self.realised = 0
        self.guard: int | None = None
        self.mark: int | None = None
        self.working_buys = 0
        self.working_sells = 0
        self.profit = self.initial = self.maintenance = 0
        self.cash = account.in_currency(listing.terms.currency)
        self.base = account.in_currency(listing.base_currency) if listing.base_currency else None

    def note_change(self) -> None:
        """Mark the holding for revaluation before the account's value is next requested."""
        self.account.changed[self] = None

    def count_working(self, lots: int, side: int) -> None:
        """Add signed lots to the unfilled quantity of one side's working orders."""
        if side > 0:
            self.working_buys += lots
        else:
            self.working_sells -= lots
        self.note_change()

    def book(self, quantity: int, price: int, commission: int) -> None:
        """Book a trade of signed lots at a price."""
        self.account.changed[self] = None
        if commission:
            self.cash.commission += commission
        if self.base is not None:
            self.base.converted += quantity * MONEY_SCALE
            self.cash.converted -= quantity * price * _PAIR_VALUE
            return
        lots = self.lots
        after = lots + quantity
        worth = price * self.listing.value
        if not lots:
            self.hold(quantity, quantity * worth)
        elif not after:
            self._realise(-self.cost - quantity * worth)
            self.lots = self.cost = 0
            del self.account.open[self]
        elif (lots > 0) is (quantity > 0):
            self.lots = after
            self.cost += quantity * worth
        elif (after > 0) is (lots > 0):
            self._reduce(quantity, worth)
        else:
            self._realise(lots * worth - self.cost)
            self.lots, self.cost = after, after * worth

    def hold(self, lots: int, cost: int) -> None:
        """Set lots and cost where nothing was held before."""
        self.lots, self.cost = lots, cost
        self.account.open[self] = None

    def correct(self, quantity: int, price: int, right_price: int) -> None:
        """Correct the price of a booked trade: open lots through their cost, the rest through realised profit."""
        self.note_change()
        difference = right_price - price
        if self.base is not None:
            self.cash.converted -= quantity * difference * _PAIR_VALUE
            return
        held = max(min(self.lots, quantity), 0) if quantity > 0 else min(max(self.lots, quantity), 0)
        worth = difference * self.listing.value
        self.cost += held * worth
        self._realise((held - quantity) * worth)

    def _reduce(self, quantity: int, worth: int) -> None:
        """Close a part: its share of the cost is rounded to a money unit; the remainder keeps the rest."""
        closed_cost = rounded_division(self.cost * abs(quantity), abs(self.lots))
        self._realise(-quantity * worth - closed_cost)
        self.lots += quantity
        self.cost -= closed_cost

    def _realise(self, money: int) -> None:
        self.realised += money
        self.cash.realised += money

    def unrealised(self, mark: int | None) -> int:
        """Return what closing at a price would realise, in money units."""
        return 0 if mark is None else self.lots * mark * self.listing.value - self.cost

    @property
    def average_price(self) -> Decimal | None:
        """The volume-weighted entry price, rounded at the twelfth decimal; None if flat."""
        if not self.lots:
            return None
        scaled = rounded_division(self.cost * 10**4 * (1 if self.lots > 0 else -1), abs(self.lots) * self.listing.value)
        return plain(scaled, PRICE_DECIMALS + 4)
