"""Simulated brokers, each broken in one way, as plugins: the suite must catch every one by the test named for it."""

from __future__ import annotations

from typing import Any

from brokerkit_mutants import (
    accounts,
    bars,
    contracts,
    currency,
    events,
    faults,
    lifecycle,
    orders,
    positions,
    quotes,
    rates,
    reports,
)
from brokerkit_mutants.mutant import Mutant
from brokerkit_mutants.unusual import UNUSUAL

MUTANTS: dict[str, Mutant] = {
    mutant.name: mutant
    for module in (
        accounts,
        bars,
        contracts,
        currency,
        events,
        faults,
        lifecycle,
        orders,
        positions,
        quotes,
        rates,
        reports,
    )
    for mutant in module.MUTANTS
}


def __getattr__(name: str) -> Any:
    """Return the plugin of a mutant, which entry points name as an attribute."""
    if name in MUTANTS:
        return MUTANTS[name].plugin()
    if name in UNUSUAL:
        return UNUSUAL[name].mutant.plugin()
    raise AttributeError(name)
