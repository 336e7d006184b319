"""Positions and realised profit by IB's accounting: average cost and profit include commission.

The exchange accounts for commission separately. An account's total value is the same either way.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.plugins.sim.gateway.contracts.listed import Listed

Key = tuple[str, int]
"""An account and a contract id."""

_ZERO = Decimal(0)


@attrs.frozen
class Held:
    """An account's position in one contract.

    Attributes:
        lots: Signed.
        price: Their average price, in quoted units.
        commission: The commission paid to open them; closing lots takes its share.
    """

    listed: Listed
    lots: int = 0
    price: Decimal = _ZERO
    commission: Decimal = _ZERO


@attrs.define
class Books:
    """Positions and the day's realised profit, in each contract's currency, updated trade by trade."""

    _held: dict[Key, Held] = attrs.field(factory=dict, init=False)
    _realised_today: dict[Key, Decimal] = attrs.field(factory=dict, init=False)
    _by_currency: dict[tuple[str, str], Decimal] = attrs.field(factory=dict, init=False)

    def begin(self, account: str, listed: Listed, lots: int, price: Decimal) -> None:
        """Record a position that existed before the first trade; its opening commission is unknown."""
        self._held[account, listed.con_id] = Held(listed, lots, price)

    def trade(
        self, account: str, listed: Listed, quantity: int, price: Decimal, commission: Decimal = _ZERO
    ) -> Decimal | None:
        """Record a trade; return its realised profit, net of both commissions, or None if it closed nothing."""
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
        """Close the position in an expired contract, without commission."""
        held = self._held.get((account, listed.con_id))
        if held is not None:
            self.trade(account, listed, -held.lots, price)

    def closed_by(self, account: str, listed: Listed, quantity: int) -> int:
        """Return how many lots of the position a trade would close."""
        held = self._held.get((account, listed.con_id), Held(listed))
        return min(abs(held.lots), abs(quantity)) if held.lots * quantity < 0 else 0

    def correct(self, account: str, listed: Listed, quantity: int, closed: int, change: Decimal) -> Decimal:
        """Correct the price of a recorded trade; return the change in its realised profit.

        Args:
            account: The account that traded.
            listed: The contract traded.
            quantity: Signed lots.
            closed: How many of them closed lots; the rest changes the position's price, or profit if that is closed.
            change: The correct price minus the recorded one.
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
        self._realised_today[key] = self._realised_today.get(key, _ZERO) + profit
        if listed.is_future:
            owner = (key[0], listed.terms.currency)
            self._by_currency[owner] = self._by_currency.get(owner, _ZERO) + profit
        return profit

    # Queries

    def opening_commission(self, account: str, con_id: int) -> float:
        """Return the opening commission per lot of a position; negative for a short position."""
        held = self._held.get((account, con_id))
        return 0.0 if held is None else float(held.commission / held.lots)

    def opening_commissions(self, account: str, currency: str) -> Decimal:
        """Return the opening commission of an account's futures positions in one currency."""
        return sum(
            (
                held.commission
                for (owner, _), held in self._held.items()
                if owner == account and held.listed.is_future and held.listed.terms.currency == currency
            ),
            _ZERO,
        )

    def realised(self, account: str, con_id: int) -> float | None:
        """Return the day's realised profit of a contract in an account; None if there is none."""
        found = self._realised_today.get((account, con_id))
        return None if found is None else round(float(found), 6)

    def realised_in(self, account: str, currency: str) -> Decimal:
        """Return the day's realised profit of an account's futures in one currency."""
        return self._by_currency.get((account, currency), _ZERO)

    def new_day(self) -> None:
        """Reset the realised profit; positions are kept."""
        self._realised_today.clear()
        self._by_currency.clear()
