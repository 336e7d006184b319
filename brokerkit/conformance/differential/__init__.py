"""One scenario on two brokers, and where what they tell parts."""

from __future__ import annotations

import difflib

from brokerkit import open_broker
from brokerkit.conformance.differential.scenarios import SCENARIOS, Scenario
from brokerkit.conformance.normalise import normalised
from brokerkit.conformance.recorder import Recorder
from brokerkit.errors import InvalidArgument


def scenario_named(name: str) -> Scenario:
    """Return a scenario by its name.

    Raises:
        InvalidArgument: There is none of that name.
    """
    if name not in SCENARIOS:
        raise InvalidArgument(f"There is no scenario {name!r}.", given=name, candidates=SCENARIOS)
    return SCENARIOS[name]


def log_of(broker_name: str, scenario: Scenario, instrument: str = "") -> list[str]:
    """Return what a broker tells of a scenario, in words that name no id, no clock and no wording of its own.

    Raises:
        InvalidArgument: The broker's account is live; nothing was sent.
    """
    heard = Recorder()
    with open_broker(broker_name) as broker, heard.listen_to(broker):
        if broker.account_kind.value == "live":
            raise InvalidArgument(
                f"Broker {broker_name!r} trades a live account.", remedy="Compare simulated and paper accounts only."
            )
        answers = scenario(broker, instrument)
        return [*answers, *normalised(heard.events)]


def parting(first: list[str], second: list[str], names: tuple[str, str]) -> list[str]:
    """Return where two logs part, as a unified diff; empty when they are the same."""
    return list(difflib.unified_diff(first, second, *names, lineterm="", n=3))
