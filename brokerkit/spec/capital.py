"""The capital domain: accounts and their values."""

from __future__ import annotations

import enum
from typing import Protocol

import attrs

from brokerkit.spec.hooks import hook
from brokerkit.spec.money import Money


class AccountKind(enum.Enum):
    """Whether money is at stake, as the broker itself reports it.

    Attributes:
        SIMULATED: A simulation: no money exists.
        PAPER: Play money at a broker.
        LIVE: Real money.
    """

    SIMULATED = "simulated"
    PAPER = "paper"
    LIVE = "live"


@attrs.frozen
class Account:
    """An account at the broker.

    Attributes:
        account_id: The broker's name for it.
        kind: Whether money is at stake.
        base_currency: ISO 4217 code of the currency in which the broker reports totals.
    """

    account_id: str
    kind: AccountKind
    base_currency: str


class Capital(Protocol):
    """Accounts and their values by currency, without conversion."""

    @hook(paced=True)
    def get_list_of_accounts(self) -> list[Account]:
        """Return the accounts that this connection can see, the default one first.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.capital.get_list_of_accounts()[0].kind.value
            'simulated'
        """
        ...

    @hook(paced=True)
    def get_account_value_across_currency_across_accounts(self) -> list[Money]:
        """Return the net liquidation value of all accounts together, one amount per currency.

        Cash plus unrealised profit of open positions, in alphabetical order of currency.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     [str(value) for value in broker.capital.get_account_value_across_currency_across_accounts()]
            ['1,000,000 USD']
        """
        ...

    @hook(paced=True)
    def get_account_value_across_currency(self, account: str = "") -> list[Money]:
        """Return the net liquidation value of one account, one amount per currency.

        Args:
            account: The account's id; empty for the broker's default account.

        Raises:
            MissingAccount: No such account.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     [str(value) for value in broker.capital.get_account_value_across_currency()]
            ['1,000,000 USD']
        """
        ...

    @hook(paced=True)
    def get_excess_liquidity_value_across_currency(self, account: str = "") -> list[Money]:
        """Return what is left above the maintenance margin, one amount per currency.

        Margin in use is the account value minus this.

        Args:
            account: The account's id; empty for the broker's default account.

        Raises:
            MissingAccount: No such account.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     [str(value) for value in broker.capital.get_excess_liquidity_value_across_currency()]
            ['1,000,000 USD']
        """
        ...
