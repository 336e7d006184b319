"""What an exchange keeps on disk: everything that was told, also after SIGKILL."""

from __future__ import annotations

import importlib.util
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from brokerkit.errors import StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Latency, LiveOrder, Models, WeeklyHours, fault
from brokerkit.plugins.sim.exchange.state import StateFile
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.exchange.venue import Venue
from brokerkit.spec.broker_order import Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, TimeInForce
from brokerkit.spec.orders import OrderChange

PROGRAM = Path(__file__).parent / "programs" / "killed_trader.py"
Market = Callable[..., Exchange]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("killed_trader", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def traded_and_killed(state: Path, lines: int) -> list[list[str]]:
    """Run the trader until it has told so many lines, kill it, and return all that it told."""
    child = subprocess.Popen([sys.executable, PROGRAM, state], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [child.stdout.readline().split() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().splitlines(keepends=True)
    child.wait(timeout=30)
    child.stdout.close()
    return told + [line.split() for line in rest if line.endswith("\n")]


def test_nothing_that_was_told_is_lost_when_the_process_is_killed(tmp_path: Path, program: ModuleType) -> None:
    state, draw = tmp_path / "state.sqlite", Random(3)
    fills: dict[str, str] = {}
    states: dict[str, tuple[str, int]] = {}
    for _ in range(6):
        told = traded_and_killed(state, 2 + draw.randrange(150))
        fills.update({one[1]: f"{one[2]} {one[3]}" for one in told if one[0] == "fill"})
        states.update({one[1]: (one[2], int(one[3])) for one in told if one[0] == "order"})
        sent = {one[1] for one in told if one[0] == "sent"}

        exchange = program.opened(str(state))
        kept = {fill.execution_id: f"{fill.quantity} {fill.price}" for fill in exchange.fills()}
        assert fills.items() <= kept.items()
        views = {live.order_ref: live.at_exchange() for live in exchange.orders()}
        assert sent <= views.keys()
        for ref, (told_state, told_filled) in states.items():
            view = views[ref]
            assert abs(view.filled[0]) >= abs(told_filled)
            assert view.state.value == told_state or not OrderState(told_state).is_final
        _check_cash(exchange)
        exchange.close()


def _check_cash(exchange: Exchange) -> None:
    flow = Decimal(1_000_000)
    lots = 0
    for fill in exchange.fills():
        flow -= fill.quantity * fill.price * 100 + abs(fill.quantity) * Decimal("2.07")
        lots += fill.quantity
    last = exchange.last_price(FuturesContract("GOLD", "202312"))
    assert exchange.values()["USD"].amount == flow + lots * (last or 0) * 100
    assert sum(one.quantity for one in exchange.positions()) == lots


def test_a_bracket_survives_a_restart_and_its_children_go_on(
    market: Market, gold: FuturesContract, tmp_path: Path
) -> None:
    rows = [(100.0, 101.0, 99.0, 100.5, 10), (101.0, 102.5, 100.0, 102.0, 10)]
    first = market(rows, state=tmp_path / "state")
    entry = Order.market(gold, 2, time_in_force=TimeInForce.GTC).with_bracket(take_profit=102, stop_loss=98)
    first.submit(entry)
    first.advance()
    first.close()

    again = market(rows, state=tmp_path / "state")
    assert again.order(entry.order_ref).current().state is OrderState.FILLED
    assert [child.current().state for child in again.order(entry.order_ref).children] == [OrderState.WORKING] * 2
    again.run()
    states = [child.current().state for child in again.order(entry.order_ref).children]
    assert states == [OrderState.FILLED, OrderState.CANCELLED]
    assert again.positions() == []


def test_an_order_in_flight_arrives_after_a_restart_and_no_number_is_used_twice(
    market: Market, gold: FuturesContract, tmp_path: Path, quiet_rows: list[object]
) -> None:
    settings = {"state": tmp_path / "state", "models": Models(latency=Latency(submit=timedelta(seconds=30)))}
    first = market(quiet_rows, **settings)
    order = Order.market(gold, 1)
    first.submit(order)
    first.abandon()

    again = market(quiet_rows, **settings)
    assert again.order(order.order_ref).current().state is OrderState.PENDING
    assert again.submit(Order.market(gold, 1)).number == 2
    again.run()
    assert again.order(order.order_ref).current().state is OrderState.FILLED


def test_a_fill_in_the_bar_of_the_restart_is_corrected_inside_that_bar(
    market: Market, gold: FuturesContract, tmp_path: Path, quiet_rows: list[object]
) -> None:
    settings = {"state": tmp_path / "state", "faults": [fault("execution-correction", at=2, ticks=30)]}
    first = market(quiet_rows, **settings)
    order = Order.limit(gold, 1, 99)
    first.submit(Order.market(gold, 1))
    first.submit(order)
    first.advance_to(first.now + timedelta(seconds=10))
    first.close()

    again = market(quiet_rows, **settings)
    again.advance_to(again.now + timedelta(minutes=2))
    assert again.order(order.order_ref).at_exchange().average_price() == 101  # the bar's high, and not 102


def test_a_correction_on_its_way_is_made_after_a_restart(
    market: Market, gold: FuturesContract, tmp_path: Path, quiet_rows: list[object]
) -> None:
    late = fault("execution-correction", at=[1, 2], ticks=2, delay=150)
    settings = {"state": tmp_path / "state", "faults": [late]}
    exchange = market(quiet_rows, **settings)
    orders = [Order.market(gold, 1), Order.market(gold, -3)]
    for order in orders:
        exchange.submit(order)
        exchange.advance()  # the first correction is due in the minute after both, the second in the one after that
    fills: list[tuple[str, Decimal]] = []
    for _ in range(3):  # each is made once, also if the exchange is restarted again
        exchange.close()
        exchange = market(quiet_rows, **settings)
        exchange.listen(Fill, lambda fill: fills.append((fill.corrects, fill.price)))
        exchange.advance()
    assert fills == [("E1", Decimal("100.2")), ("E2", Decimal("100.2"))]
    assert [exchange.order(order.order_ref).at_exchange().average_price() for order in orders] == [Decimal("100.2")] * 2


def test_ids_are_reused_after_a_restart_where_a_fault_says_so(
    market: Market, gold: FuturesContract, tmp_path: Path, quiet_rows: list[object]
) -> None:
    settings = {"state": tmp_path / "state", "faults": [fault("id-reuse", at=1)]}
    first = market(quiet_rows, **settings)
    old = first.submit(Order.market(gold, 1)).current().ids
    first.abandon()
    new = market(quiet_rows, **settings).submit(Order.market(gold, 1)).current().ids
    assert (old.order_id, new.order_id) == ("1", "1")
    assert (old.perm_id, new.perm_id) == ("1", "2")


def test_a_fault_counts_on_over_a_restart_where_nothing_else_was_to_be_kept(
    market: Market, gold: FuturesContract, tmp_path: Path, quiet_rows: list[object]
) -> None:
    latency = Models(latency=Latency(modify=timedelta(seconds=10)))
    settings = {"state": tmp_path / "state", "faults": [fault("lost-modify", at=2)], "models": latency}
    order, exchange = Order.limit(gold, 1, "50"), market(quiet_rows, **settings)
    exchange.submit(order)
    exchange.modify(order.order_ref, OrderChange(limit_price=Decimal(51)))
    exchange.abandon()
    again = market(quiet_rows, **settings)
    again.modify(order.order_ref, OrderChange(limit_price=Decimal(52)))
    again.advance()
    assert again.order(order.order_ref).order.limit_price == 50


def test_a_file_that_is_no_state_is_refused_by_name(market: Market, tmp_path: Path) -> None:
    broken, newer = tmp_path / "broken", tmp_path / "newer"
    broken.write_bytes(b"not a database at all, not even nearly" * 100)
    with pytest.raises(StoreCorrupt, match="broken"):
        market([], state=broken)
    market([], state=newer).close()
    with sqlite3.connect(newer) as base:
        base.execute("INSERT OR REPLACE INTO facts VALUES ('version', '99')")
    base.close()
    with pytest.raises(StoreTooNew):
        market([], state=newer)
    with pytest.raises(StoreUnwritable):
        market([], state=tmp_path / "no such folder" / "state")


def test_an_at_open_order_whose_session_has_opened_fills_in_it_after_a_restart(
    gold: FuturesContract, tmp_path: Path
) -> None:
    def opened() -> Exchange:
        exchange = Exchange(datetime(2023, 1, 2, 8, tzinfo=timezone.utc), state=tmp_path / "state")
        exchange.open_account("DU1", {"USD": 100_000})
        hours = WeeklyHours({day: [(time(9), time(17))] for day in range(5)})
        exchange.list_contract(ContractTerms(gold, "0.1", sessions=hours))
        first = int(datetime(2023, 1, 2, 9, 5, tzinfo=timezone.utc).timestamp()) * 10**9
        exchange.add_bars(gold, [first], [100.0], [101.0], [99.0], [100.5])
        return exchange

    order = Order.market(gold, 1, time_in_force=TimeInForce.AT_OPEN)
    exchange = opened()
    exchange.submit(order)
    exchange.advance_to(datetime(2023, 1, 2, 9, 1, tzinfo=timezone.utc))
    exchange.close()
    again = opened()
    again.run()
    assert again.order(order.order_ref).current().state is OrderState.FILLED
    again.close()


def test_an_order_finds_its_executions_without_a_look_at_all_of_them(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    Exchange(datetime(2023, 1, 2, tzinfo=timezone.utc), state=state).close()
    connection = sqlite3.connect(state)
    question = "SELECT number, facts FROM executions WHERE live = 1 ORDER BY number"
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}")]
    connection.close()
    assert [step.partition(" ")[0] for step in plan] == ["SEARCH"], plan


def test_the_cost_of_what_is_left_of_a_position_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    yen, start = FuturesContract("JPY", "202306"), datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
    minutes = [nanoseconds(start + timedelta(minutes=one)) for one in range(4)]
    prices = [0.0070095, 0.00701, 0.00702, 0.00702]

    def opened() -> Exchange:
        exchange = Exchange(start, state=tmp_path / "state.sqlite")
        exchange.list_contract(ContractTerms(yen, "0.0000005", multiplier=12_500_000))
        exchange.add_bars(yen, minutes, *[prices] * 4)
        return exchange

    first = opened()
    first.open_account("DU1", {"USD": 100_000})
    for lots in (2, 1, -1):
        first.submit(Order.market(yen, lots))
        first.advance()
    assert first.statement()["USD"].realised.amount == Decimal("129.166666666667")
    first.close()
    again = opened()
    again.submit(Order.market(yen, -2))
    again.run()
    assert again.statement()["USD"].realised.amount == Decimal("387.5")
    again.close()


def test_a_signal_handler_that_closes_the_exchange_within_a_fill_keeps_nothing_half_done(
    market: Market,
    gold: FuturesContract,
    quiet_rows: list[tuple[float, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kept with the lots booked and the order still working, it was filled again after the restart."""
    state = tmp_path / "state.sqlite"
    exchange = market(quiet_rows, state=state)
    for name in ("first", "second"):
        exchange.submit(Order.market(gold, 3, order_ref=name))
    record = Venue.record

    def interrupted(venue: Venue, live: LiveOrder, *facts: object) -> None:
        """Close as a handler does, which runs in the main thread between two steps of whatever it does."""
        if live.order_ref == "second":
            exchange.close()
        record(venue, live, *facts)

    with monkeypatch.context() as patch:
        patch.setattr(Venue, "record", interrupted)
        exchange.advance()
    assert not exchange.keeps_state
    again = market(quiet_rows, state=state)
    again.run()
    assert [held.quantity for held in again.positions()] == [6]
    assert [(fill.order_ref, fill.time.minute) for fill in again.fills()] == [("first", 0), ("second", 0)]


def test_a_signal_handler_that_closes_the_exchange_while_it_saves_leaves_the_file_as_it_was(
    market: Market,
    gold: FuturesContract,
    quiet_rows: list[tuple[float, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = tmp_path / "state.sqlite"
    exchange = market(quiet_rows, state=state)
    exchange.submit(Order.market(gold, 3, order_ref="bought once"))
    write_accounts = StateFile._write_accounts

    def interrupted(file: StateFile) -> None:
        write_accounts(file)
        exchange.close()

    with monkeypatch.context() as patch:
        patch.setattr(StateFile, "_write_accounts", interrupted)
        with pytest.raises(StoreError, match="Nothing was written"):
            exchange.advance()
    again = market(quiet_rows, state=state)
    again.run()
    assert [held.quantity for held in again.positions()] == [3]
    assert [(fill.order_ref, fill.time.minute) for fill in again.fills()] == [("bought once", 0)]
