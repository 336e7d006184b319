"""Every scenario file, and every scenario in docs/sim.md, gives the event log that it expects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brokerkit.plugins.sim.exchange.scenario import Scenario, main

HERE = Path(__file__).parent
FILES = sorted((HERE / "scenarios").glob("*.toml"))
GUIDE = HERE.parent.parent / "docs" / "sim.md"
EXAMPLES = re.findall(r"```toml\n(title = .*?)```", GUIDE.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_gives_the_log_it_expects(path: Path) -> None:
    assert Scenario.from_file(path).problems() == []


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.partition("\n")[0].removeprefix("title = "))
def test_a_worked_example_of_the_guide_is_true(text: str) -> None:
    scenario = Scenario.from_text(text, "docs/sim.md")
    assert "expect" in scenario.script
    assert scenario.problems() == []


def test_there_are_scenarios_and_examples_enough() -> None:
    assert len(FILES) >= 60
    assert len(EXAMPLES) >= 15


def test_a_difference_is_shown_as_a_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILES[0].read_text("utf-8").replace("working", "worrying")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text)
    assert main([str(FILES[0]), str(wrong)]) == 1
    shown = capsys.readouterr().out
    assert f"{FILES[0]}: as expected" in shown
    assert f"{wrong}: differs" in shown
    assert "worrying" in shown


def test_an_error_that_does_not_come_is_a_surprise() -> None:
    text = FILES[0].read_text("utf-8").replace("{ run = true }", "{run = true}")
    wrong = text.replace("{run = true}", '{run = true, error = "OrderRejected"}', 1)
    assert any("OrderRejected was expected" in line for line in Scenario.from_text(wrong).problems())
