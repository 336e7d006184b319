"""One scenario on two brokers: the same is called the same, and a difference is shown where it is."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from brokerkit.cli.app import app
from brokerkit.conformance.differential import log_of, parting, scenario_named
from brokerkit.errors import InvalidArgument


@pytest.mark.parametrize("name", ["facts", "round-trip", "resting"])
def test_a_simulation_tells_the_same_twice(name: str) -> None:
    logs = [log_of("sim", scenario_named(name), "GOLD") for _ in range(2)]
    assert logs[0]
    assert not parting(*logs, ("sim", "sim"))


def test_brokers_on_other_prices_part(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = log_of("sim", scenario_named("round-trip"), "GOLD")
    monkeypatch.setenv("BROKERKIT_SIM_SEED", "8")
    other = log_of("sim", scenario_named("round-trip"), "GOLD")
    assert any(line.startswith("-fill 1 ") for line in parting(sound, other, ("one", "two")))


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(InvalidArgument, match="Did you mean 'round-trip'"):
        scenario_named("roundtrip")


def test_the_command_says_that_both_tell_the_same() -> None:
    result = CliRunner().invoke(app, ["diff", "sim", "sim", "facts", "--instrument", "CORN"])
    assert result.exit_code == 0, result.output
    assert "sim and sim give the same result" in result.output
