"""The steps before the broker is opened: Python, plugins, configuration, values and their origins, store."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator
from typing import Any

import brokerkit
from brokerkit.cli.doctor.finding import Finding, note, ok
from brokerkit.cli.output import cell
from brokerkit.conformance.reporting.files import unwritable
from brokerkit.errors import StoreCorrupt
from brokerkit.registry import catalog
from brokerkit.registry.config_file import places, read_config
from brokerkit.registry.planning import Plan
from brokerkit.registry.variables import unmatched_variables
from brokerkit.spec.services import LeaseState
from brokerkit.store import default_path, open_store


def program() -> Iterator[Finding]:
    """Say which brokerkit runs on which Python."""
    yield ok("program", f"brokerkit {brokerkit.__version__} on Python {platform.python_version()}, {platform.system()}")


def plugins() -> Iterator[Finding]:
    """Load every installed plugin and middleware; one that fails does not affect the others."""
    entries = catalog.plugins()
    for entry in entries:
        if entry.problem is not None:
            yield note(
                "plugin",
                f"{entry.name} ({entry.installed}) cannot be used: {entry.first_cause.rstrip('.')}.",
                entry.problem.remedy,
            )
        if entry.rivals:
            others = "; ".join(map(str, entry.rivals))
            yield note("plugin", f"{entry.name!r} is offered by {entry.installed}, which is used, and by {others}.")
    for entry in catalog.middlewares():
        if entry.problem is not None:
            says = f"{entry.name} ({entry.installed}) cannot be used: {entry.first_cause.rstrip('.')}."
            yield note("middleware", says, entry.problem.remedy)
    usable = [
        f"{entry.name} ({entry.installed.distribution} {entry.installed.version})"
        for entry in entries
        if not entry.problem
    ]
    yield ok("plugin", f"{', '.join(usable) or 'none'} can be used")


def configuration() -> Iterator[Finding]:
    """Read the configuration file, and look for variables that mean nothing.

    Raises:
        ConfigError: The file is wrong.
    """
    config = read_config()
    if config.path is None:
        yield note(
            "config", f"No file at {' or '.join(map(str, places()))}.", "'brokerkit init' writes one to start from."
        )
    else:
        yield ok("config", f"{config.path} names {', '.join(config.brokers) or 'no broker'}")
    for variable in unmatched_variables([each.name for each in catalog.brokers(config)]):
        yield note("config", f"${variable} is set but belongs to no broker.", "Unset it, or correct its name.")


def values(plan: Plan) -> Iterator[Finding]:
    """Say every value that the broker would be opened with, and where it comes from."""
    shown: dict[str, Any] = {
        key: f"{cell(setting.value)}  ({setting.origin.value}{f', {setting.place}' if setting.place else ''})"
        for key, setting in plan.origins.items()
    }
    yield ok("settings", f"broker '{plan.selection.name}' uses plugin {plan.selection.plugin}", **shown)


def store(plan: Plan) -> Iterator[Finding]:
    """Look at the store's file, and at the client ids held in it.

    Raises:
        StoreError: The store cannot be used.
    """
    path = plan.selection.store_path or default_path()
    if not path.exists():
        problem = unwritable(path)
        if problem:
            yield note("store", f"{path} cannot be created when it is needed: {problem}.", "Set `store_path`.")
        else:
            yield ok("store", f"{path} will be created when it is needed")
        return
    with open_store(path) as opened:
        damage, leases = opened.damage(), opened.client_ids.leases()
    if damage:
        raise StoreCorrupt(f"{path} is damaged: {damage[0]}", remedy="Move it away, and restore it from a backup.")
    count = Counter(lease.state for lease in leases)
    elsewhere = f", {count[LeaseState.ELSEWHERE]} leased on other machines" if count[LeaseState.ELSEWHERE] else ""
    orphans = count[LeaseState.ORPHANED]
    yield ok(
        "client id",
        f"{count[LeaseState.HELD]} held by live processes, {orphans} left by dead ones{elsewhere}, in {path}",
    )
    if orphans:
        yield note(
            "client id", f"{orphans} left behind; the next process that asks reclaims them.", "'brokerkit client-ids'"
        )
