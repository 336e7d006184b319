"""`brokerkit fx`: exchange rates, and the cash held in each currency."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from brokerkit.cli.frames import cut, rows_option, show_frame
from brokerkit.cli.options import BrokerChoice, account_option, asks_broker, plot_option, range_options, refuse_options
from brokerkit.cli.output import print_json, print_table

if TYPE_CHECKING:
    from brokerkit import Broker


@click.command("fx")
@click.argument("code", required=False)
@click.option("--balances", is_flag=True, help="Show the cash held in each currency instead.")
@account_option("Whose --balances; the default account if not given.")
@range_options
@rows_option
@plot_option
@asks_broker
def command(
    choice: BrokerChoice,
    code: str | None,
    balances: bool,
    account: str,
    start: datetime | None,
    end: datetime | None,
    rows: int | None,
    plot: str | None,
    as_json: bool,
) -> None:
    """Show exchange rates, and the cash held in each currency.

    CODE is a pair such as GBPUSD: the price of one GBP in USD. A pair that is not quoted is derived from
    those that are. Without CODE, lists the newest rate of every pair.
    """
    if account and not balances:
        raise click.UsageError("--account is whose cash --balances shows: give both, or neither.")
    if code is not None and balances:
        raise click.UsageError(f"--balances shows every currency: leave {code} out.")
    if code is None:
        refuse_options(("start", "end", "rows", "plot"), "is for one pair: give CODE, such as GBPUSD.")
    with choice.open() as broker:
        if balances:
            _show_balances(broker, account, as_json=as_json)
        elif code is None:
            _show_newest(broker, as_json=as_json)
        else:
            rates = cut(broker.fx.get_fx_prices(code), start, end)
            title = f"{code}: {code[3:]} for one {code[:3]}"
            show_frame(rates.to_frame(code), title=title, as_json=as_json, plot=plot, rows=rows, charted=code)


def _show_balances(broker: Broker, account: str, *, as_json: bool) -> None:
    cash = broker.fx.get_fx_balances(account)
    if as_json:
        print_json(cash)
    else:
        print_table(["currency", "cash>"], ((money.currency, f"{money.amount:,}") for money in cash), empty="No cash.")


def _show_newest(broker: Broker, *, as_json: bool) -> None:
    newest = []
    for code in broker.fx.get_list_of_fxcodes():
        rates = broker.fx.get_fx_prices(code)
        newest.append({"code": code, "rate": float(rates.iloc[-1]), "date": rates.index[-1].date()})
    if as_json:
        print_json(newest)
    else:
        print_table(["pair", "rate>", "of"], ((row["code"], f"{row['rate']:.6g}", row["date"]) for row in newest))
