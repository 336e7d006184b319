"""The audit: what is written down, when, and what happens when it cannot be."""

from __future__ import annotations

import json
import logging
import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, BrokerOrder, FuturesContract, Order, OrderState, errors

Desk = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202312")


def records(path: Path) -> list[dict[str, Any]]:
    """Return the records of an audit file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_call_events_and_result_are_written_in_the_order_they_happen(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "audit.jsonl"
    broker = desk(middleware=["audit"], audit={"file": file})
    order = Order.market(GOLD, 2, tag="trend")
    broker.orders.put_order_on_stack(order)
    call, event, result = records(file)
    assert [each["record"] for each in (call, event, result)] == ["call", "event", "result"]
    assert call["arguments"]["order"]["order_ref"] == order.order_ref
    assert call["arguments"]["order"]["quantity"] == [2]
    assert (event["hook"], event["outcome"]["price"]) == ("on_fill", "100")
    assert (result["call"], result["outcome"]["order_ref"]) == (call["call"], order.order_ref)
    assert (call["broker"], call["account_kind"]) == ("desk", "simulated")


def test_an_error_is_written_with_its_code_and_still_raised(desk: Desk, tmp_path: Path) -> None:
    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    broker.native.fault = errors.OrderRejected("No.", broker_code=201)
    with pytest.raises(errors.OrderRejected):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    outcome = records(tmp_path / "a")[-1]["outcome"]
    assert (outcome["code"], outcome["broker_code"]) == ("BK506", 201)


def test_reads_are_written_only_when_asked_for(desk: Desk, tmp_path: Path) -> None:
    desk(middleware=["audit"], audit={"file": tmp_path / "a"}).orders.get_list_of_broker_orders()
    assert records(tmp_path / "a") == []
    desk(middleware=["audit"], audit={"file": tmp_path / "b", "reads": True}).orders.get_list_of_broker_orders()
    assert [each["record"] for each in records(tmp_path / "b")] == ["call", "result"]


def test_a_secret_is_masked_wherever_it_turns_up(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TOKEN", "hunter2")
    broker = desk(token={"env": "DESK_TOKEN"}, middleware=["audit"], audit={"file": tmp_path / "a"})
    broker.native.fault = errors.OrderRejected("Token hunter2 is not valid.")
    with pytest.raises(errors.OrderRejected, match=r"Token \*\*\* is not valid"):
        broker.orders.put_order_on_stack(Order.market(GOLD, 1, tag="hunter2"))
    text = (tmp_path / "a").read_text()
    assert "Token *** is not valid" in text
    assert "hunter2" not in text


def test_the_same_records_go_into_sqlite(desk: Desk, tmp_path: Path) -> None:
    broker = desk(middleware=["audit"], audit={"database": tmp_path / "audit.db"})
    broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    broker.close()
    with sqlite3.connect(tmp_path / "audit.db") as database:
        rows = database.execute("select record, hook, arguments, outcome, seconds from audit order by id").fetchall()
    database.close()
    assert [row[:2] for row in rows] == [
        ("call", "put_order_on_stack"),
        ("event", "on_fill"),
        ("result", "put_order_on_stack"),
    ]
    assert json.loads(rows[0][2])["order"]["quantity"] == [2]
    assert json.loads(rows[1][3])["price"] == "100"
    assert [each is None for each in (rows[0][3], rows[1][2], rows[1][4], rows[2][4])] == [True, True, True, False]


def test_a_place_that_cannot_be_written_is_told_when_the_broker_is_opened(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.StoreUnwritable, match="audit file cannot be opened"):
        desk(middleware=["audit"], audit={"file": tmp_path / "file" / "audit.jsonl"})
    with pytest.raises(errors.StoreUnwritable, match="audit database cannot be opened"):
        desk(middleware=["audit"], audit={"database": tmp_path})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_on_a_full_disk_the_order_is_refused_before_it_is_sent(desk: Desk) -> None:
    broker = desk(middleware=["audit"], audit={"file": "/dev/full"})
    with pytest.raises(errors.StoreUnwritable, match="No space left"):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    assert broker.native.orders == {}


@pytest.fixture
def full_disk() -> Iterator[int]:
    """The descriptor of a file on a disk that is always full."""
    try:
        descriptor = os.open("/dev/full", os.O_WRONLY)
    except OSError:
        pytest.skip("needs /dev/full, a disk that is always full")
    yield descriptor
    os.close(descriptor)


def test_an_outcome_that_cannot_be_written_is_logged_and_the_caller_still_gets_it(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture, full_disk: int
) -> None:
    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    descriptor = broker.middleware["audit"]._logs[0]._descriptor
    broker.native.inside = lambda: os.dup2(full_disk, descriptor)
    order = Order.market(GOLD, 2)
    with caplog.at_level(logging.ERROR):
        control = broker.orders.put_order_on_stack(order)
    assert control.order_ref == order.order_ref
    assert "lost a record: result put_order_on_stack" in caplog.text


def test_an_error_that_cannot_be_written_is_logged_and_the_caller_still_gets_it(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture, full_disk: int
) -> None:
    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    descriptor = broker.middleware["audit"]._logs[0]._descriptor
    broker.native.inside = lambda: os.dup2(full_disk, descriptor)
    broker.native.fault = errors.OutcomeUnknown("The line broke.")
    with caplog.at_level(logging.ERROR), pytest.raises(errors.OutcomeUnknown):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    assert "lost a record: error put_order_on_stack" in caplog.text


def test_an_outcome_that_cannot_be_put_into_words_is_logged_and_the_caller_still_gets_it(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Dumb:
        def __repr__(self) -> str:
            raise ValueError("no words")

    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    order = Order.limit(GOLD, 2, 90, broker_parameters={"gift": Dumb()})
    with pytest.raises(errors.StoreError, match="cannot be written down: ValueError: no words"):
        broker.orders.put_order_on_stack(order)
    assert broker.native.orders == {}
    broker.native.orders[order.order_ref] = BrokerOrder(order, OrderState.WORKING)
    with caplog.at_level(logging.ERROR):
        assert [each.state.value for each in broker.orders.cancel_all_orders()] == ["cancelled"]
    assert "lost a record: result cancel_all_orders" in caplog.text


@pytest.mark.parametrize("kind", ["file", "database"])
def test_a_text_that_is_no_unicode_is_written_with_escapes(desk: Desk, tmp_path: Path, kind: str) -> None:
    broker = desk(middleware=["audit"], audit={kind: tmp_path / "a"})
    broker.native.fault = RuntimeError("no such file: \udc80")
    with pytest.raises(RuntimeError):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    broker.close()
    assert b"no such file: \\udc80" in (tmp_path / "a").read_bytes()


def test_a_file_that_was_deleted_is_begun_anew(desk: Desk, tmp_path: Path) -> None:
    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    (tmp_path / "a").unlink()
    broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    [call, _, _] = records(tmp_path / "a")
    assert call["arguments"]["order"]["quantity"] == [2]


@pytest.mark.parametrize("kind", ["file", "database"])
def test_the_audit_stays_where_it_was_when_the_program_goes_to_another_folder(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    broker = desk(middleware=["audit"], audit={kind: Path("a")})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    if kind == "file":
        (tmp_path / "a").unlink()
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert (tmp_path / "a").exists()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_database_that_was_deleted_lets_no_order_pass_unseen(desk: Desk, tmp_path: Path) -> None:
    broker = desk(middleware=["audit"], audit={"database": tmp_path / "a.db"})
    (tmp_path / "a.db").unlink()
    with pytest.raises(errors.StoreUnwritable, match="audit database was deleted"):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    assert broker.native.orders == {}


def test_a_record_cut_off_by_a_full_disk_does_not_spoil_the_next_one(desk: Desk, tmp_path: Path) -> None:
    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "a").stat().st_size + 10, before[1]))
    try:
        with pytest.raises(errors.StoreUnwritable, match="only part of a record"):
            broker.orders.put_order_on_stack(Order.market(GOLD, 2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    broker.orders.put_order_on_stack(Order.market(GOLD, 3))
    lines = (tmp_path / "a").read_text(encoding="utf-8").splitlines()
    assert len(lines[3]) == 10
    assert json.loads(lines[4])["arguments"]["order"]["quantity"] == [3]


def test_a_call_that_outlives_its_broker_writes_into_nobody_elses_file(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = desk(middleware=["audit"], audit={"file": tmp_path / "a"})
    others = tmp_path / "others"
    opened: list[int] = []

    def close_and_open_another() -> None:
        broker.close()
        opened.append(os.open(others, os.O_WRONLY | os.O_CREAT))  # it gets the number that the audit's file had

    broker.native.inside = close_and_open_another
    with caplog.at_level(logging.ERROR):
        assert broker.orders.put_order_on_stack(Order.market(GOLD, 1)).order_ref
    os.close(opened[0])
    assert others.read_bytes() == b""
    assert [each["record"] for each in records(tmp_path / "a")] == ["call"]
    assert "lost a record: result put_order_on_stack" in caplog.text
    broker.middleware["audit"].close()
