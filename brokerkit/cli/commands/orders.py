"""`brokerkit orders`: show, place, change and cancel orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import click

from brokerkit.cli.confirm import confirm, confirm_trade, yes_option
from brokerkit.cli.default_group import DefaultGroup
from brokerkit.cli.naming import contract_named
from brokerkit.cli.notes import note
from brokerkit.cli.options import BrokerChoice, account_option, asks_broker, utc_time
from brokerkit.cli.orders_output import print_fills, print_order, print_orders, print_what_if, terms
from brokerkit.errors import RequestTimedOut
from brokerkit.spec.broker_order import BrokerOrder, OrderControl
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.contract import FxPair
from brokerkit.spec.order import Order, OrderType, TimeInForce
from brokerkit.spec.orders import OrderChange

if TYPE_CHECKING:
    from brokerkit import Broker


@attrs.frozen
class Named:
    """An order known only by its reference."""

    order_ref: str


@click.group("orders", cls=DefaultGroup, default="list")
def command() -> None:
    """Show, place, change and cancel orders.

    An order is identified by its reference, which is assigned before it is sent. `brokerkit orders` alone
    lists what the broker reports.
    """


@command.command("list")
@account_option("Only this account; by default all.")
@click.option(
    "--stored",
    is_flag=True,
    help="Orders that brokerkit placed, instead of those the broker reports.",
)
@asks_broker
def list_orders(choice: BrokerChoice, account: str, stored: bool, as_json: bool) -> None:
    """List working orders, and those completed today."""
    if stored and account:
        raise click.UsageError("--stored lists the orders of every account: leave --account out.")
    with choice.open() as broker:
        domain = broker.orders
        found = domain.get_list_of_orders_from_storage() if stored else domain.get_list_of_broker_orders(account)
    print_orders(found, as_json=as_json)


@command.command("fills")
@click.option("--since", type=utc_time, metavar="TIME", help="Only at or after this time (UTC).")
@asks_broker
def list_fills(choice: BrokerChoice, since: datetime | None, as_json: bool) -> None:
    """List the executions that the broker reports."""
    with choice.open() as broker:
        print_fills(broker.orders.get_list_of_fills(since), as_json=as_json)


def order_arguments(function: Any) -> Any:
    """Give a command the arguments and options that make an order; it receives them as `**fields`."""
    parts: list[Callable[[Any], Any]] = [
        click.argument("contract"),
        click.argument("quantity"),
        click.option("--limit", metavar="PRICE", help="Trade at this price or better."),
        click.option("--stop", metavar="PRICE", help="Trigger when the price reaches this."),
        click.option("--trail", metavar="AMOUNT", help="Trail the best price by this amount."),
        click.option("--take-profit", metavar="PRICE", help="Add a profit-taking exit at this price."),
        click.option("--stop-loss", metavar="PRICE", help="Add a stop-loss exit at this price."),
        click.option(
            "--tif",
            type=click.Choice([t.value for t in TimeInForce if t is not TimeInForce.GTD]),
            default="DAY",
            show_default=True,
            help="Time in force.",
        ),
        click.option("--outside-hours", is_flag=True, help="Trade and trigger outside regular trading hours, too."),
        account_option("The account to trade for."),
        click.option("--tag", default="", metavar="WORD", help="Your own label for it."),
    ]
    for part in reversed(parts):
        function = part(function)
    return function


@command.command("place", context_settings={"ignore_unknown_options": True})
@order_arguments
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait up to this long for it to finish.",
)
@yes_option
@asks_broker
def place(choice: BrokerChoice, wait: float, yes: bool, as_json: bool, **fields: Any) -> None:
    """Place an order; this trades.

    CONTRACT is CORN/202312, a spread such as EDOLLAR/202306_202309, or a pair such as GBPUSD. QUANTITY is
    in whole lots, negative to sell; for a spread one per leg, as in 1,-1.
    """
    order = _order_from(**fields)
    with choice.open() as broker:
        confirm_trade(broker, f"Place {_describe(order)}", yes=yes)
        with _named_if_cut_short(order):
            control = _put(broker, order)
        view = _after(control, wait)
        with _named_if_cut_short(order):
            print_order(view, as_json=as_json)
        _say_when_it_is_forgotten(broker)


@command.command("what-if", context_settings={"ignore_unknown_options": True})
@order_arguments
@asks_broker
def what_if(choice: BrokerChoice, as_json: bool, **fields: Any) -> None:
    """Show what an order would need in margin and cost; nothing is placed."""
    order = _order_from(**fields)
    with choice.open() as broker:
        print_what_if(broker.orders.what_if_order(order), as_json=as_json)


@command.command("modify", context_settings={"ignore_unknown_options": True})
@click.argument("reference")
@click.option("--limit", metavar="PRICE", help="The new limit.")
@click.option("--stop", metavar="PRICE", help="The new trigger.")
@click.option("--quantity", metavar="LOTS", help="The new signed total, including what has filled.")
@yes_option
@asks_broker
def modify(
    choice: BrokerChoice,
    reference: str,
    limit: str | None,
    stop: str | None,
    quantity: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Change the price, trigger or quantity of a working order."""
    if limit is None and stop is None and quantity is None:
        raise click.UsageError("Nothing to change: give --limit, --stop or --quantity.")
    change = OrderChange(limit, stop, _quantities(quantity) if quantity is not None else None)
    named = (("limit", limit), ("trigger", stop), ("lots", quantity))
    wanted = ", ".join(f"{name} {value}" for name, value in named if value is not None)
    with choice.open() as broker:
        control = broker.orders.match_db_broker_order_to_control_order_from_brokers(Named(reference))
        confirm_trade(broker, f"Change {_describe(control.current().order)} to {wanted}", yes=yes)
        changed = broker.orders.modify_order_given_control_object(control, change)
        print_order(changed.current(), as_json=as_json)


@command.command("cancel")
@click.argument("reference")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait up to this long for confirmation.",
)
@yes_option
@asks_broker
def cancel(choice: BrokerChoice, reference: str, wait: float, yes: bool, as_json: bool) -> None:
    """Cancel a working order, and show how it ended: it may fill first."""
    with choice.open() as broker:
        control = broker.orders.match_db_broker_order_to_control_order_from_brokers(Named(reference))
        confirm(f"Cancel {_describe(control.current().order)}?", yes=yes)
        broker.orders.cancel_order_given_control_object(control)
        print_order(_after(control, wait), as_json=as_json)


@command.command("cancel-all")
@account_option("Only this account; by default all.")
@yes_option
@asks_broker
def cancel_all(choice: BrokerChoice, account: str, yes: bool, as_json: bool) -> None:
    """Cancel every working order, whoever placed it."""
    with choice.open() as broker:
        whose = f"account {account}" if account else "all accounts"
        confirm(f"Cancel every working order of {whose} on broker '{broker.name}'?", yes=yes)
        print_orders(broker.orders.cancel_all_orders(account), as_json=as_json)


def _order_from(
    contract: str,
    quantity: str,
    limit: str | None,
    stop: str | None,
    trail: str | None,
    take_profit: str | None,
    stop_loss: str | None,
    tif: str,
    outside_hours: bool,
    account: str,
    tag: str,
) -> Order:
    order = Order(
        contract_named(contract),
        _quantities(quantity),
        _order_type(limit, stop, trail),
        limit_price=limit,
        stop_price=stop,
        trail_amount=trail,
        time_in_force=TimeInForce(tif),
        outside_hours=outside_hours,
        account=account,
        tag=tag,
    )
    if take_profit is None and stop_loss is None:
        return order
    return order.with_bracket(take_profit=take_profit, stop_loss=stop_loss)


def _order_type(limit: str | None, stop: str | None, trail: str | None) -> OrderType:
    if trail is not None:
        return OrderType.TRAILING_STOP
    if stop is not None:
        return OrderType.STOP_LIMIT if limit is not None else OrderType.STOP
    return OrderType.LIMIT if limit is not None else OrderType.MARKET


def _quantities(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace("_", "").split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a whole number of lots, such as 2 or -1, or 1,-1 for a spread."
        ) from None


def _describe(order: Order) -> str:
    """Return everything about an order that somebody who is asked to confirm it must know."""
    quantity = ",".join(f"{lots:+d}" for lots in order.quantity)
    exits = "".join(f", then {terms(child)}" for child in order.children)
    account = f", account {order.account}" if order.account else ""
    return f"order {order.order_ref}: {quantity} {order.contract} {terms(order)}{exits}{account}"


def _put(broker: Broker, order: Order) -> OrderControl:
    place = broker.fx.put_fx_order_on_stack if isinstance(order.contract, FxPair) else broker.orders.put_order_on_stack
    return place(order)


@contextmanager
def _named_if_cut_short(order: Order) -> Iterator[None]:
    """Name an order that may have been sent, where the command is interrupted, or what it prints is not taken."""
    try:
        yield
    except (KeyboardInterrupt, OSError):
        note(f"Order {order.order_ref} may have been sent: look it up before placing another.")
        raise


def _after(control: OrderControl, seconds: float) -> BrokerOrder:
    """Return the order's view once it is final, or as it stands when the time is over."""
    if seconds > 0:
        try:
            return control.wait(seconds)
        except RequestTimedOut:
            note(f"Not done after {seconds:g} s; the order goes on.")
        except KeyboardInterrupt:
            note(f"Order {control.order_ref} goes on: only the waiting for it ends.")
            raise
    return control.current()


def _say_when_it_is_forgotten(broker: Broker) -> None:
    """Say that a simulation which keeps no state ends with the command: its orders are in no later list."""
    state = broker.settings.get("state")
    if broker.account_kind is AccountKind.SIMULATED and state is not None and state.value is None:
        note("This simulation ends with the command. --set state=FILE keeps it for the next one.")
