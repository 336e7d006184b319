"""`brokerkit gateway`: serve the simulated exchange as an IB Gateway, and tell a running one to fail."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import click

from brokerkit.cli.default_group import DefaultGroup
from brokerkit.cli.options import utc_time

_PORT = click.IntRange(0, 65535)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise click.BadParameter("Name at least one account, such as DU1000001.")
    return names


@click.group("gateway", cls=DefaultGroup, default="serve")
def command() -> None:
    """Serve the simulated exchange as an IB Gateway, for any IB client to connect to."""


@command.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=_PORT, default=4002, show_default=True, help="The port; 0 picks a free one.")
@click.option(
    "--data", default="synthetic", show_default=True, metavar="FOLDER", help="'synthetic', or a folder of prices."
)
@click.option(
    "--accounts",
    type=_names,
    metavar="IDS",
    default="DU1000001",
    show_default=True,
    help="The accounts, separated by commas.",
)
@click.option(
    "--cash",
    type=click.IntRange(min=0),
    default=1_000_000,
    show_default=True,
    help="Initial cash of each account, in USD.",
)
@click.option(
    "--start",
    type=utc_time,
    metavar="TIME",
    help="Initial time (UTC); by default chosen to suit the data.",
)
@click.option("--speed", type=float, default=1.0, show_default=True, help="Simulated seconds per real second.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything random.")
@click.option("--read-only", is_flag=True, help="Refuse orders and queries about them, with error 321.")
@click.option("--server-version", type=int, default=178, show_default=True, help="Highest protocol version supported.")
@click.option("--time-zone", default="UTC", show_default=True, help="The time zone of the login.")
@click.option(
    "--attributes-in",
    type=click.Choice(["instrument", "operator", "UTC"]),
    default="instrument",
    show_default=True,
    metavar="ZONE",
    help="The zone of an instrument's times: instrument, operator (the login's) or UTC.",
)
@click.option("--windows-zone-names", is_flag=True, help="Name the time zone as a Gateway on Windows does.")
@click.option("--no-limits", is_flag=True, help="Do not enforce pacing limits.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Write every frame to a file.")
@click.option("--control-port", type=_PORT, help="Port to listen on for `gateway tell`; 0 picks a free one.")
@click.option("-v", "--verbose", is_flag=True, help="Log connections, and what is refused.")
def serve_command(
    host: str,
    port: int,
    data: str,
    accounts: tuple[str, ...],
    cash: int,
    start: datetime | None,
    speed: float,
    seed: int,
    read_only: bool,
    server_version: int,
    time_zone: str,
    attributes_in: str,
    windows_zone_names: bool,
    no_limits: bool,
    record: Path | None,
    control_port: int | None,
    verbose: bool,
) -> None:
    """Serve until interrupted."""
    from brokerkit.plugins.sim.feeds import open_feed
    from brokerkit.plugins.sim.gateway import GatewaySettings, Limits
    from brokerkit.plugins.sim.gateway.market.fed import fed_market
    from brokerkit.plugins.sim.gateway.serve import ServeOptions, serve

    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(message)s")
    settings = GatewaySettings(
        host=host,
        port=port,
        read_only=read_only,
        server_version=server_version,
        time_zone=time_zone,
        attributes_in=attributes_in,
        windows_zone_names=windows_zone_names,
        limits=Limits.none() if no_limits else Limits(),
    )
    options = ServeOptions(speed=speed, record=record, control_port=control_port)
    market = fed_market(
        open_feed(data, seed=seed),
        accounts=accounts,
        start=start,
        seed=seed,
        cash=cash,
    )
    serve(market, settings, options, lambda bound, control: _announce(host, bound, control, market.exchange.now))


def _announce(host: str, port: int, control_port: int | None, now: datetime) -> None:
    click.echo(f"IB Gateway (simulated) on {host}:{port}; its clock shows {now:%Y-%m-%d %H:%M:%S} UTC. Ctrl-C ends it.")
    if control_port is not None:
        click.echo(f"Commands on port {control_port}: brokerkit gateway tell --control-port {control_port} faults")


def _check_seconds(words: tuple[str, ...]) -> None:
    try:
        [float(word) for word in words]
    except ValueError:
        raise click.BadParameter(
            f"{' '.join(words)!r} is not a number of seconds to advance by, such as 3600."
        ) from None


@command.command("tell")
@click.option("--control-port", type=_PORT, required=True, help="The control port of the running gateway.")
@click.argument("words", nargs=-1, required=True)
def tell_command(control_port: int, words: tuple[str, ...]) -> None:
    """Tell a running gateway to inject a fault, or to move its clock.

    \b
    brokerkit gateway tell --control-port 4003 faults
    brokerkit gateway tell --control-port 4003 begin lose message=execDetails
    brokerkit gateway tell --control-port 4003 end all
    brokerkit gateway tell --control-port 4003 advance 3600
    """
    from brokerkit.plugins.sim.gateway.control import tell

    if words[0] == "advance":
        _check_seconds(words[1:])
    answer = tell(control_port, " ".join(words))
    click.echo(answer)
    if answer.startswith("error"):
        raise click.exceptions.Exit(1)
