"""An exchange that a feed fills: contracts are listed when used, and bars are there before the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from decimal import Decimal

import pytest

from brokerkit.errors import InvalidArgument, MissingContract, MissingFxCode, RequestTimedOut
from brokerkit.plugins.sim.exchange import OutsideHours
from brokerkit.plugins.sim.feeds import FedExchange, HouseRules, SyntheticFeed
from brokerkit.plugins.sim.feeds.bars import DAY, Bars, to_datetime
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, TimeInForce

FEED = SyntheticFeed()
GOLD, BUND = FuturesContract("GOLD", "202306"), FuturesContract("BUND", "202306")


@pytest.fixture
def exchange() -> Iterator[FedExchange]:
    made = FedExchange(FEED, FEED.default_start)
    made.open_account("A", {"USD": 10_000_000})
    yield made
    made.close()


def test_terms_come_from_the_feed(exchange: FedExchange) -> None:
    exchange.ensure_listed(FuturesContract("CORN", "202305"))
    terms = exchange.terms(FuturesContract("CORN", "202305"))
    assert (terms.tick_size, terms.point_value, terms.currency) == (Decimal("0.25"), Decimal(50), "USD")
    assert terms.initial_margin > terms.maintenance_margin > 0
    assert terms.expiry == to_datetime(FEED.contracts("CORN")[0].last_trade).replace(
        year=2023, month=5, day=12, hour=18, minute=20
    )


def test_a_foreign_contract_brings_its_currency_along(exchange: FedExchange) -> None:
    exchange.ensure_listed(BUND)
    assert exchange.contracts() == [FxPair("EURUSD"), BUND]
    exchange.submit(Order.market(BUND, 1)).wait()
    assert exchange.margins().initial.amount > 0


def test_a_base_currency_that_nothing_quotes_directly_is_reached_by_a_cross() -> None:
    british = FedExchange(FEED, FEED.default_start, rules=HouseRules("GBP"))
    british.open_account("A", {"GBP": 1_000_000, "JPY": 1_000_000}, "GBP")
    assert FxPair("JPYGBP") in british.contracts()
    yen, pounds = (float(FEED.fx_rates(code, british.now_ns).close[-1]) for code in ("JPYUSD", "GBPUSD"))
    assert float(british.margins().value.amount) == pytest.approx(1_000_000 + 1_000_000 * yen / pounds, rel=0.01)
    british.submit(Order.market(british.ensure_listed(GOLD).contract, 1)).wait()
    assert british.margins().initial.currency == "GBP"
    with pytest.raises(MissingFxCode):
        british.ensure_pair_listed(FxPair("JPYGBP"))


def test_listing_twice_does_nothing(exchange: FedExchange) -> None:
    assert exchange.ensure_listed(GOLD) is exchange.ensure_listed(GOLD)
    exchange.ensure_pair_listed(FxPair("GBPUSD"))
    exchange.ensure_pair_listed(FxPair("GBPUSD"))
    assert exchange.contracts().count(FxPair("GBPUSD")) == 1


def test_what_the_feed_does_not_have_is_not_listed(exchange: FedExchange) -> None:
    with pytest.raises(MissingContract):
        exchange.ensure_listed(FuturesContract("GOLD", "202307"))
    with pytest.raises(MissingFxCode):
        exchange.ensure_pair_listed(FxPair("GBPXXX"))
    assert exchange.contracts() == []


def test_the_last_price_is_that_of_the_feed_however_far_the_clock_moves(exchange: FedExchange) -> None:
    exchange.ensure_listed(GOLD)
    for step in (timedelta(seconds=7), timedelta(hours=5), timedelta(days=3), timedelta(days=20)):
        exchange.advance_to(exchange.now + step)
        seen = FEED.execution_bars(GOLD, exchange.now_ns - 5 * DAY, exchange.now_ns).known_by(exchange.now_ns)
        assert exchange.last_price(GOLD) == Decimal(repr(float(seen.close[-1])))


def test_a_contract_listed_at_the_weekend_knows_fridays_price(exchange: FedExchange) -> None:
    exchange.advance_to(exchange.now + timedelta(days=3))
    assert exchange.now.weekday() == 5
    exchange.ensure_listed(GOLD)
    assert exchange.last_price(GOLD) is not None


def test_an_order_waits_for_weeks_if_it_must(exchange: FedExchange) -> None:
    exchange.ensure_listed(GOLD)
    price = exchange.last_price(GOLD)
    assert price is not None
    patient = exchange.submit(Order.limit(GOLD, 1, price * Decimal("0.5"), time_in_force=TimeInForce.GTC))
    before = exchange.now
    with pytest.raises(RequestTimedOut):
        patient.wait(timeout=20 * 86_400)
    assert exchange.now - before == timedelta(days=20)
    assert patient.wait(timeout=200 * 86_400).state is OrderState.EXPIRED, "the contract ends"


def test_bars_pass_one_by_one(exchange: FedExchange) -> None:
    exchange.ensure_listed(GOLD)
    before = exchange.now
    assert exchange.advance(6)
    assert exchange.now - before == timedelta(minutes=1)


@pytest.mark.parametrize("step", ["a bar", "an order"])
def test_a_long_run_of_small_steps_asks_the_feed_seldom_because_it_makes_a_whole_day_each_time(
    exchange: FedExchange, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    exchange.ensure_listed(GOLD)
    exchange.advance_to(exchange.now + timedelta(days=2))
    asked: list[int] = []
    bars = FEED.execution_bars
    monkeypatch.setattr(FEED, "execution_bars", lambda *of: asked.append(1) or bars(*of))
    for number in range(50):
        if step == "a bar":
            exchange.advance(1)
        else:
            exchange.submit(Order.market(GOLD, 1 if number % 2 else -1)).wait(4 * 86_400)
    assert len(asked) <= 2


def test_running_ends_with_the_last_contract(exchange: FedExchange) -> None:
    front = FuturesContract("CORN", "202303")
    ends = exchange.ensure_listed(front).last_trade
    order = exchange.submit(Order.market(front, 1))
    exchange.run()
    assert exchange.now_ns == ends
    assert order.current().state is OrderState.FILLED
    assert exchange.positions() == [], "what is held at the end is settled"
    assert not exchange.advance()


def test_the_clock_does_not_go_back(exchange: FedExchange) -> None:
    with pytest.raises(InvalidArgument):
        exchange.advance_to(exchange.now - timedelta(seconds=1))
    with pytest.raises(InvalidArgument, match="no time zone"):
        exchange.advance_to(exchange.now.replace(tzinfo=None))


def test_the_house_sets_margin_and_hours() -> None:
    rules = HouseRules(margin_percent=Decimal(50), maintenance_percent=Decimal(50), outside_hours=OutsideHours.REFUSE)
    strict = FedExchange(FEED, FEED.default_start, rules=rules)
    strict.ensure_listed(GOLD)
    terms = strict.terms(GOLD)
    price = strict.last_price(GOLD)
    assert price is not None
    assert terms.initial_margin == pytest.approx(price * 100 / 2, rel=Decimal("0.001"))
    assert terms.maintenance_margin == pytest.approx(terms.initial_margin / 2, rel=Decimal("0.001"))
    assert terms.outside_hours is OutsideHours.REFUSE


@pytest.mark.parametrize("days", [1.9, 2.5])
def test_a_contract_that_is_listed_later_leaves_no_gap_in_the_bars_of_the_others(days: float) -> None:
    def prices(*later: FuturesContract) -> list[Decimal | None]:
        exchange = FedExchange(FEED, FEED.default_start)
        exchange.open_account("A", {"USD": 10_000_000})
        exchange.ensure_listed(GOLD)
        exchange.advance_to(exchange.now + timedelta(days=days))
        for contract in later:
            exchange.ensure_listed(contract)
        found = []
        for _ in range(96):
            exchange.advance_to(exchange.now + timedelta(hours=1))
            found.append(exchange.last_price(GOLD))
        return found

    assert prices(BUND) == prices()


class SlowFeed(SyntheticFeed):
    """Makes bars only when it may, from when it is asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on, self.is_asked = threading.Event(), threading.Event()
        self.may_go_on.set()

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        self.is_asked.set()
        assert self.may_go_on.wait(30)
        return super().execution_bars(contract, start, end)


def test_no_thread_moves_the_clock_past_bars_that_another_is_still_adding() -> None:
    feed = SlowFeed()
    exchange = FedExchange(feed, feed.default_start)
    exchange.open_account("A", {"USD": 10_000_000})
    exchange.ensure_listed(GOLD)
    last = exchange.last_price(GOLD)
    assert last is not None
    exchange.advance_to(exchange.now + timedelta(days=3))
    resting = exchange.submit(Order.limit(GOLD, 1, last + 100, time_in_force=TimeInForce.GTC))
    feed.is_asked.clear()
    feed.may_go_on.clear()
    until = exchange.now + timedelta(days=5)
    with ThreadPoolExecutor(2) as pool:
        adding = pool.submit(exchange.feed_until, exchange.now_ns + 5 * DAY)
        assert feed.is_asked.wait(30)
        moving = pool.submit(exchange.advance_to, until)
        wait([moving], 0.5)
        feed.may_go_on.set()
        adding.result(30)
        moving.result(30)
    assert exchange.now == until
    assert resting.current().state is OrderState.FILLED
