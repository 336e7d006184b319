"""The one place that knows which client library is used, and how ib_insync and ib_async differ."""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from brokerkit.errors import MissingData, MissingDependency
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.message_fields import know_field_types
from brokerkit.plugins.ib.times import moment_from

_log = logging.getLogger(__name__)
NAMES = ("ib_insync", "ib_async")
_TAPPED = ("openOrder", "orderStatus", "execDetails", "commissionReport", "completedOrder", "position")
LIST_ENDS = {
    "openOrderEnd": "open orders",
    "completedOrdersEnd": "completed orders",
    "execDetailsEnd": "executions",
    "positionEnd": "positions",
}
"""What IB says when a list of its is complete, and what the list is of."""

_EXECUTION = 11
_EXECUTION_TIME = 15
_TOLD = {
    "Order": ("orderId", "orderRef", "action", "totalQuantity"),
    "Contract": ("conId", "secType", "symbol", "lastTradeDateOrContractMonth", "exchange", "currency"),
}
_EXTRAS = {"ib_insync": "brokerkit[ib]", "ib_async": "brokerkit[ib-async]"}

_PREVIEW_WAIT = 2.0
# What an error means to an order is decided by our own table: these the libraries take for the order's end.
_NOT_THE_END = frozenset({10349, 2109, 2137, 399, 404, 434, 492, 104, 105, 135, 10326, 10147, 10148, 161, 329})


@attrs.frozen(eq=False)
class Library:
    """A client library: its name, and the classes it has in common with the other.

    Attributes:
        name: `ib_insync` or `ib_async`.
        module: The imported package.
    """

    name: str
    module: Any

    @property
    def version(self) -> str:
        """The library's version."""
        return str(self.module.__version__)

    def new_ib(self) -> Any:
        """Return a new IB object that raises request errors instead of answering them with nothing."""
        ib = self.module.IB()
        ib.RaiseRequestErrors = True
        return ib

    def new(self, kind: str, **fields: Any) -> Any:
        """Return a new object of one of the library's classes, such as `Contract`."""
        return _terse(getattr(self.module, kind))(**fields)

    def request_error(self) -> type[Exception]:
        """Return the exception class that carries IB's code and text of a failed request."""
        wrapper = importlib.import_module(f"{self.name}.wrapper")
        return wrapper.RequestError  # type: ignore[no-any-return]  # because the library is chosen at run time


@functools.cache
def _terse(kind: type[Any]) -> type[Any]:
    """Return a class of the library's, spelt out in a few fields unless the library's log is read.

    The libraries put order, contract and executions into a line of their log at every message, also when nobody
    reads it: for an order of a hundred fields that is most of what a message costs.
    """
    fields = _TOLD.get(kind.__name__)
    if fields is None:
        return kind
    log = logging.getLogger(kind.__module__.partition(".")[0])

    def spell(self: Any) -> str:
        if log.isEnabledFor(logging.INFO):
            return str(vars(kind)["__repr__"](self))
        return f"{kind.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in fields)})"

    return type(kind.__name__, (kind,), {"__repr__": spell, "__str__": spell})


def load_library(name: str = "auto") -> Library:
    """Import a client library. Call it in the thread whose event loop the client will use.

    Args:
        name: `ib_insync`, `ib_async`, or `auto` for the first of the two that is installed.

    Raises:
        MissingDependency: It is not installed, or does not run on this Python; the other is named.
    """
    wanted = NAMES if name == "auto" else (name,)
    failures = {}
    for each in wanted:
        if importlib.util.find_spec(each) is None:
            continue
        try:
            importlib.import_module("numpy")  # both need it, and import it so deep that Python's stack grows each call
            module = importlib.import_module(each)
            if each == "ib_async":
                _give_each_thread_its_loop()
            return Library(each, module)
        except Exception as error:  # noqa: BLE001 because whatever its import raises, the other library is the remedy
            failures[each] = f"{each} failed to import: {error!r}"
    if not failures:
        raise _not_installed(wanted)
    other = next(each for each in NAMES if each != list(failures)[-1])
    raise MissingDependency(
        ". ".join(failures.values()) + ".", remedy=f"Use the other one: pip install '{_EXTRAS[other]}'."
    )


def _not_installed(wanted: tuple[str, ...]) -> MissingDependency:
    """Return the error for libraries that are not there; where one was asked for by name, it says if the other is."""
    remedy = " or ".join(f"pip install '{_EXTRAS[each]}'" for each in wanted)
    if len(wanted) > 1:
        return MissingDependency(
            f"No client library for IB is installed: {' and '.join(wanted)} looked for.", remedy=f"{remedy}."
        )
    others = [each for each in NAMES if each not in wanted and importlib.util.find_spec(each) is not None]
    also = "".join(f", or set library to {each!r}, which is installed" for each in others)
    return MissingDependency(f"The client library {', '.join(wanted)} is not installed.", remedy=f"{remedy}{also}.")


def _give_each_thread_its_loop() -> None:
    """Undo ib_async's remembering of the first event loop that it saw, for the whole process.

    With it, a second connection would run in the loop of the first, even of one that is closed.
    """
    first_seen = importlib.import_module("ib_async.util").getLoop
    if getattr(first_seen, "is_of_brokerkit", False):
        return

    def loop_of_this_thread() -> asyncio.AbstractEventLoop:
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            loop: asyncio.AbstractEventLoop = first_seen()
            return loop

    loop_of_this_thread.is_of_brokerkit = True  # type: ignore[attr-defined]  # because it marks what is replaced once
    for name in ("util", "client", "connection", "wrapper"):
        importlib.import_module(f"ib_async.{name}").getLoop = loop_of_this_thread  # type: ignore[attr-defined]  # because the module is a name at run time


def adapt(ib: Any, listener: Callable[[str, tuple[Any, ...]], None], zone: ZoneInfo | None) -> None:
    """Have a new IB object tell what it keeps to itself, and do what the library leaves undone.

    Args:
        ib: The library's IB object.
        listener: Called in the event loop with each message about orders, fills and positions.
        zone: Of times that name none; this machine's when None.
    """
    tap(ib, listener, (*_TAPPED, *LIST_ENDS))
    ask_for_all_open_orders(ib)
    let_any_thread_take_ids(ib)
    know_field_types(ib)
    read_execution_times(ib, zone)


def ask_for_all_open_orders(ib: Any) -> None:
    """Have the library read the open orders of all sessions when it connects, instead of its own alone."""
    ib.reqOpenOrdersAsync = ib.reqAllOpenOrdersAsync


def let_any_thread_take_ids(ib: Any) -> None:
    """Have the library give out request and order ids under a lock, so that no two threads get the same one."""
    lock, take, raise_to = threading.RLock(), ib.client.getReqId, ib.client.updateReqId

    def take_locked() -> int:
        with lock:
            return int(take())

    def raise_to_locked(lowest: int) -> None:
        with lock:
            raise_to(lowest)

    ib.client.getReqId, ib.client.updateReqId = take_locked, raise_to_locked


def read_execution_times(ib: Any, zone: ZoneInfo | None) -> None:
    """Have the time of an execution read by our own table of zones.

    The libraries know a zone by its name in the database alone, and lose the whole execution where IB names it as
    Windows or Java does.

    Args:
        ib: The library's IB object.
        zone: Of times that name none; this machine's when None.
    """
    handlers = ib.client.decoder.handlers
    handle = handlers[_EXECUTION]

    def handler(fields: list[str]) -> None:
        fields[_EXECUTION_TIME] = str(int(_moment_of_execution(fields[_EXECUTION_TIME], zone).timestamp()))
        handle(fields)

    handlers[_EXECUTION] = handler


def _moment_of_execution(text: str, zone: ZoneInfo | None) -> datetime:
    try:
        return moment_from(text, zone)
    except MissingData as error:  # its time is worth less than the fill
        _log.error("An execution's time is taken for now: %s", error)
        return datetime.now(timezone.utc)


def tap(ib: Any, listener: Callable[[str, tuple[Any, ...]], None], messages: tuple[str, ...]) -> None:
    """Tell a listener of every message of some kinds, before the library itself handles it.

    Both libraries keep to themselves what they have no open request or known order for, so their own
    events are not enough to follow orders across connections.

    Args:
        ib: The library's IB object.
        listener: Called in the event loop with the message's name and its arguments.
        messages: Names of methods of the library's wrapper.
    """
    for message in messages:
        setattr(ib.wrapper, message, _tapped(message, getattr(ib.wrapper, message), listener))
    ib.wrapper.error = _guarded_error(ib, ib.wrapper.error)
    ib.wrapper.headTimestamp = _whole_head(ib, ib.wrapper.headTimestamp)
    ib.wrapper.openOrder = _whole_preview(ib.wrapper.openOrder)


def _tapped(
    message: str, handle: Callable[..., Any], listener: Callable[[str, tuple[Any, ...]], None]
) -> Callable[..., Any]:
    def handler(*arguments: Any) -> Any:
        listener(message, arguments)
        return handle(*arguments)

    return handler


def _whole_head(ib: Any, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Read the seconds since 1970 of a time before March 1973 as such: the libraries take eight digits for a date."""

    def head(request_id: int, text: str) -> None:
        if text.isdigit():
            ib.wrapper._endReq(request_id, datetime.fromtimestamp(int(text), timezone.utc))
        else:
            handle(request_id, text)

    return head


def _whole_preview(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Take a preview without figures for IB's answer only where none with figures follows soon.

    With something to warn of, IB answers a what-if twice, first with the warning alone; the libraries take that one.
    """

    warnings: dict[int, str] = {}

    def open_order(order_id: int, contract: Any, order: Any, state: Any) -> None:
        if order.whatIf and price_from(state.initMarginAfter) is None:
            warnings[order_id] = state.warningText
            loop = asyncio.get_running_loop()
            loop.call_later(_PREVIEW_WAIT, handle, order_id, contract, order, state)
            return
        state.warningText = state.warningText or warnings.pop(order_id, "")
        handle(order_id, contract, order, state)

    return open_order


def _guarded_error(ib: Any, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the library from taking an order for cancelled on a notice, or on a failed modify or cancel."""

    def error(request_id: int, code: int, text: str, reject_json: str = "") -> None:
        if code in _NOT_THE_END and request_id not in ib.wrapper._futures:
            ib.errorEvent.emit(request_id, code, text, None)
        else:
            handle(request_id, code, text, reject_json)

    return error
