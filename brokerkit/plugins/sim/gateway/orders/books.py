"""What accounts hold, and what it has brought, as IB counts: commission is part of what is paid and of what is earned.

The exchange keeps commission apart. An account is worth the same either way.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.plugins.sim.gateway.contracts.listed import Listed

Key = tuple[str, int]
"""An account, and IB's id of a contract."""

_NOTHING = Decimal(0)


@attrs.frozen
class Held:
    """What an account holds of one contract.

    Attributes:
        lots: Signed.
        price: What they cost on average, quoted.
        commission: What it cost to open them; it leaves with them.
    """

    listed: Listed
    lots: int = 0
    price: Decimal = _NOTHING
    commission: Decimal = _NOTHING


@attrs.define
class Books:
    """What is held and what was realised since the day began, in each contract's currency, followed trade by trade."""

    _held: dict[Key, Held] = attrs.field(factory=dict, init=False)
    _today: dict[Key, Decimal] = attrs.field(factory=dict, init=False)
    _by_currency: dict[tuple[str, str], Decimal] = attrs.field(factory=dict, init=False)

    def begin(self, account: str, listed: Listed, lots: int, price: Decimal) -> None:
        """Take in what was held before there was anything to follow; nobody knows what opening it cost."""
        self._held[account, listed.con_id] = Held(listed, lots, price)

    def trade(
        self, account: str, listed: Listed, quantity: int, price: Decimal, commission: Decimal = _NOTHING
    ) -> Decimal | None:
        """Take in a trade; return what it realised, both commissions taken off, or None if it closed nothing."""
        key = (account, listed.con_id)
        held = self._held.get(key, Held(listed))
        closed = self.closed_by(account, listed, quantity)
        opening = commission * (abs(quantity) - closed) / abs(quantity)
        left = held.lots + quantity
        if not closed:
            average = (held.lots * held.price + quantity * price) / left
            self._held[key] = Held(listed, left, average, held.commission + opening)
            return None
        opened_for = held.commission * closed / abs(held.lots)
        if left * held.lots > 0:
            self._held[key] = attrs.evolve(held, lots=left, commission=held.commission - opened_for)
        elif left:
            self._held[key] = Held(listed, left, price, opening)
        else:
            del self._held[key]
        side = 1 if held.lots > 0 else -1
        profit = side * closed * (price - held.price) * listed.terms.point_value
        return self._realise(key, listed, profit - opened_for - (commission - opening))

    def settle(self, account: str, listed: Listed, price: Decimal) -> None:
        """Close what is held of a contract that has ended; it costs nothing."""
        held = self._held.get((account, listed.con_id))
        if held is not None:
            self.trade(account, listed, -held.lots, price)

    def closed_by(self, account: str, listed: Listed, quantity: int) -> int:
        """Return how many lots of what is held a trade would close."""
        held = self._held.get((account, listed.con_id), Held(listed))
        return min(abs(held.lots), abs(quantity)) if held.lots * quantity < 0 else 0

    def correct(self, account: str, listed: Listed, quantity: int, closed: int, change: Decimal) -> Decimal:
        """Let a trade that was taken in count at another price; return what that adds to what it realised.

        Args:
            account: Whose it is.
            listed: What was traded.
            quantity: Signed lots.
            closed: How many of them closed something; the others count on what is held, or as profit if that is gone.
            change: By how much the price is higher.
        """
        key = (account, listed.con_id)
        held = self._held.get(key, Held(listed))
        side = 1 if quantity > 0 else -1
        opened = quantity - side * closed
        profit = -change * side * closed * listed.terms.point_value
        if held.lots * opened > 0 and abs(held.lots) >= abs(opened):
            self._held[key] = attrs.evolve(held, price=held.price + change * opened / held.lots)
            opened = 0
        self._realise(key, listed, profit - change * opened * listed.terms.point_value)
        return profit

    def _realise(self, key: Key, listed: Listed, profit: Decimal) -> Decimal:
        self._today[key] = self._today.get(key, _NOTHING) + profit
        if listed.is_future:
            owner = (key[0], listed.terms.currency)
            self._by_currency[owner] = self._by_currency.get(owner, _NOTHING) + profit
        return profit

    # What there is

    def opening_commission(self, account: str, con_id: int) -> float:
        """Return what it cost to open a lot of what is held of a contract; below zero if lots are owed."""
        held = self._held.get((account, con_id))
        return 0.0 if held is None else float(held.commission / held.lots)

    def opening_commissions(self, account: str, currency: str) -> Decimal:
        """Return what it cost to open all futures that an account holds and that are paid in a currency."""
        return sum(
            (
                held.commission
                for (owner, _), held in self._held.items()
                if owner == account and held.listed.is_future and held.listed.terms.currency == currency
            ),
            _NOTHING,
        )

    def realised(self, account: str, con_id: int) -> float | None:
        """Return what a contract has realised in an account since the day began; None if it has realised nothing."""
        found = self._today.get((account, con_id))
        return None if found is None else round(float(found), 6)

    def realised_in(self, account: str, currency: str) -> Decimal:
        """Return what an account's futures in a currency have realised since the day began."""
        return self._by_currency.get((account, currency), _NOTHING)

    def new_day(self) -> None:
        """Count from nothing again; what is held stays held."""
        self._today.clear()
        self._by_currency.clear()
