"""The capital domain of the simulated broker."""

from __future__ import annotations

from collections.abc import Mapping

from brokerkit.plugins.sim.balances import was_held
from brokerkit.plugins.sim.exchange.units import money_of, money_units
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.capital import Account, AccountKind, Capital
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import ARITHMETIC, Money


class SimCapital(Capital):
    """The values of the simulated accounts, exact to the last digit."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @hookimpl
    def get_list_of_accounts(self) -> list[Account]:
        """Return the simulated accounts, the default one first."""
        return [
            Account(name, AccountKind.SIMULATED, currency)
            for name, currency in self._simulation.reached().exchange.accounts()
        ]

    @hookimpl
    def get_account_value_across_currency_across_accounts(self) -> list[Money]:
        """Return cash plus unrealised profit of all accounts together."""
        totals: dict[str, Money] = {}
        for name, _ in self._simulation.exchange.accounts():
            for currency, value in self._values(name).items():
                totals[currency] = totals.get(currency, Money(currency, 0)) + value
        return _in_order(totals)

    @hookimpl
    def get_account_value_across_currency(self, account: str = "") -> list[Money]:
        """Return cash plus unrealised profit of one account."""
        return _in_order(self._values(account))

    @hookimpl
    def get_excess_liquidity_value_across_currency(self, account: str = "") -> list[Money]:
        """Return the account's value minus its maintenance margin, in each currency."""
        left = self._values(account)
        exchange = self._simulation.exchange
        name = account or exchange.accounts()[0][0]
        for position in exchange.positions(name):
            terms = exchange.terms(position.contract)
            a_lot, currency = terms.maintenance_margin or terms.initial_margin, terms.currency
            margin = Money(currency, ARITHMETIC.multiply(a_lot, abs(position.quantity)))
            left[currency] = left.get(currency, Money(currency, 0)) - margin
        return _in_order(left)

    def _values(self, account: str) -> dict[str, Money]:
        """Return cash plus unrealised profit in each currency that the account holds or has held."""
        statement = self._simulation.reached().exchange.statement(account)
        return {currency: one.cash + one.unrealised for currency, one in statement.items() if was_held(one)}


def _in_order(values: Mapping[str, Money]) -> list[Money]:
    """Return the amounts by currency, without the zeros that sums of them leave at the end."""
    return [money_of(currency, money_units(values[currency].amount)) for currency in sorted(values)]
