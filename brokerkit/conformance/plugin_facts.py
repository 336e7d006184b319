"""Facts that a plugin states itself, so that its users need not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brokerkit.conformance.facts import Facts
from brokerkit.conformance.outcomes import blocked

if TYPE_CHECKING:
    from brokerkit import Broker

ATTRIBUTE = "conformance_facts"
"""The method of a plugin's native object that returns them: by fact, settings, or in words why there are none."""


def settings_fact(name: str, facts: Facts, broker: Broker) -> Mapping[str, Any]:
    """Return settings that are a fact: those that were given, or else the plugin's own; blocked without any."""
    given: Mapping[str, Any] | None = getattr(facts, name)
    if given is not None:
        return given
    stated: Mapping[str, Mapping[str, Any] | str] = getattr(broker.native, ATTRIBUTE, dict)()
    found = stated.get(name, f"the fact {name} is not given")
    return blocked(found) if isinstance(found, str) else found
