"""Bars that are asked for again: told anew when one has ended since, and spelt only then, but for the last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import PreparedRows, requests
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.rooms import history
from brokerkit.plugins.sim.gateway.rooms.bar_answers import AnswerCache, prepared

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
Connect = Callable[..., Any]


@pytest.fixture
def spelt(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of bars that were spelt, in order."""
    counts: list[int] = []

    def counted(bars: Any, dates: list[str]) -> PreparedRows:
        counts.append(len(bars))
        return prepared(bars, dates)

    monkeypatch.setattr(history, "prepared", counted)
    return counts


def test_a_clock_that_runs_makes_no_new_bars_until_one_has_ended(
    run_gateway: Connect, raw: Connect, spelt: list[int]
) -> None:
    gateway: SimulatedGateway = run_gateway(clock=ManualClock())
    client = raw(gateway)
    asked = requests.history.HistoricalDataRequest(1, ES, bar_size="1 min", duration="3600 S", what_to_show="TRADES")

    def answer(after: timedelta) -> tuple[str, list[str]]:
        gateway.advance(after)
        ((_, _, _, end, count, *rows),) = client.answers(asked)
        assert count == "60"
        return end, rows

    first_end, first = answer(timedelta(seconds=10))
    end, rows = answer(timedelta(seconds=20))
    assert end > first_end
    assert rows == first
    assert spelt == [1, 59, 1]  # the last one each time: it may be under way
    _, rows = answer(timedelta(seconds=40))
    assert rows[: -2 * 8] == first[8:-8]
    assert rows[-2 * 8 : -8] == first[-8:]
    assert spelt == [1, 59, 1, 1, 59]


def test_the_oldest_answers_make_room() -> None:
    cache = AnswerCache(characters=25, questions=2)
    for name in "abc":
        cache.rows(f"question {name}", name, lambda: PreparedRows(1, "x" * 10))
    assert cache.characters == 20
    assert cache.get("question a") is None
    assert cache.get("question c") == PreparedRows(1, "x" * 10)


def test_short_answers_make_room_by_their_number() -> None:
    cache = AnswerCache(questions=2)
    for number in range(1000):
        cache.rows(number, number, lambda: PreparedRows(1, "x"))
    assert cache.characters == 8


def test_an_answer_longer_than_all_that_is_kept_is_told_and_makes_room_for_the_next() -> None:
    cache = AnswerCache(characters=25)
    assert len(cache.rows("long", "long", lambda: PreparedRows(1, "x" * 100)).text) == 100
    cache.rows("short", "short", lambda: PreparedRows(1, "x"))
    assert cache.characters == 1


@pytest.mark.parametrize(("kind", "code"), [("TRADES", "162"), ("NONSENSE", "321"), ("", "321")])
def test_the_earliest_time_is_of_data_that_there_are(run_gateway: Connect, raw: Connect, kind: str, code: str) -> None:
    client = raw(run_gateway())
    euro = Contract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", currency="USD")
    (error,) = client.answers(requests.history.HeadTimestampRequest(1, euro, what_to_show=kind))
    assert (error[0], error[2], error[3]) == ("4", "1", code)
    (found,) = client.answers(requests.history.HeadTimestampRequest(2, euro, what_to_show="MIDPOINT"))
    assert found[0] == "88"
