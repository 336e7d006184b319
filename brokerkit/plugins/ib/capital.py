"""The capital domain at IB: accounts and their values."""

from __future__ import annotations

from collections.abc import Iterable

from brokerkit.errors import MissingAccount, MissingData
from brokerkit.plugins.ib.clients.accounting import AccountFigure, AccountingClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.logins import kind_of
from brokerkit.spec.capital import Account, Capital
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import Money


class IBCapital(Capital):
    """Account values as IB reports them, in the currencies that it reports them in."""

    def __init__(self, client: AccountingClient) -> None:
        self.ib_client = client

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self.ib_client.ib_connection

    @hookimpl
    def get_list_of_accounts(self) -> list[Account]:
        """Return the accounts of this login, the default one first."""
        figures = self.ib_client.figures()
        default = self.ibconnection.settings.account
        accounts = sorted(self.ibconnection.accounts, key=lambda account: account != default)
        return [Account(account, kind_of(account), _base_currency(figures, account)) for account in accounts]

    @hookimpl
    def get_account_value_across_currency_across_accounts(self) -> list[Money]:
        """Return the net liquidation value of all accounts together, one amount per currency."""
        return _by_currency(self._net_liquidation(self.ib_client.figures(), self.ibconnection.accounts))

    @hookimpl
    def get_account_value_across_currency(self, account: str = "") -> list[Money]:
        """Return the net liquidation value of one account, one amount per currency."""
        return _by_currency(self._net_liquidation(self.ib_client.figures(), [self.account_id(account)]))

    @hookimpl
    def get_excess_liquidity_value_across_currency(self, account: str = "") -> list[Money]:
        """Return the excess over the maintenance margin, one amount per currency."""
        wanted = self.account_id(account)
        figures = [each for each in self.ib_client.figures() if each.account == wanted]
        return _by_currency(_tagged(figures, "FullExcessLiquidity") or _tagged(figures, "ExcessLiquidity"))

    def cash(self, account: str) -> list[Money]:
        """Return the cash of an account in each currency, in alphabetical order.

        IB counts the gains of open futures since their last settlement as cash; they are subtracted here.

        Raises:
            MissingAccount: This login has no such account.
        """
        wanted = self.account_id(account)
        figures = [each for each in self.ib_client.figures() if each.account == wanted]
        cash = _tagged(figures, "CashBalance") or _tagged(figures, "TotalCashBalance")
        return _by_currency([*cash, *(-gain for gain in _tagged(figures, "FuturesPNL"))])

    def account_id(self, account: str) -> str:
        """Return an account's id, or the default account's if it is empty.

        Raises:
            MissingAccount: This login has no such account, or none is given although there are several.
        """
        accounts = self.ibconnection.accounts
        wanted = account or self.ibconnection.settings.account
        if not wanted and len(accounts) == 1:
            return accounts[0]
        if wanted not in accounts:
            fact = f"This login has no account {wanted!r}: it has" if wanted else "No account is given; this login has"
            raise MissingAccount(
                f"{fact} {', '.join(accounts)}.",
                given=wanted,
                candidates=accounts,
                remedy="Name one of them, or set `account` for this broker in brokerkit.toml.",
            )
        return wanted

    def _net_liquidation(self, figures: Iterable[AccountFigure], accounts: Iterable[str]) -> list[Money]:
        """Return the value in each currency where IB reports it, otherwise the total in the base currency."""
        values: list[Money] = []
        for account in accounts:
            own = [each for each in figures if each.account == account]
            values += _tagged(own, "NetLiquidationByCurrency") or _tagged(own, "NetLiquidation")
        return values


def _tagged(figures: Iterable[AccountFigure], tag: str) -> list[Money]:
    """Return the amounts under a tag, without IB's total in the base currency, which would count them twice."""
    found = []
    for each in figures:
        amount = price_from(each.value) if each.tag == tag and len(each.currency) == 3 else None
        if amount is not None:
            found.append(Money(each.currency, amount))
    return found


def _by_currency(values: Iterable[Money]) -> list[Money]:
    totals: dict[str, Money] = {}
    for value in values:
        totals[value.currency] = totals.get(value.currency, Money(value.currency, 0)) + value
    if not totals:
        raise MissingData("IB reported no account value.")
    return [totals[currency] for currency in sorted(totals)]


def _base_currency(figures: Iterable[AccountFigure], account: str) -> str:
    found = _tagged([each for each in figures if each.account == account], "NetLiquidation")
    if not found:
        raise MissingData(f"IB does not report the base currency of {account}.")
    return found[0].currency
