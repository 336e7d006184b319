"""Every scenario file, and every scenario in docs/sim.md, gives the event log that it expects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.scenario import Scenario

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


def test_an_error_that_does_not_come_is_a_surprise() -> None:
    text = FILES[0].read_text("utf-8").replace("{ run = true }", "{run = true}")
    wrong = text.replace("{run = true}", '{run = true, error = "OrderRejected"}', 1)
    assert any("OrderRejected was expected" in line for line in Scenario.from_text(wrong).problems())


SCRIPT = (
    """
steps = [
    {submit = "a", quantity = 1, type = "limit", limit = "100"},
    {cancel = "a"},
]
[contracts."GOLD/202312"]
bars = """
    + "'''\n09:00  100.0  101.0  99.0  100.5  10\n'''\n"
)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('limit = "100"', 'limitt = "100"', r"no 'limitt' here. \(x step 1\) Did you mean 'limit'\?"),
        ("{submit", "{submits", r"does nothing: it has submits.* \(x step 1\) Did you mean 'submit'\?"),
        ('cancel = "a"', 'cancel = "b"', r"No earlier step places an order 'b'. \(x step 2\)"),
        ('cancel = "a"', 'cancel = "a", run = true', r"does cancel and run at once"),
        (
            'type = "limit"',
            'type = "limits"',
            r"'limits' is not a valid OrderType. \(x step 1\) Did you mean 'limit'\?",
        ),
        ("quantity = 1, ", "", r"no quantity. \(x step 1\)"),
        ("bars =", "tick_size = 1\nbars =", r"no 'tick_size' here. \(x contract GOLD/202312\) Did you mean 'tick"),
        ("100.5  10", "100.5  ten", r"could not convert string to float: 'ten'. \(x contract GOLD/202312\)"),
        ("100.5  10", "100.5", r""),
        ("100.5  10", "100.5  10\n09:01  100.0  101.0  99.0  100.5", r"Row 2 has 5 columns"),
        ("99.0  100.5  10", "99.0", r"Row 1 has 4 columns"),
        ("[contracts", "[models]\ncommision = {per_lot = 1}\n[contracts", r"Did you mean 'commission'\?"),
        ("[contracts", "[[faults]]\nat = 1\n[contracts", r"A fault has no name"),
        ("[contracts", '[expect]\nlogs = ""\n[contracts', r"Did you mean 'log'\?"),
    ],
)
def test_what_a_scenario_does_not_have_is_refused_by_name_and_place(right: str, wrong: str, told: str) -> None:
    assert right in SCRIPT
    scenario = Scenario.from_text(SCRIPT.replace(right, wrong, 1), "x")
    if not told:
        assert scenario.problems() == []  # the volume may be left out
        return
    with pytest.raises(InvalidArgument, match=told):
        scenario.run()
