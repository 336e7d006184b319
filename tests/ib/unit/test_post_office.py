"""What waits for a quiet moment, and what does not."""

from __future__ import annotations

import threading

from brokerkit.plugins.ib.post_office import PostOffice


def test_housekeeping_waits_until_nothing_comes() -> None:
    done: list[str] = []
    quiet = threading.Event()
    office = PostOffice("office")
    office.post_when_idle(lambda: (done.append("housekeeping"), quiet.set())[0])
    office.post(lambda: done.append("first"), lambda: done.append("second"))
    assert office.flush()
    assert done == ["first", "second"]
    assert quiet.wait(30)
    assert done == ["first", "second", "housekeeping"]
    office.close()


def test_housekeeping_that_found_no_quiet_moment_is_done_at_the_end() -> None:
    done: list[str] = []
    office = PostOffice("office")
    office.post_when_idle(lambda: done.append("housekeeping"))
    office.post(lambda: done.append("work"))
    office.close()
    assert done == ["work", "housekeeping"]


def test_a_piece_that_fails_stops_none_of_those_that_came_with_it() -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("as it should")

    office = PostOffice("office")
    office.post(fail, lambda: done.append("behind"))
    assert office.flush()
    assert done == ["behind"]
    office.close()


def test_an_office_without_work_has_no_thread_and_closes_at_once() -> None:
    office = PostOffice("an unused office")
    assert office.flush()
    office.close()
    office.post(lambda: None)
    assert office.flush()
    assert "an unused office" not in {thread.name for thread in threading.enumerate()}
