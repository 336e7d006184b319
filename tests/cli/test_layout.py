"""Tables on terminals of any width: no name and no number is ever cut, because it is copied or compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokerkit.cli.output import print_facts, print_table

REFERENCE = "a2843ca73dff-1"
HEADINGS = ["reference", "contract", "order", "lots>", "filled>", "average>", "state", "by", "reason"]
CORN = (REFERENCE, "CORN/202312", "market DAY", "+1", "+1", "695.25", "filled", "ours", "")
SPREAD = (REFERENCE, "EDOLLAR/202306_202309", "limit 0.115 DAY", "+1 -1", "0 0", None, "working", "ours", "")


@pytest.fixture
def at_width(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return the lines that a table of some width's terminal shows."""

    def show(width: int, headings: list[str], *rows: tuple[object, ...]) -> list[str]:
        monkeypatch.setattr("brokerkit.cli.output._PIPED_WIDTH", width)
        print_table(headings, rows, title="Orders")
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return show


def test_a_wide_terminal_shows_a_row_an_order(at_width):
    title, headings, _, row = at_width(120, HEADINGS, CORN)
    assert (title, headings.split()) == ("Orders", [heading.rstrip(">") for heading in HEADINGS])
    assert row.split() == [REFERENCE, "CORN/202312", "market", "DAY", "+1", "+1", "695.25", "filled", "ours", "-"]


def test_eighty_columns_leave_out_what_no_order_has_and_cut_nothing(at_width):
    _, headings, _, row = at_width(80, HEADINGS, CORN)
    assert headings.split()[-1] == "by"
    assert row.split() == [REFERENCE, "CORN/202312", "market", "DAY", "+1", "+1", "695.25", "filled", "ours"]


def test_a_terminal_too_narrow_for_a_row_shows_a_record_an_order(at_width):
    lines = at_width(60, HEADINGS, CORN, SPREAD)
    assert lines[1:8] == [
        f"reference  {REFERENCE}",
        "contract   CORN/202312",
        "order      market DAY",
        "lots       +1",
        "filled     +1",
        "average    695.25",
        "state      filled",
    ]
    assert lines[9:12] == ["", f"reference  {REFERENCE}", "contract   EDOLLAR/202306_202309"]
    assert "lots       +1 -1" in lines


def test_words_wrap_before_a_table_gives_way(at_width):
    lines = at_width(40, ["name", "about"], ("sim", "A simulated exchange with a clock that you move on"))
    assert lines[3:] == ["sim    A simulated exchange with a clock", "       that you move on"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    width=st.integers(20, 130),
    rows=st.lists(st.tuples(*[st.text("abcdefgh01/-.", min_size=1, max_size=18)] * 6), min_size=1, max_size=4),
)
def test_nothing_without_a_space_is_broken_at_any_width(at_width, width: int, rows: list[tuple[str, ...]]):
    lines = at_width(width, ["id", "contract", "lots>", "price>", "state", "by"], *rows)
    assert all(len(line) <= max(width, 28) for line in lines)
    if width >= 28:  # the longest heading, a gap, and the longest cell
        shown = " ".join(lines).split()
        assert all(value in shown for row in rows for value in row if value != "-")


def test_a_fact_longer_than_its_line_goes_on_below(capsys, monkeypatch):
    monkeypatch.setattr("brokerkit.cli.output._PIPED_WIDTH", 20)
    print_facts([("reason", "x" * 30)])
    assert "".join(capsys.readouterr().out.split()) == "reason" + "x" * 30
