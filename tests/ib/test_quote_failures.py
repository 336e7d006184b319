"""Quotes that IB refuses for a while, in part, or at all, and quotes that come back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, ConnectionChange, DataGap, FuturesContract, QuoteStatus
from brokerkit.errors import (
    BrokerkitError,
    CompetingSession,
    ConnectionLost,
    DataPermissionDenied,
    InvalidArgument,
    MissingContract,
    MissingData,
    PacingViolation,
)
from brokerkit.plugins.ib import quotes
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.market_data import CancelMarketData, MarketDataRequest
from brokerkit.plugins.sim.gateway.codec.responses.market_data import TickPrice
from brokerkit.plugins.sim.gateway.codec.responses.session import Error
from brokerkit.plugins.sim.gateway.codes import Code

AnswerAs = Callable[..., None]
OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]
GOLD = FuturesContract("GOLD", "202402")
PART = "Part of requested market data is not subscribed. Subscription-independent ticks are still active."


class Requests:
    """Requests for quotes: how many came, and which of them the Gateway still answers."""

    def __init__(self, answer_as: AnswerAs) -> None:
        self._came = threading.Condition()
        self.count = 0
        self.open: set[int] = set()
        answer_as(MarketDataRequest, self._asked)
        answer_as(CancelMarketData, self._cancelled)

    def _asked(self, session: Any, request: Any, usual: Callable[..., None]) -> None:
        with self._came:
            self.count += 1
            self.open.add(request.req_id)
            self._came.notify_all()
        usual(session, request)

    def _cancelled(self, session: Any, request: Any, usual: Callable[..., None]) -> None:
        self.open.discard(request.req_id)
        usual(session, request)

    def reach(self, count: int, seconds: float = 10.0) -> bool:
        """Return whether so many have come in time."""
        with self._came:
            return self._came.wait_for(lambda: self.count >= count, seconds)


def test_a_time_that_cannot_be_waited_for_is_refused(broker: Broker) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    for timeout in (float("nan"), float("inf"), -1):
        with pytest.raises(InvalidArgument, match=r"wait_for_quote\(\) was given timeout"):
            ticker.wait_for_quote(timeout)


# Another session takes the data, and gives them back


def test_quotes_come_back_by_themselves_when_the_other_session_ends(
    gateway: SimulatedGateway, broker: Broker, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch, listen: Listen
) -> None:
    monkeypatch.setattr(quotes, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(quotes, "_LONGEST_PAUSE", 0.2)
    requests = Requests(answer_as)
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    with gateway.fault("competing-session"):
        listen(broker).wait_for(lambda: ticker.quote().status is QuoteStatus.NONE)
        assert "competing live session" in ticker.quote().reason
        assert requests.reach(5)  # it asks again and again
        with pytest.raises(CompetingSession):
            ticker.wait_for_quote()
    broker.native.connection.server_time()  # refusals on their way are in
    assert ticker.wait_for_quote(10).status is QuoteStatus.LIVE
    broker.native.connection.server_time()
    so_far = requests.count
    assert not requests.reach(so_far + 1, 0.5)
    assert len(requests.open) == 1


def test_pauses_grow_and_end_with_the_ticker(
    gateway: SimulatedGateway, broker: Broker, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "_FIRST_PAUSE", 0.05)
    requests = Requests(answer_as)
    broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote()
    with gateway.fault("competing-session"):
        assert requests.reach(4)
        began = time.monotonic()
        assert requests.reach(5)
        assert time.monotonic() - began > 0.2
        broker.prices.cancel_market_data_for_contract(GOLD)
        broker.native.connection.server_time()
        so_far = requests.count
        assert not requests.reach(so_far + 1, 1.0)
    assert requests.open == set()


def test_a_price_that_arrives_ends_the_failure(gateway: SimulatedGateway, broker: Broker, listen: Listen) -> None:
    """IB may go on with the same subscription: nothing is asked again, as the first pause is longer than this test."""
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    gateway.call(lambda inner: inner.tell_lines(Code.COMPETING_SESSION))
    listen(broker).wait_for(lambda: ticker.quote().status is QuoteStatus.NONE)
    listen(broker).wait_for(lambda: gateway.advance_bars(1) and ticker.quote().bid is not None, 1.0)
    assert ticker.wait_for_quote().status is QuoteStatus.LIVE


def test_a_ticker_that_failed_is_asked_for_again_when_it_is_wanted_again(
    open_ib: OpenIB, run_gateway: Callable[..., SimulatedGateway], listen: Listen
) -> None:
    gateway = run_gateway(clock=ManualClock())  # the same prices come again
    broker = open_ib(gateway)
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    before = ticker.wait_for_quote()
    with gateway.fault("competing-session"):
        listen(broker).wait_for(lambda: ticker.quote().status is QuoteStatus.NONE)
    again = broker.prices.get_ticker_object_for_contract(GOLD)
    assert again is ticker
    after = again.wait_for_quote(1.0)
    assert (after.bid, after.ask, after.status) == (before.bid, before.ask, QuoteStatus.LIVE)


def test_a_ticker_that_failed_while_the_line_broke_is_asked_for_once_more(
    gateway: SimulatedGateway, broker: Broker, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch, listen: Listen
) -> None:
    monkeypatch.setattr(quotes, "_FIRST_PAUSE", 0.05)
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    requests = Requests(answer_as)
    with gateway.fault("competing-session"):
        assert requests.reach(3)
        gateway.call(lambda inner: inner.restart())
        so_far = requests.count
        assert requests.reach(so_far + 3)
    listen(broker).wait_for(lambda: ticker.quote().status is QuoteStatus.LIVE)


# Permissions


@pytest.mark.parametrize("code", [10090, 10091, 10089, 354])
@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_quotes_that_follow_an_advisory_are_quotes(
    broker: Broker, answer_as: AnswerAs, code: int, delay: float
) -> None:
    def answer(session: Any, request: Any, usual: Callable[..., None]) -> None:
        session.send(Error(request.req_id, code, PART))
        asyncio.get_running_loop().call_later(delay, usual, session, request)

    answer_as(MarketDataRequest, answer)
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    assert ticker.wait_for_quote(10).status is QuoteStatus.LIVE
    assert ticker.quote().reason == ""


@pytest.mark.parametrize("code", [10089, 354])
def test_an_advisory_without_any_quote_is_a_failure_after_a_while(
    broker: Broker, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch, code: int, listen: Listen
) -> None:
    monkeypatch.setattr(quotes, "_GRACE", 0.5)
    answer_as(MarketDataRequest, lambda session, request, _: session.send(Error(request.req_id, code, PART)))
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    listen(broker).wait_for(lambda: ticker.quote().reason == f"IB has sent no price yet: {PART}")
    with pytest.raises(DataPermissionDenied):
        ticker.wait_for_quote(30)
    assert (ticker.quote().status, ticker.quote().reason) == (QuoteStatus.NONE, PART)


@pytest.mark.parametrize(("code", "kind"), [(321, InvalidArgument), (322, PacingViolation), (10999, BrokerkitError)])
def test_quotes_refused_with_any_other_code_say_so_and_are_asked_for_again(
    broker: Broker, answer_as: AnswerAs, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[BrokerkitError]
) -> None:
    monkeypatch.setattr(quotes, "_GRACE", 0.2)
    refusals = iter([PART])

    def answer(session: Any, request: Any, usual: Callable[..., None]) -> None:
        refusal = next(refusals, None)
        if refusal is None:
            usual(session, request)
        else:
            session.send(Error(request.req_id, code, refusal))

    answer_as(MarketDataRequest, answer)
    with pytest.raises(kind) as refused:
        broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote(30)
    assert refused.value.broker_message == PART
    assert broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote(30).status is QuoteStatus.LIVE


def test_an_advisory_that_some_data_are_missing_is_the_reason_for_none(broker: Broker, answer_as: AnswerAs) -> None:
    answer_as(MarketDataRequest, lambda session, request, _: session.send(Error(request.req_id, 10090, PART)))
    with pytest.raises(MissingData) as missing:
        broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote(0.5)
    assert PART in missing.value.broker_message


@pytest.mark.parametrize("code", [10168, 10186])
def test_no_subscription_at_all_is_said_at_once(broker: Broker, answer_as: AnswerAs, code: int) -> None:
    answer_as(MarketDataRequest, lambda session, request, _: session.send(Error(request.req_id, code, "none")))
    with pytest.raises(DataPermissionDenied):
        broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote(30)


def test_who_asks_for_a_ticker_that_another_thread_is_starting_gets_no_broken_one(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    start = quotes.IBTicker.start

    def slow(self: Any, contract: Any) -> None:
        begun.set()
        go.wait(10)
        start(self, contract)

    monkeypatch.setattr(quotes.IBTicker, "start", slow)
    starting = threading.Thread(target=lambda: broker.prices.get_ticker_object_for_contract(GOLD))
    starting.start()
    begun.wait(10)
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    assert ticker.quote().status is QuoteStatus.NONE
    go.set()
    starting.join(10)
    assert ticker.wait_for_quote().status is QuoteStatus.LIVE


def test_a_ticker_that_could_not_be_started_is_started_when_it_is_wanted_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionLost("The socket was closed.")

    broker.contracts.get_contract_object_with_broker_data(GOLD)
    with monkeypatch.context() as patch:
        patch.setattr(broker.native.prices.ib_client, "start_quotes", fail)
        with pytest.raises(ConnectionLost):
            broker.prices.get_ticker_object_for_contract(GOLD)
    assert broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote().status is QuoteStatus.LIVE


def test_quotes_come_back_also_while_a_handler_of_the_live_ib_object_is_busy(
    gateway: SimulatedGateway, broker: Broker, answer_as: AnswerAs
) -> None:
    requests, over, busy = Requests(answer_as), threading.Event(), threading.Event()
    broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote()

    def wait() -> None:
        busy.set()
        over.wait(60)

    broker.native.ib.disconnectedEvent += wait
    try:
        gateway.call(lambda inner: inner.restart())
        assert busy.wait(30)
        assert requests.reach(2)
    finally:
        over.set()


# Prices that are none


@pytest.mark.parametrize(
    ("price", "size", "quoted"),
    [
        (-1.0, 0, None),
        (0.0, 0, None),
        (1.7976931348623157e308, 5, None),
        (-1.0, 3, -1),
        (0.0, 7, 0),
        (2000.5, 2, 2000.5),
    ],
)
def test_a_side_of_a_quote_has_a_price_if_there_are_lots_of_it(
    broker: Broker, answer_as: AnswerAs, listen: Listen, price: float, size: int, quoted: float | None
) -> None:
    """IB tells a price of -1 or 0 and no lots where there is none; a future may trade at both."""

    def answer(session: Any, request: Any, _usual: Callable[..., None]) -> None:
        for bid_ask_or_last in (1, 2, 4):
            session.send(TickPrice(request.req_id, bid_ask_or_last, price, size))

    answer_as(MarketDataRequest, answer)
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    broker.native.connection.server_time()
    quote = ticker.quote()
    assert [quote.bid, quote.ask, quote.last] == [quoted] * 3
    assert [quote.bid_size, quote.ask_size, quote.last_size] == [None if quoted is None else size] * 3


# The line breaks


def test_a_price_of_before_a_break_is_no_quote(gateway: SimulatedGateway, broker: Broker, listen: Listen) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    heard = listen(broker)
    with gateway.fault("connectivity"):
        heard.wait_for(lambda: heard.of(ConnectionChange))
        forgotten(ticker)
    assert ticker.wait_for_quote().status is QuoteStatus.LIVE
    heard = listen(broker)
    gateway.cut()
    heard.wait_for(lambda: heard.of(ConnectionChange))
    forgotten(ticker)
    gateway.mend()
    assert ticker.wait_for_quote().status is QuoteStatus.LIVE


def forgotten(ticker: Any) -> None:
    """See that a ticker says that the line is down, and says no price."""
    quote = ticker.quote()
    assert (quote.status, quote.bid, quote.ask, quote.last) == (QuoteStatus.NONE, None, None, None)
    assert "the line to IB is down" in quote.reason
    with pytest.raises(ConnectionLost):
        ticker.wait_for_quote(0.1)


def test_quotes_of_before_a_data_farm_broke_are_frozen_until_it_is_back(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    before = ticker.wait_for_quote()
    with gateway.fault("farm"):
        listen(broker).wait_for(lambda: ticker.quote().status is not QuoteStatus.LIVE)
        stale = ticker.quote()
        assert (stale.status, stale.bid, stale.ask, stale.time) == (
            QuoteStatus.FROZEN,
            before.bid,
            before.ask,
            before.time,
        )
        assert "data farm usfarm is disconnected" in stale.reason
    listen(broker).wait_for(lambda: ticker.quote().status is not QuoteStatus.FROZEN)
    fresh = ticker.wait_for_quote()
    assert (fresh.status, fresh.reason) == (QuoteStatus.LIVE, "")
    assert fresh.time > before.time


def test_quotes_that_come_after_a_data_farm_broke_are_another_s(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    before = ticker.wait_for_quote()
    for code, farm in ((2103, "Market data farm connection is broken:eufarm"), (2105, "HMDS is broken:ushmds")):
        gateway.call(lambda inner, code=code, farm=farm: inner.notice(code, farm))
    listen(broker).wait_for(lambda: ticker.quote().status is QuoteStatus.FROZEN)
    listen(broker).wait_for(lambda: gateway.advance_bars(1) and ticker.quote().time > before.time)
    assert ticker.quote().status is QuoteStatus.LIVE


def test_a_history_farm_that_broke_leaves_quotes_live(gateway: SimulatedGateway, broker: Broker) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    ticker.wait_for_quote()
    gateway.call(lambda inner: inner.notice(2105, "HMDS data farm connection is broken:ushmds"))
    broker.native.connection.server_time()
    assert ticker.quote().status is QuoteStatus.LIVE


# One contract has two names


@pytest.mark.parametrize("name", ["ib_insync", "ib_async"])
def test_the_end_of_a_contract_s_quotes_by_one_name_leaves_those_by_another(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen, name: str
) -> None:
    """GOLD of February 2024 is also GOLD of the day on which that expires."""
    pytest.importorskip(name)
    broker = open_ib(gateway, library=name)
    by_month = broker.prices.get_ticker_object_for_contract(GOLD)
    by_month.wait_for_quote()
    expiry = broker.contracts.get_actual_expiry_date_for_single_contract(GOLD)
    by_day = FuturesContract("GOLD", f"{expiry:%Y%m%d}")
    assert broker.prices.get_ticker_object_for_contract(by_day).wait_for_quote().contract == by_day
    broker.prices.cancel_market_data_for_contract(by_day)
    last = by_month.wait_for_quote()
    heard = listen(broker)
    heard.wait_for(lambda: gateway.advance_bars(1) and by_month.quote().bid not in (None, last.bid))


def test_quotes_can_be_ended_while_ib_denies_the_contract_or_the_line_is_down(
    gateway: SimulatedGateway, open_ib: OpenIB, answer_as: AnswerAs, listen: Listen
) -> None:
    broker, requests = open_ib(gateway, contract_age=0.0), Requests(answer_as)
    broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote()
    with gateway.fault("maintenance"):
        assert broker.prices.cancel_market_data_for_contract(GOLD) == GOLD
    broker.native.connection.server_time()
    assert (requests.count, requests.open) == (1, set())
    broker.prices.get_ticker_object_for_contract(GOLD).wait_for_quote()
    heard = listen(broker)
    gateway.cut()
    heard.wait_for(lambda: heard.of(ConnectionChange))
    assert broker.prices.cancel_market_data_for_contract(GOLD) == GOLD
    gateway.mend()
    heard.wait_for(lambda: heard.of(DataGap))
    broker.native.connection.errands.flush()
    broker.native.connection.server_time()
    assert requests.count == 2  # nobody asks for them again
    with pytest.raises(MissingContract):
        broker.prices.cancel_market_data_for_contract(FuturesContract("GOLD", "209912"))
