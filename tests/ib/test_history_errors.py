"""History that IB refuses, or never answers: nothing of it may pass for "there were no bars"."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from brokerkit import Broker, Frequency, FuturesContract
from brokerkit.errors import (
    BrokerkitError,
    CompetingSession,
    ConnectionProblem,
    InvalidArgument,
    MissingData,
    OrderError,
    PacingViolation,
    RequestTimedOut,
)
from brokerkit.plugins.ib import history_pacing
from brokerkit.plugins.ib.clients import prices
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.history import (
    CancelHeadTimestamp,
    CancelHistoricalData,
    HeadTimestampRequest,
    HistoricalDataRequest,
    HistoricalTicksRequest,
)
from brokerkit.plugins.sim.gateway.codec.responses.history import BidAskTick, HeadTimestamp, HistoricalTicksBidAsk
from brokerkit.plugins.sim.gateway.codec.responses.session import Error
from brokerkit.plugins.sim.gateway.codes import Code

OpenIB = Callable[..., Broker]
AnswerAs = Callable[..., None]
GOLD = FuturesContract("GOLD", "202402")
END = datetime(2023, 11, 29, tzinfo=timezone.utc)
NO_HEAD = "Historical Market Data Service error message:No head time stamp"
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


@pytest.mark.parametrize("refused", [{0, 1}, set(range(9))], ids=["twice", "always"])
def test_what_ib_refuses_for_pacing_is_asked_again_after_growing_pauses(
    broker: Broker, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch, refused: set[int]
) -> None:
    """It counts the requests of others too, of which this process knows nothing."""
    monkeypatch.setattr(prices, "_PACING_PAUSE", 0.1)
    times: list[float] = []
    refuse = refusing("Historical data request pacing violation", refused)

    def answer(session: Any, request: Any, usual: Callable[..., None]) -> None:
        times.append(time.monotonic())
        refuse(session, request, usual)

    answer_as(HistoricalDataRequest, answer)
    if len(refused) == 2:
        assert not broker.prices.get_prices_for_contract_object(GOLD, start=END - timedelta(days=5), end=END).empty
    else:
        with pytest.raises(PacingViolation):
            broker.prices.get_prices_for_contract_object(GOLD, start=END - timedelta(days=5), end=END)
    first, second, third = times
    assert (second - first >= 0.1, third - second >= 0.2) == (True, True)


class Heads:
    """Questions for the oldest bar: which are open, how many were so at once, and which were called off."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.called_off: list[int] = []
        self.most = 0

    def say_nothing(self, _session: Any, request: Any, _usual: Callable[..., None]) -> None:
        self.open.add(request.req_id)
        self.most = max(self.most, len(self.open))

    def answer(self, session: Any, request: Any, usual: Callable[..., None]) -> None:
        self.say_nothing(session, request, usual)
        usual(session, request)

    def refuse(self, session: Any, request: Any, _usual: Callable[..., None]) -> None:
        session.send(Error(request.req_id, 10999, "Something that nobody has described."))

    def call_off(self, _session: Any, request: Any, _usual: Callable[..., None]) -> None:
        self.open.discard(request.req_id)
        self.called_off.append(request.req_id)


@pytest.mark.parametrize(
    "ask",
    [lambda b: b.prices.get_prices_for_contract_object(GOLD), lambda b: b.fx.get_fx_prices("GBPUSD")],
    ids=["bars", "rates"],
)
def test_an_oldest_bar_that_is_never_told_is_a_timeout_and_called_off(
    gateway: SimulatedGateway, open_ib: OpenIB, answer_as: AnswerAs, ask: Callable[[Broker], Any]
) -> None:
    broker, heads = open_ib(gateway, request_timeout=2.0), Heads()
    answer_as(HeadTimestampRequest, heads.say_nothing)
    answer_as(CancelHeadTimestamp, heads.call_off)
    with pytest.raises(RequestTimedOut, match="oldest bar"):
        ask(broker)
    broker.native.connection.server_time()  # what was sent before has been read
    assert (len(heads.called_off), heads.open) == (1, set())


def test_oldest_bars_are_asked_for_as_history_is_and_each_question_is_ended(
    gateway: SimulatedGateway, open_ib: OpenIB, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_pacing, "_MOST_OPEN", 2)
    broker, heads = open_ib(gateway), Heads()
    answer_as(HeadTimestampRequest, heads.answer)
    answer_as(CancelHeadTimestamp, heads.call_off)
    contracts = [
        FuturesContract(code, date)
        for code in ("GOLD", "CORN", "SP500", "EDOLLAR")
        for date in broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
    ]
    assert not broker.prices.get_prices_for_contract_objects(contracts).errors
    broker.native.connection.server_time()
    assert (heads.most, len(heads.called_off), heads.open) == (2, len(contracts), set())


def test_an_oldest_bar_of_before_march_1973_is_no_date(broker: Broker, answer_as: AnswerAs) -> None:
    """Its seconds have eight digits, as a date has."""
    whole = broker.prices.get_prices_for_contract_object(GOLD)
    answer_as(HeadTimestampRequest, lambda session, asked, _: session.send(HeadTimestamp(asked.req_id, "94694400")))
    assert whole.equals(broker.prices.get_prices_for_contract_object(GOLD))


def test_what_ib_refuses_of_history_is_no_rejected_order(broker: Broker, answer_as: AnswerAs) -> None:
    answer_as(HeadTimestampRequest, Heads().refuse)
    with pytest.raises(BrokerkitError) as refused:
        broker.prices.get_prices_for_contract_object(GOLD)
    assert not isinstance(refused.value, OrderError)
    assert refused.value.broker_code == 10999


def test_history_without_any_bar_is_an_error_and_no_empty_frame(broker: Broker, answer_as: AnswerAs) -> None:
    answer_as(HistoricalDataRequest, refusing("HMDS query returned no data: GCG4@COMEX Trades", set(range(99))))
    with pytest.raises(MissingData, match="no 1d bars of GOLD/202402"):
        broker.prices.get_prices_for_contract_object(GOLD, Frequency.DAY, END - timedelta(days=30), END)


def test_a_bar_that_is_under_way_alone_is_no_history(broker: Broker) -> None:
    now = broker.native.server_time()
    with pytest.raises(MissingData):
        broker.prices.get_prices_for_contract_object(GOLD, Frequency.HOUR, now - timedelta(minutes=1), now)


def test_an_interrupt_calls_off_what_nobody_waits_for_any_more(broker: Broker, answer_as: AnswerAs) -> None:
    """A download of hours went on in the background, and whoever asked next waited behind it."""
    asked, ended = threading.Event(), threading.Event()
    answer_as(HistoricalDataRequest, lambda *_: asked.set())
    answer_as(CancelHistoricalData, lambda *_: ended.set())

    def interrupt() -> None:
        asked.wait(30)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        broker.prices.get_prices_for_contract_object(GOLD, Frequency.DAY, END - timedelta(days=30), END)
    interrupter.join()
    assert ended.wait(10)


@pytest.mark.parametrize("frequency", [Frequency.DAY, Frequency.HOUR, Frequency.MINUTE])
def test_bars_whose_oldest_ib_does_not_name_are_read_as_far_back_as_there_are_any(
    broker: Broker, answer_as: AnswerAs, frequency: Frequency
) -> None:
    """IB names no oldest bar of many a contract that has expired, and has its bars all the same."""
    whole = broker.prices.get_prices_for_contract_object(GOLD, frequency)
    answer_as(HeadTimestampRequest, lambda session, asked, _: session.error(asked.req_id, Code.HISTORY, NO_HEAD))
    assert whole.equals(broker.prices.get_prices_for_contract_object(GOLD, frequency))
    with pytest.raises(MissingData, match=r"No head time stamp.*Give a `start`"):
        broker.prices.get_prices_for_contract_object(GOLD, Frequency.SECOND)  # that would take hours


def test_a_side_of_a_tick_without_a_quote_is_no_price(broker: Broker, answer_as: AnswerAs) -> None:
    """IB tells a price of -1 or 0 and no lots of it; a price of -1 for which there are lots is one."""
    second = int(END.timestamp())
    quotes = (BidAskTick(second, 0, -1, 5, 0, 3), BidAskTick(second, 0, 4, 0, 2, 0), BidAskTick(second, 0, -1, 1, 7, 8))

    def answer(session: Any, request: Any, _usual: Callable[..., None]) -> None:
        session.send(HistoricalTicksBidAsk(request.req_id, quotes))

    answer_as(HistoricalTicksRequest, answer)
    ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(GOLD)
    assert [[None if side != side else side for side in row] for row in ticks[["bid", "ask"]].to_numpy().tolist()] == [
        [None, 5],
        [4, None],
        [-1, 1],
    ]


def test_a_request_that_ib_has_lost_is_an_error_and_no_hole(broker: Broker, answer_as: AnswerAs) -> None:
    """Of a question that it dropped, when its history farm was reset say, IB tells that there is none by that id."""
    asked: list[int] = []

    def lose_the_first(session: Any, request: Any, usual: Callable[..., None]) -> None:
        asked.append(request.req_id)
        if len(asked) == 1:
            session.error(
                request.req_id, Code.NO_HISTORY_QUERY, f"No historical data query found for ticker id:{asked[0]}"
            )
        else:
            usual(session, request)

    answer_as(HistoricalDataRequest, lose_the_first)
    with pytest.raises(ConnectionProblem) as lost:
        broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE, END - timedelta(days=12), END)
    assert lost.value.broker_code == 366


def test_a_download_may_take_as_long_as_the_pacing_rules_make_it(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty requests for seconds in ten minutes are half an hour of bars each: two days of ten contracts take hours."""
    limits: list[float] = []
    run = broker.native.connection.run

    def noted(coroutine: Any, what: str, timeout: float) -> Any:
        limits.append(timeout)
        return run(coroutine, what, timeout)

    monkeypatch.setattr(broker.native.connection, "run", noted)
    broker.prices.get_prices_for_contract_object(GOLD, Frequency.DAY, END - timedelta(days=30), END)
    requests = 10 * timedelta(days=2) / timedelta(minutes=30)
    assert limits[0] > requests * 600 / 60
