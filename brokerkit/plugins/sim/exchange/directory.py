"""What an exchange knows: contracts, accounts, and exchange rates."""

from __future__ import annotations

from brokerkit.errors import MissingAccount, MissingContract
from brokerkit.plugins.sim.exchange import valuation
from brokerkit.plugins.sim.exchange.ledger import Account
from brokerkit.plugins.sim.exchange.listing import Listing
from brokerkit.spec.contract import FuturesContract, FxPair


class Directory:
    """Contracts and accounts by name, at the clock's time.

    Attributes:
        now: The clock's time, nanoseconds since 1970 UTC.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.listings: dict[FuturesContract | FxPair, Listing] = {}
        self.accounts: dict[str, Account] = {}
        self.default_account: Account | None = None
        self._last_listing: Listing | None = None

    def listing_of(self, contract: FuturesContract | FxPair) -> Listing:
        """Return a contract's listing.

        Raises:
            MissingContract: It is not listed.
        """
        last = self._last_listing
        if last is not None and last.contract is contract:
            return last
        found = self.listings.get(contract)
        if found is None:
            raise MissingContract(
                f"{contract} is not listed on the exchange.", given=str(contract), candidates=map(str, self.listings)
            )
        self._last_listing = found
        return found

    def account_of(self, name: str) -> Account:
        """Return an account by name; the first account for an empty name.

        Raises:
            MissingAccount: No such account.
        """
        found = self.accounts.get(name) if name else self.default_account
        if found is None:
            raise MissingAccount(
                f"No account {name!r}.",
                given=name,
                candidates=self.accounts,
                remedy=f"The accounts are {', '.join(self.accounts)}." if self.accounts else "Add one first.",
            )
        return found

    def rate(self, currency: str, base: str) -> tuple[int, bool]:
        """Return the last price of two currencies' pair in units, and whether it is inverted.

        Raises:
            MissingFxCode: Neither pair is listed, or neither has a price yet.
        """
        for code, inverse in ((currency + base, False), (base + currency, True)):
            listing = self.listings.get(FxPair(code))
            price = None if listing is None else listing.last_price(self.now)
            if price:
                return price, inverse
        raise valuation.missing_rate(currency, base)

    def revalue(self) -> None:
        """Revalue every account: prices changed while the clock stood still."""
        for account in self.accounts.values():
            account.valued_at = -1
