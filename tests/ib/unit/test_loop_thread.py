"""What is handed to a loop that ends: whoever waits is told, and nothing is left behind that was never run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
import warnings
from typing import Any

import pytest

from brokerkit.errors import BrokerClosed, RequestTimedOut
from brokerkit.plugins.ib.loop_thread import LoopThread


async def _answer() -> int:
    return 7


def test_what_comes_too_late_is_told_and_leaves_no_coroutine_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = LoopThread("loop")
    with monkeypatch.context() as patch:  # the loop takes it, and ends before it comes to it
        patch.setattr(thread.loop, "call_soon_threadsafe", lambda *_: None)
        late = [thread.begin_coroutine(_answer(), 30.0), thread.begin(int)]
    thread.stop()
    monkeypatch.setattr(thread, "check", lambda _coroutine: None)  # it ended right after this was looked at
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for future in late:
            with pytest.raises(BrokerClosed):
                thread.result_of(future, 30.0, "an answer")
        with pytest.raises(BrokerClosed):
            thread.run(_answer(), 30.0)
        gc.collect()


def test_a_loop_ends_also_when_the_program_starts_no_thread_any_more(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    async def use_a_thread() -> None:
        await asyncio.get_running_loop().run_in_executor(None, int)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    thread = LoopThread("loop")
    thread.run(use_a_thread(), 30.0)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    thread.stop()
    assert thread.loop.is_closed()
    assert not [each for each in recwarn if issubclass(each.category, pytest.PytestUnhandledThreadExceptionWarning)]
    with pytest.raises(BrokerClosed):
        thread.call(int)


def test_what_is_handed_over_before_the_loop_runs_is_run() -> None:
    for _ in range(50):
        thread = LoopThread("loop")
        assert thread.run(_answer(), 30.0) == 7
        thread.stop()


def test_what_is_begun_goes_on_while_the_caller_does_something_else() -> None:
    thread = LoopThread("loop")
    go_on = threading.Event()

    async def wait_for_it() -> str:
        return "done" if await asyncio.get_running_loop().run_in_executor(None, go_on.wait, 30) else "late"

    begun = thread.begin_coroutine(wait_for_it())
    assert not begun.done()
    go_on.set()
    assert thread.result_of(begun, 30.0, "it") == "done"
    thread.stop()


@pytest.mark.parametrize("has_started", [False, True])
def test_an_interrupt_while_a_call_is_handed_over_cancels_it(
    monkeypatch: pytest.MonkeyPatch, has_started: bool
) -> None:
    """The wake-up of the loop lets its thread go first: Ctrl-C comes before the caller has anything to cancel."""
    thread, started, cancelled = LoopThread("loop"), threading.Event(), threading.Event()
    hand_over = thread.loop.call_soon_threadsafe

    async def work() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    def interrupted(*arguments: Any, **more: Any) -> None:
        monkeypatch.undo()
        hand_over(*arguments, **more)
        if has_started:
            started.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(thread.loop, "call_soon_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        thread.run(work(), 60)
    thread.call(int)  # what was handed over has started by now, or never will
    assert not started.is_set() or cancelled.wait(10)
    thread.stop()


def test_the_loop_is_made_in_its_own_thread_as_on_windows_the_main_thread_gives_it_its_ctrl_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    makers: list[str] = []
    make = asyncio.new_event_loop

    def new_event_loop() -> asyncio.AbstractEventLoop:
        makers.append(threading.current_thread().name)
        return make()

    monkeypatch.setattr(asyncio, "new_event_loop", new_event_loop)
    LoopThread("loop").stop()
    assert makers == ["loop"]


def test_what_keeps_a_loop_from_being_made_is_raised_where_it_was_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> asyncio.AbstractEventLoop:
        raise OSError("Too many open files")

    monkeypatch.setattr(asyncio, "new_event_loop", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        LoopThread("loop")


def test_a_loop_that_waits_for_ib_as_on_windows_is_not_said_to_be_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    news = threading.Lock()

    def _poll(_timeout: float | None) -> list[Any]:  # what a proactor waits in has this name
        news.acquire(timeout=30)
        return []

    def place_of_a_late_answer() -> str:
        with pytest.raises(RequestTimedOut) as late:
            thread.result_of(concurrent.futures.Future(), -5.0, "an answer")
        return late.value.place

    thread = LoopThread("loop")
    monkeypatch.setattr(thread.loop._selector, "select", _poll)  # type: ignore[attr-defined]
    with news:
        thread.call(int)  # after this it waits in the new one
        is_idle = any(not place_of_a_late_answer() for _ in range(1_000_000))  # soon, but not at once
        monkeypatch.undo()
    thread.stop()
    assert is_idle
