"""A thread with its own event loop, in which the client library runs, callable from every other thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from brokerkit.errors import BrokerClosed, InvalidArgument, RequestTimedOut

T = TypeVar("T")
_GRACE = 5.0
_CLOSED = "The connection to IB was closed."
_IDLE = ("select", "_poll")
"""Where a loop without work waits: in a selector, or on Windows in its proactor."""

_Coroutines = tuple[Coroutine[Any, Any, Any], ...]


class LoopThread:
    """A thread that runs its own event loop, independent of any loop that the caller runs.

    asyncio is not patched, and the caller's loops are not touched.
    """

    def __init__(self, name: str) -> None:
        self._lock = threading.RLock()  # a signal handler that closes the broker may come while it is held
        self._waited_for: WeakKeyDictionary[concurrent.futures.Future[Any], _Coroutines] = WeakKeyDictionary()
        self._ended = False
        self._process = os.getpid()
        made: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, args=(made,), name=name, daemon=True)
        self._thread.start()
        self.loop = made.result()

    @property
    def is_current(self) -> bool:
        """Whether the caller is in this thread, where waiting for it would deadlock."""
        return threading.current_thread() is self._thread

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float, what: str = "the call") -> T:
        """Run a coroutine in the loop and return its result.

        Args:
            coroutine: What to run; it is cancelled on timeout.
            timeout: Seconds to wait at most.
            what: What is awaited, for error messages.

        Raises:
            RequestTimedOut: It did not complete in time.
            InvalidArgument: Called from the loop's own thread.
            BrokerClosed: The loop has ended.
        """
        call = _Call(coroutine)
        try:
            return self.result_of(self.begin_coroutine(call.run(), timeout), timeout, what)
        except BaseException:  # above all KeyboardInterrupt, which may come in the middle of handing it over
            if self._ended or os.getpid() != self._process:
                coroutine.close()
            else:
                self.post(call.cancel)
            raise

    def begin_coroutine(
        self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None
    ) -> concurrent.futures.Future[T]:
        """Start a coroutine in the loop and return its future, for `result_of`; raises as `run` does."""
        self.check(coroutine)
        limited = _limited(coroutine, timeout)
        return self._begun(lambda: asyncio.run_coroutine_threadsafe(limited, self.loop), limited, coroutine)

    def call(self, function: Callable[..., T], *arguments: Any, timeout: float = 30.0) -> T:
        """Run a plain function in the loop's thread and return its result; raises as `run` does."""
        return self.result_of(self.begin(function, *arguments), timeout, getattr(function, "__name__", "the call"))

    def begin(self, function: Callable[..., T], *arguments: Any) -> concurrent.futures.Future[T]:
        """Start a plain function in the loop's thread and return its future, for `result_of`; raises as `run` does."""
        self.check()

        def begin() -> concurrent.futures.Future[T]:
            future: concurrent.futures.Future[T] = concurrent.futures.Future()
            self.loop.call_soon_threadsafe(_settle, future, function, arguments)
            return future

        return self._begun(begin)

    def post(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Schedule a function in the loop's thread, without waiting for it."""
        with self._lock:
            if not self._ended:
                self.loop.call_soon_threadsafe(function, *arguments)

    def stop(self) -> None:
        """Stop the loop and its thread, cancelling whatever still runs. Stopping twice does nothing."""
        if self._thread.is_alive() and not self.is_current:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(_GRACE)

    def _begun(
        self, begin: Callable[[], concurrent.futures.Future[T]], *coroutines: Coroutine[Any, Any, Any]
    ) -> concurrent.futures.Future[T]:
        """Hand a call to the loop and return its future, which completes even if the loop ends first."""
        with self._lock:
            if self._ended:
                _close(coroutines)
                raise BrokerClosed(_CLOSED)
            future = begin()
            self._waited_for[future] = coroutines
        return future

    def check(self, coroutine: Coroutine[Any, Any, Any] | None = None) -> None:
        """Raise as `run` does if no call can be made from here, and close the coroutine that is then not run."""
        is_child = os.getpid() != self._process
        if not self.is_current and not self._ended and not is_child:
            return
        if coroutine is not None:
            coroutine.close()
        self.check_process()
        if self.is_current:
            raise InvalidArgument(
                "A blocking call was made in the IB client's own thread, which would deadlock.",
                remedy="Subscribe through brokerkit's events or `connection.ib`, whose handlers run in another thread.",
            )
        raise BrokerClosed(_CLOSED)

    def check_process(self) -> None:
        """Raise in a forked child, where the thread does not exist.

        Raises:
            BrokerClosed: This is a forked child.
        """
        if os.getpid() != self._process:
            raise BrokerClosed(
                f"The connection to IB belongs to process {self._process}, and this is a forked child of it.",
                remedy="Open a new broker in the child, and do not use the parent's.",
            )

    def result_of(self, future: concurrent.futures.Future[T], timeout: float, what: str) -> T:
        """Wait for a future, up to the timeout, and return its result; raises as `run` does."""
        try:
            return future.result(timeout + _GRACE)
        except (asyncio.TimeoutError, concurrent.futures.TimeoutError):
            future.cancel()
            raise RequestTimedOut(f"No answer from IB in {timeout:g} s to {what}.", place=self._where()) from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            raise BrokerClosed(f"The connection to IB was closed during {what}.") from None

    def _where(self) -> str:
        """Return the source line that keeps the thread busy; empty when it waits for IB, as it should."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        if frame is None or frame.f_code.co_name in _IDLE:
            return ""
        return f"the client's thread is at {frame.f_code.co_filename}:{frame.f_lineno}"

    def _run(self, made: concurrent.futures.Future[asyncio.AbstractEventLoop]) -> None:
        # Made here, because on Windows a loop that the main thread makes takes Ctrl-C from the one that runs there.
        _settle(made, asyncio.new_event_loop, ())
        if made.exception() is not None:
            return  # it is raised where the thread was made
        self.loop = made.result()
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            with contextlib.suppress(RuntimeError):  # it needs a thread, and the exiting interpreter starts none
                self.loop.run_until_complete(self.loop.shutdown_default_executor())
            with self._lock:
                self._ended = True
                self.loop.close()
                for future, coroutines in list(self._waited_for.items()):
                    if future.cancel():  # handed over too late to start: wakes the waiting caller
                        _close(coroutines)


class _Call(Generic[T]):
    """A coroutine that can be cancelled in the loop's thread, whether or not it has started there."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._is_cancelled = False

    async def run(self) -> T:
        if self._is_cancelled:
            raise asyncio.CancelledError
        self._task = asyncio.current_task()
        return await self._coroutine

    def cancel(self) -> None:
        self._is_cancelled = True
        if self._task is None:
            self._coroutine.close()
        else:
            self._task.cancel()


def _close(coroutines: _Coroutines) -> None:
    """Close coroutines that will never run."""
    for coroutine in coroutines:
        coroutine.close()


async def _limited(coroutine: Coroutine[Any, Any, T], timeout: float | None) -> T:
    return await asyncio.wait_for(coroutine, timeout)


def _settle(future: concurrent.futures.Future[T], function: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(*arguments))
    except BaseException as error:  # noqa: BLE001 because it is re-raised in the thread that waits for the result
        future.set_exception(error)
