"""What waits for a quiet moment, and what does not."""

from __future__ import annotations

import threading

import pytest

from brokerkit.plugins.ib.worker_thread import WorkerThread


def test_housekeeping_waits_until_nothing_comes() -> None:
    done: list[str] = []
    quiet = threading.Event()
    worker = WorkerThread("worker")
    worker.post_when_idle(lambda: (done.append("housekeeping"), quiet.set())[0])
    worker.post(lambda: done.append("first"), lambda: done.append("second"))
    assert worker.flush()
    assert done == ["first", "second"]
    assert quiet.wait(30)
    assert done == ["first", "second", "housekeeping"]
    worker.close()


def test_housekeeping_that_found_no_quiet_moment_is_done_at_the_end() -> None:
    done: list[str] = []
    worker = WorkerThread("worker")
    worker.post_when_idle(lambda: done.append("housekeeping"))
    worker.post(lambda: done.append("work"))
    worker.close()
    assert done == ["work", "housekeeping"]


@pytest.mark.parametrize("failure", [ValueError("as it should"), SystemExit("a handler called sys.exit()")])
def test_a_piece_that_fails_stops_none_of_those_that_came_with_it(failure: BaseException) -> None:
    done: list[str] = []

    def fail() -> None:
        raise failure

    worker = WorkerThread("worker")
    worker.post(fail, lambda: done.append("behind"))
    assert worker.flush()
    assert done == ["behind"]
    worker.close()


def test_an_office_without_work_has_no_thread_and_closes_at_once() -> None:
    worker = WorkerThread("an unused worker")
    assert worker.flush()
    worker.close()
    worker.post(lambda: None)
    assert worker.flush()
    assert "an unused worker" not in {thread.name for thread in threading.enumerate()}
