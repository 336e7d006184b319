"""The seven domains together: what a strategy, and a middleware, can call."""

from __future__ import annotations

from typing import Protocol, get_type_hints

from brokerkit.spec.capital import Capital
from brokerkit.spec.contracts import Contracts
from brokerkit.spec.fx import Fx
from brokerkit.spec.hooks import HookFacts, hooks_of
from brokerkit.spec.instruments import Instruments
from brokerkit.spec.orders import Orders
from brokerkit.spec.positions import Positions
from brokerkit.spec.prices import Prices


class Domains(Protocol):
    """Anything with the seven domains: an opened broker."""

    @property
    def fx(self) -> Fx:
        """Exchange rates, currency balances and currency orders."""
        ...

    @property
    def prices(self) -> Prices:
        """Bars, quotes and ticks."""
        ...

    @property
    def contracts(self) -> Contracts:
        """Contract chains and the facts of contracts."""
        ...

    @property
    def instruments(self) -> Instruments:
        """What can be traded, and under which codes."""
        ...

    @property
    def capital(self) -> Capital:
        """Accounts and what they are worth."""
        ...

    @property
    def orders(self) -> Orders:
        """Orders for futures contracts."""
        ...

    @property
    def positions(self) -> Positions:
        """What is held."""
        ...


def _domains() -> dict[str, type]:
    properties = {name: member for name, member in vars(Domains).items() if isinstance(member, property)}
    return {name: get_type_hints(member.fget)["return"] for name, member in properties.items()}


DOMAINS: dict[str, type] = _domains()
"""The Protocol of each domain, by the attribute that offers it."""

CONTRACT: dict[str, HookFacts] = {
    name: facts for domain in DOMAINS.values() for name, facts in hooks_of(domain).items()
}
"""Every hook that a broker implements or declines, by name."""
