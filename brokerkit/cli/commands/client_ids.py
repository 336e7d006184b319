"""`brokerkit client-ids`: who holds which client id at a gateway; release or clear them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from brokerkit.cli.confirm import confirm, yes_option
from brokerkit.cli.default_group import DefaultGroup
from brokerkit.cli.options import json_option
from brokerkit.cli.output import print_json, print_table
from brokerkit.errors import InvalidArgument
from brokerkit.spec.services import ClientIdLease, ClientIdLeases, LeaseState
from brokerkit.store import open_store


@click.group("client-ids", cls=DefaultGroup, default="list")
def command() -> None:
    """Show which process holds each client id; release or clear them.

    A gateway accepts each client id from one session only. brokerkit leases them: no two live processes
    hold the same one, and those of a dead process are reclaimed when another asks.
    """


def store_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--store`, `--gateway` and `--json`."""
    for option in (
        click.option("--gateway", default="", metavar="HOST:PORT", help="Only for this gateway."),
        click.option(
            "--store", type=click.Path(path_type=Path), metavar="FILE", help="The store's file, if not the default."
        ),
        json_option,
    ):
        function = option(function)
    return function


@command.command("list")
@store_options
def list_leases(store: Path | None, gateway: str, as_json: bool) -> None:
    """List the client ids that are held, and by whom."""
    with open_store(store) as opened:
        _print(opened.client_ids.leases(gateway), as_json=as_json, empty="No client id is held.")


@command.command("release")
@click.argument("client_id", type=int)
@click.option("--force", is_flag=True, help="Even if the process that holds it is alive; it is not notified.")
@yes_option
@store_options
def release(client_id: int, force: bool, yes: bool, store: Path | None, gateway: str, as_json: bool) -> None:
    """Take back one client id, whoever holds it."""
    with open_store(store) as opened:
        lease = _the_lease(opened.client_ids, client_id, gateway)
        confirm(f"Take client id {client_id} at {lease.gateway} from {lease.owner} ({lease.state.value})?", yes=yes)
        opened.client_ids.evict(lease, force)
        _print([lease], as_json=as_json, empty="", title="Released")


@command.command("clear")
@click.option("--force", is_flag=True, help="Also those of live processes; they are not notified.")
@yes_option
@store_options
def clear(force: bool, yes: bool, store: Path | None, gateway: str, as_json: bool) -> None:
    """Take back every client id whose process is gone."""
    with open_store(store) as opened:
        held = opened.client_ids.leases(gateway)
        doomed = [lease for lease in held if force or lease.state is LeaseState.ORPHANED]
        if doomed:
            ids = ", ".join(str(lease.client_id) for lease in doomed)
            confirm(f"Take back client ids {ids}{' from living processes too' if force else ''}?", yes=yes)
        ended = [lease for lease in doomed if opened.client_ids.evict(lease, force)]
        _print(ended, as_json=as_json, empty="Nothing to clear.", title="Cleared" if ended else "")


def _the_lease(leases: ClientIdLeases, client_id: int, gateway: str) -> ClientIdLease:
    held = leases.leases(gateway)
    found = [lease for lease in held if lease.client_id == client_id]
    if len(found) == 1:
        return found[0]
    if found:
        gateways = ", ".join(lease.gateway for lease in found)
        raise InvalidArgument(f"Client id {client_id} is held at {gateways}.", remedy="Choose one with --gateway.")
    raise InvalidArgument(
        f"Client id {client_id} is not held.", remedy="See 'brokerkit client-ids' for those that are."
    )


def _print(leases: Sequence[ClientIdLease], *, as_json: bool, empty: str, title: str = "") -> None:
    if as_json:
        print_json(leases)
        return
    print_table(
        ["gateway", "client id>", "state", "held by", "since"],
        ((lease.gateway, lease.client_id, lease.state, lease.owner, lease.leased) for lease in leases),
        title=title,
        empty=empty,
    )
