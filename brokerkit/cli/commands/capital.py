"""`brokerkit capital`: what the accounts are worth."""

from __future__ import annotations

import attrs
import click

from brokerkit.cli.options import BrokerChoice, asks_broker
from brokerkit.cli.output import print_json, print_table
from brokerkit.spec.capital import Account
from brokerkit.spec.money import Money


@attrs.frozen
class Worth:
    """An account, and its amounts one a currency; None where the broker does not give them."""

    account: Account
    value: list[Money] | None
    excess_liquidity: list[Money] | None
    cash: list[Money] | None


@click.command("capital")
@asks_broker
def command(choice: BrokerChoice, as_json: bool) -> None:
    """Show the value of the accounts.

    Value is cash plus unrealised profit; free is what is left above the maintenance margin. Amounts
    stay in their currencies: nothing is converted. What a broker does not give is left out.
    """
    with choice.open() as broker:
        asks = (
            broker.capital.get_account_value_across_currency,
            broker.capital.get_excess_liquidity_value_across_currency,
            broker.fx.get_fx_balances,
        )
        worths = [
            Worth(account, *(ask(account.account_id) if broker.supports(ask.__name__) else None for ask in asks))
            for account in broker.capital.get_list_of_accounts()
        ]
    if as_json:
        print_json(worths)
        return
    print_table(
        ["account", "kind", "currency", "value>", "free>", "cash>"],
        (row for worth in worths for row in _rows_of(worth)),
        empty="No accounts.",
    )


def _rows_of(worth: Worth) -> list[tuple[object, ...]]:
    columns = [
        {money.currency: money for money in amounts or ()}
        for amounts in (worth.value, worth.excess_liquidity, worth.cash)
    ]
    currencies = sorted(set().union(*columns)) or [worth.account.base_currency]
    return [
        (worth.account.account_id, worth.account.kind, currency, *(_amount(column.get(currency)) for column in columns))
        for currency in currencies
    ]


def _amount(money: Money | None) -> str:
    return f"{money.amount:,}" if money else ""
