"""History that IB refuses, or never answers: nothing of it may pass for "there were no bars"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from brokerkit import Broker, Frequency, FuturesContract
from brokerkit.errors import BrokerkitError, CompetingSession, ConnectionProblem, InvalidArgument
from brokerkit.plugins.sim.gateway.codec.requests.history import HistoricalDataRequest
from brokerkit.plugins.sim.gateway.codes import Code

AnswerAs = Callable[..., None]
GOLD = FuturesContract("GOLD", "202402")
END = datetime(2023, 11, 29, tzinfo=timezone.utc)
HMDS = "Historical Market Data Service error message:"


def refusing(text: str, numbers: set[int]) -> Callable[..., None]:
    """Return an answer that refuses some requests by their number, and gives the usual one to all others."""
    seen: list[int] = []

    def answer(session: Any, request: Any, usual: Callable[..., None]) -> None:
        seen.append(len(seen))
        if seen[-1] in numbers:
            session.error(request.req_id, Code.HISTORY, HMDS + text)
        else:
            usual(session, request)

    return answer


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Trading TWS session is connected from a different IP address", CompetingSession),
        ("API historical data query cancelled: 9", ConnectionProblem),
        ("Invalid step", InvalidArgument),
        ("Mensaje de error de los servicios de datos", ConnectionProblem),
    ],
)
@pytest.mark.parametrize(
    ("ask", "number"),
    [
        (lambda b: b.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE, END - timedelta(days=12), END), 1),
        (lambda b: b.fx.get_fx_prices("GBPUSD"), 0),
    ],
    ids=["bars", "rates"],
)
def test_a_stretch_that_ib_refuses_is_an_error_and_no_hole(
    broker: Broker,
    answer_as: AnswerAs,
    text: str,
    error: type[BrokerkitError],
    ask: Callable[[Broker], Any],
    number: int,
) -> None:
    answer_as(HistoricalDataRequest, refusing(text, {number}))
    with pytest.raises(error) as refused:
        ask(broker)
    assert type(refused.value) is error
    assert (refused.value.broker_code, refused.value.broker_message) == (162, HMDS + text)


def test_a_stretch_without_bars_is_left_out(broker: Broker, answer_as: AnswerAs) -> None:
    answer_as(HistoricalDataRequest, refusing("HMDS query returned no data: GCG4@COMEX Trades", {0}))
    start = END - timedelta(days=12)
    assert not broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE, start, END).empty
