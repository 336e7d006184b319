"""The options that commands share: which broker to ask, and how to print what it says."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from brokerkit.cli.chart import IN_TERMINAL, check_target
from brokerkit.cli.notes import JSON_WANTED

if TYPE_CHECKING:
    from brokerkit import Broker
    from brokerkit.cli.ib_sim import GatewayClock
    from brokerkit.plugins.sim.gateway import SimulatedGateway

IB_SIM = "ib-sim"
"""The name that stands for the IB plugin on a simulated Gateway of its own."""

_TALKATIVE = ("ib_insync", "ib_async")
"""Libraries that log as an error what their caller is told by an error anyway."""

Function = Callable[..., Any]


@attrs.frozen
class BrokerChoice:
    """Which broker a command was told to ask, and with which settings.

    Attributes:
        name: The name in the configuration, or an installed plugin's.
        overrides: Settings given on the command line, as text; they win over every other place.
    """

    name: str
    overrides: dict[str, str]

    @contextmanager
    def open(self) -> Iterator[Broker]:
        """Open the broker for the length of a `with` block."""
        with self.open_with_clock() as (broker, _):
            yield broker

    @contextmanager
    def open_with_clock(self) -> Iterator[tuple[Broker, GatewayClock | None]]:
        """Open the broker; yield it, and what moves its clock where that is ours to move."""
        from brokerkit import open_broker

        with self.settings() as (given, gateway), open_broker(self.name, **given) as broker:
            if gateway is None:
                yield broker, None
            else:
                from brokerkit.cli.ib_sim import GatewayClock

                yield broker, GatewayClock(broker, gateway)

    @contextmanager
    def settings(self) -> Iterator[tuple[dict[str, Any], SimulatedGateway | None]]:
        """Yield the settings as `open_broker` takes them, and the Gateway that was started for them, if any.

        The name `ib-sim` starts a simulated Gateway for the IB plugin, unless the configuration has a
        broker of that name.

        Raises:
            InvalidSetting: A text is not what its setting takes.
        """
        from brokerkit.registry.typed_settings import typed_settings

        for library in _TALKATIVE:
            logging.getLogger(library).addHandler(logging.NullHandler())
        if not is_ib_sim(self.name):
            yield typed_settings(self.name, self.overrides), None
        else:
            from brokerkit.cli.ib_sim import gateway_for_ib

            with gateway_for_ib(self.overrides) as prepared:
                yield prepared


def is_ib_sim(name: str) -> bool:
    """Return whether a name means the IB plugin on a simulated Gateway: the configuration has no broker of it."""
    from brokerkit.registry.config_file import read_config

    return name == IB_SIM and name not in read_config().brokers


def setting(text: str) -> tuple[str, str]:
    """Return key and value of `key=value`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{text!r} is not of the form key=value, such as port=4002.")
    return key.strip().replace("-", "_"), value


def utc_time(text: str) -> datetime:
    """Return the aware time that a date or a time names; UTC when it names no zone."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither a date such as 2024-03-01 nor a time such as 2024-03-01T14:30."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def asks_broker(function: Function) -> Function:
    """Give a command `--broker`, `--data`, `--set` and `--json`; it receives `choice` and `as_json`."""

    @click.option(
        "-b",
        "--broker",
        default="sim",
        metavar="NAME",
        show_default=True,
        shell_complete=_broker_names,
        help="The broker to ask: a configured name, an installed plugin, or ib-sim.",
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="The price folder of a simulated broker.",
    )
    @click.option(
        "--set",
        "settings",
        type=setting,
        multiple=True,
        metavar="KEY=VALUE",
        help="Override a setting of the broker; may be repeated.",
    )
    @json_option
    @functools.wraps(function)
    def command(broker: str, data: Path | None, settings: tuple[tuple[str, str], ...], **arguments: Any) -> Any:
        overrides = dict(settings)
        if data is not None:
            overrides["data"] = str(data)
        return function(choice=BrokerChoice(broker, overrides), **arguments)

    return command


def json_option(function: Function) -> Function:
    """Give a command `--json`; it receives `as_json`, and its errors are printed as JSON too."""

    def remember(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
        ctx.meta[JSON_WANTED] = value
        return value

    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=remember,
        help="Print one JSON document.",
    )(function)


def plot_option(function: Function) -> Function:
    """Give a command `--plot [FILE]`; it receives `plot`: None, `-` for the terminal, or a file."""

    def check(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            check_target(value)
        return value

    return click.option(
        "--plot",
        is_flag=False,
        flag_value=IN_TERMINAL,
        default=None,
        metavar="[FILE]",
        callback=check,
        help="Draw a chart in the terminal, or to a .png, .svg, .pdf or .html file.",
    )(function)


def range_options(function: Function) -> Function:
    """Give a command `--start` and `--end`, aware times or None."""
    with_end = click.option("--end", type=utc_time, metavar="TIME", help="Only before this time (UTC).")(function)
    return click.option("--start", type=utc_time, metavar="TIME", help="Only at or after this time (UTC).")(with_end)


def refuse_options(names: Iterable[str], reason: str) -> None:
    """Refuse options that were given to the command under way, and would be passed over in silence.

    Raises:
        UsageError: One of them was given; the message is its name and the reason.
    """
    ctx = click.get_current_context()
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} {reason}")


def _broker_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of brokers that begin with what is typed; none when the configuration is wrong."""
    from brokerkit.errors import BrokerkitError
    from brokerkit.registry.config_file import read_config
    from brokerkit.registry.entry_points import BROKERS, installed

    try:
        configured = read_config().brokers
    except BrokerkitError:
        configured = {}
    return [CompletionItem(name) for name in [*configured, *installed(BROKERS), IB_SIM] if name.startswith(incomplete)]
