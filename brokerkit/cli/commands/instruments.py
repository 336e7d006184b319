"""`brokerkit instruments`: what can be traded, under our code and the broker's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brokerkit.cli.options import BrokerChoice, asks_broker
from brokerkit.cli.output import print_facts, print_json, print_table

if TYPE_CHECKING:
    from brokerkit import Broker


@click.command("instruments")
@click.argument("code", required=False)
@click.option("--by-broker-code", is_flag=True, help="CODE is the broker's symbol, such as ZC.")
@asks_broker
def command(choice: BrokerChoice, code: str | None, by_broker_code: bool, as_json: bool) -> None:
    """Show what can be traded, with brokerkit's codes and the broker's symbols.

    CODE is brokerkit's code for an instrument, such as CORN. Without it, lists all instruments.
    """
    with choice.open() as broker:
        if code is None:
            _list_all(broker, as_json=as_json)
        else:
            _show_one(broker, _our_code(broker, code, by_broker_code=by_broker_code), as_json=as_json)


def _our_code(broker: Broker, code: str, *, by_broker_code: bool) -> str:
    return broker.instruments.get_instrument_code_from_broker_code(code) if by_broker_code else code


def _list_all(broker: Broker, *, as_json: bool) -> None:
    describe = broker.instruments.get_futures_instrument_object_with_broker_data
    instruments = [describe(code) for code in broker.instruments.get_list_of_instruments()]
    if as_json:
        print_json(instruments)
        return
    print_table(
        ["code", "broker's", "exchange", "currency", "point>", "class", "description"],
        (
            (
                item.code,
                item.broker_code,
                item.exchange,
                item.currency,
                f"{item.point_size.normalize():,f}",
                item.asset_class,
                item.description,
            )
            for item in instruments
        ),
    )


def _show_one(broker: Broker, code: str, *, as_json: bool) -> None:
    instrument = broker.instruments.get_futures_instrument_object_with_broker_data(code)
    if as_json:
        print_json(instrument)
        return
    print_facts(
        [
            ("broker's code", instrument.broker_code),
            ("exchange", instrument.exchange),
            ("currency", instrument.currency),
            ("multiplier", instrument.multiplier),
            ("price magnifier", instrument.price_magnifier),
            ("a point is worth", f"{instrument.point_size.normalize():,f} {instrument.currency}"),
            ("class", instrument.asset_class),
        ],
        title=f"{instrument.code}  {instrument.description}".rstrip(),
    )
