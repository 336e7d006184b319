"""The capital domain at IB: accounts, and what they are worth."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

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
        """Return the accounts that this login may see, the default one first."""
        figures = self.ib_client.figures()
        default = self.ibconnection.settings.account
        accounts = sorted(self.ibconnection.accounts, key=lambda account: account != default)
        return [Account(account, kind_of(account), _base_currency(figures, account)) for account in accounts]

    @hookimpl
    def get_account_value_across_currency_across_accounts(self) -> list[Money]:
        """Return the net liquidation value of all accounts together, one amount a currency."""
        return _by_currency(self._net_liquidation(self.ib_client.figures(), self.ibconnection.accounts))

    @hookimpl
    def get_account_value_across_currency(self, account: str = "") -> list[Money]:
        """Return the net liquidation value of one account, one amount a currency."""
        return _by_currency(self._net_liquidation(self.ib_client.figures(), [self.account_id(account)]))

    @hookimpl
    def get_excess_liquidity_value_across_currency(self, account: str = "") -> list[Money]:
        """Return what is left above the maintenance margin, one amount a currency."""
        wanted = self.account_id(account)
        figures = [each for each in self.ib_client.figures() if each.account == wanted]
        return _by_currency(_tagged(figures, "FullExcessLiquidity") or _tagged(figures, "ExcessLiquidity"))

    def cash(self, account: str) -> list[Money]:
        """Return the cash of an account in each currency, in alphabetical order.

        IB counts to the cash what open futures have gained since they were settled last; here it is taken off.

        Raises:
            MissingAccount: No such account.
        """
        wanted = self.account_id(account)
        figures = [each for each in self.ib_client.figures() if each.account == wanted]
        cash = _tagged(figures, "CashBalance") or _tagged(figures, "TotalCashBalance")
        return _by_currency([*cash, *(-gain for gain in _tagged(figures, "FuturesPNL"))])

    def account_id(self, account: str) -> str:
        """Return an account's id, the default one for an empty one.

        Raises:
            MissingAccount: This login has no such account, or none is given where there are several.
        """
        accounts = self.ibconnection.accounts
        wanted = account or self.ibconnection.settings.account
        if not wanted and len(accounts) == 1:
            return accounts[0]
        if wanted not in accounts:
            fact = f"No account {wanted!r} in this login" if wanted else "None of several accounts is named"
            raise MissingAccount(
                f"{fact}: it has {', '.join(accounts)}.",
                given=wanted,
                candidates=accounts,
                remedy="Name one, or set `account` for the broker.",
            )
        return wanted

    def _net_liquidation(self, figures: Iterable[AccountFigure], accounts: Iterable[str]) -> list[Money]:
        """Return each currency's own value where IB tells it, else the whole in the base currency."""
        values: list[Money] = []
        for account in accounts:
            own = [each for each in figures if each.account == account]
            values += _tagged(own, "NetLiquidationByCurrency") or _tagged(own, "NetLiquidation")
        return values


def _tagged(figures: Iterable[AccountFigure], tag: str) -> list[Money]:
    """Return the amounts under a tag; IB's total in the base currency would count them twice."""
    found = []
    for each in figures:
        amount = price_from(each.value) if each.tag == tag and len(each.currency) == 3 else None
        if amount is not None:
            found.append(Money(each.currency, amount))
    return found


def _by_currency(values: Iterable[Money]) -> list[Money]:
    totals: dict[str, Decimal] = {}
    for value in values:
        totals[value.currency] = totals.get(value.currency, Decimal(0)) + value.amount
    if not totals:
        raise MissingData("IB told no account value.")
    return [Money(currency, totals[currency]) for currency in sorted(totals)]


def _base_currency(figures: Iterable[AccountFigure], account: str) -> str:
    found = _tagged([each for each in figures if each.account == account], "NetLiquidation")
    if not found:
        raise MissingData(f"IB does not tell the base currency of {account}.")
    return found[0].currency
