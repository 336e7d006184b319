"""`brokerkit prices`: bars, quotes or ticks of a contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click

from brokerkit.cli.frames import rows_option, show_frame
from brokerkit.cli.naming import futures_contract_named
from brokerkit.cli.options import BrokerChoice, asks_broker, plot_option, range_options, refuse_options
from brokerkit.cli.output import print_facts, print_json, print_table
from brokerkit.spec.prices import Frequency, Quote

_OF_VIEWS, _OF_BARS, _OF_TABLES = ("dates", "quote", "ticks"), ("frequency", "start", "end"), ("rows", "plot")
FREQUENCIES = click.Choice([frequency.value for frequency in Frequency])


@click.command("prices")
@click.argument("name", metavar="[INSTRUMENT[/DATE]]", required=False)
@click.option("--frequency", "-f", type=FREQUENCIES, default="1d", show_default=True, help="The length of a bar.")
@click.option("--dates", is_flag=True, help="List the contracts of INSTRUMENT that have prices instead.")
@click.option("--quote", is_flag=True, help="Show the current best bid and ask instead.")
@click.option("--ticks", is_flag=True, help="Show the newest bid and ask ticks instead.")
@range_options
@rows_option
@plot_option
@asks_broker
def command(
    choice: BrokerChoice,
    name: str | None,
    frequency: str,
    dates: bool,
    quote: bool,
    ticks: bool,
    start: datetime | None,
    end: datetime | None,
    rows: int | None,
    plot: str | None,
    as_json: bool,
) -> None:
    """Show bars, quotes or ticks of a contract.

    CORN/202312 is one contract; CORN alone means its front contract. Without a name, lists the instruments
    that have prices.
    """
    _check_what_is_shown(name, {"--dates": dates, "--quote": quote, "--ticks": ticks})
    with choice.open() as broker:
        domain = broker.prices
        if name is None:
            _show_names(domain.get_instruments_with_price_data(), "instrument", as_json=as_json)
            return
        if dates:
            found = domain.contract_dates_with_price_data_for_instrument_code(name.partition("/")[0])
            _show_names(found, "contract date", as_json=as_json)
            return
        contract = futures_contract_named(name, broker)
        if quote:
            ticker = domain.get_ticker_object_for_contract(contract)
            _show_quote(ticker.wait_for_quote(), as_json=as_json)
        elif ticks:
            frame = domain.get_recent_bid_ask_tick_data_for_contract_object(contract)
            show_frame(frame, title=f"{contract} ticks", as_json=as_json, plot=plot, rows=rows, charted="bid")
        else:
            frame = domain.get_prices_for_contract_object(contract, Frequency(frequency), start, end)
            show_frame(frame, title=f"{contract} {frequency} bars", as_json=as_json, plot=plot, rows=rows)


def _check_what_is_shown(name: str | None, views: Mapping[str, bool]) -> None:
    """Refuse options of which one would be passed over in silence.

    Raises:
        UsageError: More than one view is asked for, or an option that the view does not use.
    """
    wanted = [option for option, is_given in views.items() if is_given]
    if len(wanted) > 1:
        raise click.UsageError("Give one of --dates, --quote and --ticks.")
    if name is None:
        refuse_options(
            (*_OF_VIEWS, *_OF_BARS, *_OF_TABLES), "needs an instrument or a contract, such as CORN or CORN/202312."
        )
    elif wanted:
        unused = _OF_BARS if wanted == ["--ticks"] else (*_OF_BARS, *_OF_TABLES)
        refuse_options(unused, f"does not go with {wanted[0]}.")


def _show_names(names: list[str], heading: str, *, as_json: bool) -> None:
    if as_json:
        print_json(names)
    else:
        print_table([heading], ((name,) for name in names))


def _show_quote(quote: Quote, *, as_json: bool) -> None:
    if as_json:
        print_json(quote)
        return
    print_facts(
        [
            ("bid", f"{quote.bid} x {quote.bid_size}"),
            ("ask", f"{quote.ask} x {quote.ask_size}"),
            ("last", quote.last),
            ("status", f"{quote.status.value} {quote.reason}".strip()),
            ("time", quote.time),
        ],
        title=str(quote.contract),
    )
