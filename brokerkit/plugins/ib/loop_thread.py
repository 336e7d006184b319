"""One thread with one event loop: where the client library lives, reached from every other thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from brokerkit.errors import BrokerClosed, InvalidArgument, RequestTimedOut

T = TypeVar("T")
_GRACE = 5.0
_CLOSED = "The connection to IB was closed."
_Coroutines = tuple[Coroutine[Any, Any, Any], ...]


class LoopThread:
    """A thread that runs an event loop of its own, whatever loops the caller has running.

    asyncio is not patched, and no loop of the caller's is touched.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._waited_for: WeakKeyDictionary[concurrent.futures.Future[Any], _Coroutines] = WeakKeyDictionary()
        self._ended = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller is in this thread, where waiting for it would never end."""
        return threading.current_thread() is self._thread

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float, what: str = "the call") -> T:
        """Run a coroutine in the loop and return its result.

        Args:
            coroutine: What to run; it is cancelled when time is up.
            timeout: Seconds to wait at most.
            what: What is waited for, in words.

        Raises:
            RequestTimedOut: It was not done in time.
            InvalidArgument: Called from the loop's own thread.
            BrokerClosed: The loop has ended.
        """
        future = self.begin_coroutine(coroutine, timeout)
        try:
            return self.result_of(future, timeout, what)
        except BaseException:  # after Ctrl-C above all, nobody waits for it any more
            future.cancel()
            raise

    def begin_coroutine(
        self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None
    ) -> concurrent.futures.Future[T]:
        """Have a coroutine run in the loop, and return what `result_of` takes; raises as `run` does."""
        self.check(coroutine)
        limited = _limited(coroutine, timeout)
        return self._begun(lambda: asyncio.run_coroutine_threadsafe(limited, self.loop), limited, coroutine)

    def call(self, function: Callable[..., T], *arguments: Any, timeout: float = 30.0) -> T:
        """Run a plain function in the loop's thread and return its result; raises as `run` does."""
        return self.result_of(self.begin(function, *arguments), timeout, getattr(function, "__name__", "the call"))

    def begin(self, function: Callable[..., T], *arguments: Any) -> concurrent.futures.Future[T]:
        """Have a plain function run in the loop's thread, and return what `result_of` takes; raises as `run` does."""
        self.check()

        def begin() -> concurrent.futures.Future[T]:
            future: concurrent.futures.Future[T] = concurrent.futures.Future()
            self.loop.call_soon_threadsafe(_settle, future, function, arguments)
            return future

        return self._begun(begin)

    def post(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run a function in the loop's thread some time soon, without waiting for it."""
        with self._lock:
            if not self._ended:
                self.loop.call_soon_threadsafe(function, *arguments)

    def stop(self) -> None:
        """End the loop and its thread, cancelling what still runs in it. Ending twice does nothing."""
        if self._thread.is_alive() and not self.is_current:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(_GRACE)

    def _begun(
        self, begin: Callable[[], concurrent.futures.Future[T]], *coroutines: Coroutine[Any, Any, Any]
    ) -> concurrent.futures.Future[T]:
        """Hand something to the loop, and return what its end is known by; that comes also when the loop ends first."""
        with self._lock:
            if self._ended:
                _close(coroutines)
                raise BrokerClosed(_CLOSED)
            future = begin()
            self._waited_for[future] = coroutines
        return future

    def check(self, coroutine: Coroutine[Any, Any, Any] | None = None) -> None:
        """Do nothing where a call can be made; else raise as `run` does, and close the coroutine that is not run."""
        is_child = os.getpid() != self._process
        if not self.is_current and not self._ended and not is_child:
            return
        if coroutine is not None:
            coroutine.close()
        self.check_process()
        if self.is_current:
            raise InvalidArgument(
                "A blocking call was made from the IB client's own thread, which would wait for itself.",
                remedy="Subscribe through brokerkit's events or `connection.ib`, which call back in another thread.",
            )
        raise BrokerClosed(_CLOSED)

    def check_process(self) -> None:
        """Do nothing in the process that made this; in a forked child the thread is not there, whatever it holds.

        Raises:
            BrokerClosed: This is a child.
        """
        if os.getpid() != self._process:
            raise BrokerClosed(
                f"The connection to IB belongs to process {self._process}, of which this is a child.",
                remedy="Open a broker in the child, and leave the parent's alone.",
            )

    def result_of(self, future: concurrent.futures.Future[T], timeout: float, what: str) -> T:
        """Wait for what was begun, so long at most, and return its result; raises as `run` does."""
        try:
            return future.result(timeout + _GRACE)
        except (asyncio.TimeoutError, concurrent.futures.TimeoutError):
            future.cancel()
            raise RequestTimedOut(f"No answer from IB in {timeout:g} s to {what}.", place=self._where()) from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            raise BrokerClosed(f"The connection to IB was closed during {what}.") from None

    def _where(self) -> str:
        """Return which line keeps the thread busy; empty when it waits for IB, as it should."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        if frame is None or frame.f_code.co_name == "select":
            return ""
        return f"the client's thread is at {frame.f_code.co_filename}:{frame.f_lineno}"

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            with contextlib.suppress(RuntimeError):  # it takes a thread, and a program that is ending starts none
                self.loop.run_until_complete(self.loop.shutdown_default_executor())
            with self._lock:
                self._ended = True
                self.loop.close()
                for future, coroutines in list(self._waited_for.items()):
                    if future.cancel():  # handed over too late to be begun: whoever waits for it is told
                        _close(coroutines)


def _close(coroutines: _Coroutines) -> None:
    """Let go of coroutines that are never run."""
    for coroutine in coroutines:
        coroutine.close()


async def _limited(coroutine: Coroutine[Any, Any, T], timeout: float | None) -> T:
    return await asyncio.wait_for(coroutine, timeout)


def _settle(future: concurrent.futures.Future[T], function: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(*arguments))
    except BaseException as error:  # noqa: BLE001 because it is handed to the thread that waits for the result
        future.set_exception(error)
