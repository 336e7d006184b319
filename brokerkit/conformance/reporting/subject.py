"""Finds out what is being proven: versions of brokerkit, of the plugin, and of the contract."""

from __future__ import annotations

import hashlib
import platform

import brokerkit
from brokerkit.conformance.reporting.verdict import Subject
from brokerkit.errors import BrokerkitError
from brokerkit.spec.domains import CONTRACT


def subject_of(broker: str, plugin: str, level: str, seed: int) -> Subject:
    """Return what a run is about, in the versions that are installed.

    Args:
        broker: The name that the broker was opened by.
        plugin: The distribution and version of the plugin.
        level: How far the run was to go.
        seed: What its own random choices start from.
    """
    return Subject(
        broker=broker,
        plugin=plugin,
        brokerkit=brokerkit.__version__,
        contract=contract_fingerprint(),
        python=platform.python_version(),
        level=level,
        seed=seed,
    )


def contract_fingerprint() -> str:
    """Return how many hooks the contract has, and a digest of their names, arguments and defaults."""
    words = [f"{facts.name}({facts.parameters}){sorted(facts.defaults)}" for facts in CONTRACT.values()]
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
    return f"{len(words)} hooks, {digest[:8]}"


def plugin_of(name: str) -> str:
    """Return the distribution and version that a plugin comes from; empty when it cannot be told."""
    from brokerkit.registry.entry_points import BROKERS, installed

    try:
        plugins = installed(BROKERS)
    except BrokerkitError:
        return ""
    found = plugins.get(name)
    return f"{found.distribution} {found.version}" if found is not None else ""
