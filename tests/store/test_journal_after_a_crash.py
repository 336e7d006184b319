"""A process killed with SIGKILL at every point of an order's life: sent once, nothing lost, nothing doubled."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Outcome = dict[str, Any]


@pytest.fixture
def outcomes(start_script: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> list[Outcome]:
    """What was found and made of it, for a kill before each SQL statement in turn, and for no kill."""
    output, _ = start_script("crash.py", tmp_path).communicate(timeout=120)
    return [json.loads(line) for line in output.splitlines()]


def test_whenever_it_is_killed_the_order_is_sent_once_and_its_fills_count_once(outcomes: list[Outcome]) -> None:
    assert [outcome["ended"] for outcome in outcomes] == [-9] * (len(outcomes) - 1) + [0]
    assert len(outcomes) > 40
    for outcome in outcomes:
        assert outcome["received"] == ["the-order 1"], outcome
        assert outcome["same_order"], outcome
        assert (outcome["state"], outcome["filled"], outcome["average_price"]) == ("filled", 2, "1950.1"), outcome
        assert outcome["commission"] == "(Money('USD', '4.10'),)", outcome
        assert (outcome["highest_order_id"], outcome["damage"]) == (1, []), outcome
    states = [outcome["state_found"] for outcome in outcomes]
    in_order = [[], ["pending"], ["working"], ["filled"]]
    assert [state for i, state in enumerate(states) if i == 0 or states[i - 1] != state] == in_order
