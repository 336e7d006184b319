"""`brokerkit brokers`: the brokers that can be opened by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from brokerkit.cli.options import BrokerChoice, is_ib_sim, json_option
from brokerkit.cli.output import print_json, print_table
from brokerkit.registry.catalog import CatalogEntry, brokers, plugins
from brokerkit.registry.config_file import read_config
from brokerkit.registry.declared import CommonSettings, DeclaredSetting, declared_settings
from brokerkit.registry.selection import load_plugin, select
from brokerkit.spec.capability import Capability


@click.command("brokers")
@click.argument("name", required=False)
@click.option("--hooks", is_flag=True, help="Open broker NAME, and show which hooks it supports.")
@json_option
def command(name: str | None, hooks: bool, as_json: bool) -> None:
    """List the brokers that can be opened by name.

    With NAME, lists the settings that this broker takes. A plugin that cannot be used is listed with the
    reason, and does not affect the others.
    """
    if name is None:
        _list(as_json=as_json)
    elif hooks:
        with BrokerChoice(name, {}).open() as broker:
            _show_hooks(broker.capabilities(), as_json=as_json)
    else:
        plugin = select("ib" if is_ib_sim(name) else name, {}).plugin
        own = declared_settings(load_plugin(plugin).settings, str(plugin))
        _show_settings([*own.values(), *declared_settings(CommonSettings).values()], as_json=as_json)


def _list(*, as_json: bool) -> None:
    installed = {entry.name: entry for entry in plugins()}
    named = brokers(read_config())
    rows = [
        (each.name, each.plugin, each.place or "installed", *_about(installed.get(each.plugin), each.plugin))
        for each in named
    ]
    if as_json:
        keys = ("name", "plugin", "named_in", "package", "account", "about", "remedy")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    headings = ["name", "plugin", "named in", "package", "account", "about", "what to do"]
    shown = len(headings) if any(row[-1] for row in rows) else len(headings) - 1
    print_table(headings[:shown], [row[:shown] for row in rows])


def _about(entry: CatalogEntry | None, plugin: str) -> tuple[str, str, str, str]:
    """Return package, kind of account, what the plugin is or why it cannot be used, and what to do about that."""
    if entry is None:
        return "", "", f"no plugin {plugin!r} is installed", "Install it, or correct its name."
    package = f"{entry.installed.distribution} {entry.installed.version}"
    if entry.problem is not None:
        return package, "", f"cannot be used: {entry.first_cause}", entry.problem.remedy
    return package, "simulated" if entry.is_simulation else "paper or live", entry.summary, ""


def _show_settings(settings: Sequence[DeclaredSetting], *, as_json: bool) -> None:
    rows = [
        (each.key, each.takes, "must be given" if each.is_required else each.default, each.help) for each in settings
    ]
    if as_json:
        print_json([dict(zip(("key", "takes", "default", "help"), row, strict=True)) for row in rows])
    else:
        print_table(["setting", "takes", "default", "what it is"], rows, empty="It has no settings.")


def _show_hooks(capabilities: Mapping[str, Capability], *, as_json: bool) -> None:
    if as_json:
        print_json(capabilities)
    else:
        print_table(["hook", "support", "why not"], ((hook, c.support, c.reason) for hook, c in capabilities.items()))
