"""`brokerkit positions`: what is held."""

from __future__ import annotations

import click

from brokerkit.cli.options import BrokerChoice, account_option, asks_broker
from brokerkit.cli.output import print_json, print_table


@click.command("positions")
@account_option("Only this account; by default all.")
@asks_broker
def command(choice: BrokerChoice, account: str, as_json: bool) -> None:
    """Show open positions.

    Lots are signed: negative is short. Currency is held as cash; see `brokerkit fx --balances`.
    """
    with choice.open() as broker:
        positions = broker.positions.get_all_current_positions_as_list_with_contract_objects(account)
    if as_json:
        print_json(positions)
        return
    print_table(
        ["account", "contract", "lots>", "average price>", "as of"],
        ((p.account, p.contract, f"{p.quantity:+d}", p.average_price, p.as_of) for p in positions),
        empty="No open positions.",
    )
