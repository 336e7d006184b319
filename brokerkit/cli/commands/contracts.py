"""`brokerkit contracts`: an instrument's chain, or the facts of one contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import click

from brokerkit.cli.options import BrokerChoice, asks_broker
from brokerkit.cli.output import moment, print_facts, print_json, print_table
from brokerkit.errors import MissingData, NotSupported
from brokerkit.spec.contract import FuturesContract

if TYPE_CHECKING:
    from brokerkit import Broker


@attrs.frozen
class ChainEntry:
    """A contract of a chain, and when it stops trading."""

    contract: str
    expiry: date


@click.command("contracts")
@click.argument("name", metavar="INSTRUMENT[/DATE]")
@click.option("--expired", is_flag=True, help="Include contracts that no longer trade.")
@asks_broker
def command(choice: BrokerChoice, name: str, expired: bool, as_json: bool) -> None:
    """Show an instrument's contracts, or the details of one.

    CORN lists the chain; CORN/202312 shows expiry, tick size, trading hours and commission of one contract.
    """
    instrument, slash, dates = name.partition("/")
    with choice.open() as broker:
        if slash:
            _show_one(broker, FuturesContract(instrument, dates), expired=expired, as_json=as_json)
        else:
            _show_chain(broker, instrument, expired=expired, as_json=as_json)


def _show_chain(broker: Broker, instrument: str, *, expired: bool, as_json: bool) -> None:
    domain = broker.contracts
    names = [
        FuturesContract(instrument, date)
        for date in domain.get_list_of_contract_dates_for_instrument_code(instrument, expired)
    ]
    chain = [ChainEntry(str(name), domain.get_actual_expiry_date_for_single_contract(name)) for name in names]
    if as_json:
        print_json(chain)
    else:
        print_table(["contract", "last trading day"], ((entry.contract, entry.expiry) for entry in chain))


def _show_one(broker: Broker, contract: FuturesContract, *, expired: bool, as_json: bool) -> None:
    domain = broker.contracts
    found = domain.get_contract_object_with_broker_data(contract, expired)
    hours = [] if found.is_expired else _known(lambda: domain.get_trading_hours_for_contract(contract), [])
    commission = _known(lambda: domain.get_commission_for_contract(contract), None)
    is_open = not found.is_expired and domain.is_contract_okay_to_trade(contract)
    if as_json:
        print_json({"contract": found, "commission": commission, "is_open": is_open, "trading_hours": hours})
        return
    instrument = found.instrument
    print_facts(
        [
            ("broker's id", found.broker_id),
            ("broker's symbol", " on ".join(filter(None, (instrument.broker_code, instrument.exchange)))),
            ("last trading day", f"{found.expiry}{' (expired)' if found.is_expired else ''}"),
            ("trading ends", found.last_trade),
            ("smallest price step", found.tick_size),
            ("price magnifier", instrument.price_magnifier),
            ("a point is worth", f"{instrument.point_size.normalize():,f} {instrument.currency}"),
            ("commission a lot", commission),
            ("open now", is_open),
            *(
                ("trading hours" if not n else "", f"{moment(h.opening_time)} to {moment(h.closing_time)}")
                for n, h in enumerate(hours[:5])
            ),
        ],
        title=f"{contract}  {instrument.description}".rstrip(),
    )


def _known(ask: Callable[[], Any], otherwise: Any) -> Any:
    """Return the answer, or `otherwise` where this broker does not say."""
    try:
        return ask()
    except (MissingData, NotSupported):
        return otherwise
