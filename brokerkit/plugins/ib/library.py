"""Loads the client library, and handles the differences between ib_insync and ib_async."""

from __future__ import annotations

import asyncio
import contextlib
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
from brokerkit.plugins.ib.error_codes import Meaning, meaning_for_order
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.last_trade_times import read_last_trade_times
from brokerkit.plugins.ib.message_fields import cache_field_types
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
"""The message that ends each of IB's lists, and what the list contains."""

_EXECUTION = 11
_EXECUTION_TIME = 15
_SHORT_REPR = {
    "Order": ("orderId", "orderRef", "action", "totalQuantity"),
    "Contract": ("conId", "secType", "symbol", "lastTradeDateOrContractMonth", "exchange", "currency"),
    "Trade": ("contract", "order"),
}
_EXTRAS = {"ib_insync": "brokerkit[ib]", "ib_async": "brokerkit[ib-async]"}

_PREVIEW_WAIT = 2.0
# ib_async treats these errors as warnings, because the order may still work, and never ends a request that they refuse.
_ENDS_A_REQUEST = frozenset({105, 321, 329})
# The libraries treat these errors as the end of an order; our own table decides what an error means for an order.
_NOT_FINAL = frozenset({10349, 2109, 2137, 399, 404, 434, 492, 104, 105, 135, 10326, 10147, 10148, 161, 329})


@attrs.frozen(eq=False)
class Library:
    """A client library: its name, and the classes that both libraries share.

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
        """Return a new IB object that raises request errors instead of returning empty answers."""
        ib = self.module.IB()
        ib.RaiseRequestErrors = True
        return ib

    def new(self, kind: str, **fields: Any) -> Any:
        """Return a new object of one of the library's classes, such as `Contract`."""
        return _with_short_repr(getattr(self.module, kind))(**fields)

    def place(self, ib: Any, contract: Any, order: Any) -> None:
        """Send an order, and have the library's own record of it formatted briefly too."""
        trade: Any = ib.placeOrder(contract, order)
        with contextlib.suppress(TypeError):  # the order has left: nothing may make its outcome unknown
            trade.__class__ = _with_short_repr(trade.__class__)

    def request_error(self) -> type[Exception]:
        """Return the exception class that carries the code and text of a failed request."""
        wrapper = importlib.import_module(f"{self.name}.wrapper")
        return wrapper.RequestError  # type: ignore[no-any-return]  # because the library is chosen at run time


@functools.cache
def _with_short_repr(kind: type[Any]) -> type[Any]:
    """Return a class of the library's with a short repr, unless the library logs at level INFO.

    The libraries format order, contract and trade for their log at every message, even if it is not enabled: with an
    order's hundred fields, and everything that has happened in a trade, that is most of the cost of a message.
    """
    fields = _SHORT_REPR.get(kind.__name__)
    if fields is None:
        return kind
    log = logging.getLogger(kind.__module__.partition(".")[0])

    def short_repr(self: Any) -> str:
        if log.isEnabledFor(logging.INFO):
            return str(vars(kind)["__repr__"](self))
        return f"{kind.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in fields)})"

    return type(kind.__name__, (kind,), {"__repr__": short_repr, "__str__": short_repr})


def load_library(name: str = "auto") -> Library:
    """Import a client library. Call it in the thread whose event loop the client will use.

    Args:
        name: `ib_insync`, `ib_async`, or `auto` for the first of the two that is installed.

    Raises:
        MissingDependency: It is not installed, or does not run on this Python; the error suggests the other one.
    """
    wanted = NAMES if name == "auto" else (name,)
    failures = {}
    for each in wanted:
        if importlib.util.find_spec(each) is None:
            continue
        try:
            importlib.import_module("numpy")  # both import it so deep that the stack grows with each call
            module = importlib.import_module(each)
            if each == "ib_async":
                _use_loop_per_thread()
            return Library(each, module)
        except Exception as error:  # noqa: BLE001 because whatever the import raises, the other library is the remedy
            failures[each] = f"{each} failed to import: {error!r}"
    if not failures:
        raise _not_installed(wanted)
    other = next(each for each in NAMES if each != list(failures)[-1])
    raise MissingDependency(
        ". ".join(failures.values()) + ".", remedy=f"Use the other library: pip install '{_EXTRAS[other]}'."
    )


def _not_installed(wanted: tuple[str, ...]) -> MissingDependency:
    """Return the error for missing libraries; if one was configured by name, it says whether the other is installed."""
    remedy = " or ".join(f"pip install '{_EXTRAS[each]}'" for each in wanted)
    if len(wanted) > 1:
        return MissingDependency(
            f"No client library for IB is installed, neither {' nor '.join(wanted)}.", remedy=f"{remedy}."
        )
    others = [each for each in NAMES if each not in wanted and importlib.util.find_spec(each) is not None]
    also = "".join(f", or set library to {each!r}, which is installed" for each in others)
    return MissingDependency(f"The client library {', '.join(wanted)} is not installed.", remedy=f"{remedy}{also}.")


def _use_loop_per_thread() -> None:
    """Stop ib_async from using the first event loop that it saw for the whole process.

    Otherwise a second connection would run in the loop of the first, even of a closed one.
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

    loop_of_this_thread.is_of_brokerkit = True  # type: ignore[attr-defined]  # because it marks the replacement
    for name in ("util", "client", "connection", "wrapper"):
        importlib.import_module(f"ib_async.{name}").getLoop = loop_of_this_thread  # type: ignore[attr-defined]  # because the module is a name at run time


def adapt(ib: Any, listener: Callable[[str, tuple[Any, ...]], None], zone: ZoneInfo | None) -> None:
    """Make a new IB object pass on messages that the library discards, and fix the library's shortcomings.

    Args:
        ib: The library's IB object.
        listener: Called in the event loop with each message about orders, fills and positions.
        zone: The zone of times without one; None for this machine's.
    """
    tap(ib, listener, (*_TAPPED, *LIST_ENDS))
    read_all_open_orders(ib)
    lock_ids(ib)
    cache_field_types(ib)
    read_execution_times(ib, zone)
    read_last_trade_times(ib)


def read_all_open_orders(ib: Any) -> None:
    """Make the library read the open orders of all sessions when it connects, not only its own.

    Client 0 requests its own before, because that binds those placed by hand: only then do they have an id.
    """
    end, is_binding = ib.wrapper.openOrderEnd, False

    def request() -> Any:
        nonlocal is_binding
        is_binding = ib.client.clientId == 0
        if is_binding:
            ib.client.reqOpenOrders()
        return ib.reqAllOpenOrdersAsync()

    def on_end() -> None:
        nonlocal is_binding
        if not is_binding:
            end()
        is_binding = False  # the first end is not that of all orders

    ib.reqOpenOrdersAsync, ib.wrapper.openOrderEnd = request, on_end


def lock_ids(ib: Any) -> None:
    """Make the library issue request and order ids under a lock, so that no two threads get the same one."""
    lock, take, raise_to = threading.RLock(), ib.client.getReqId, ib.client.updateReqId

    def take_locked() -> int:
        with lock:
            return int(take())

    def raise_to_locked(lowest: int) -> None:
        with lock:
            raise_to(lowest)

    ib.client.getReqId, ib.client.updateReqId = take_locked, raise_to_locked


def read_execution_times(ib: Any, zone: ZoneInfo | None) -> None:
    """Make execution times be read with our own table of zones.

    The libraries know only the zone names of the time zone database, and lose the whole execution if IB uses a Windows
    or Java name.

    Args:
        ib: The library's IB object.
        zone: The zone of times without one; None for this machine's.
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
    except MissingData as error:  # an execution with the wrong time is better than none
        _log.error("An execution is stamped with the current time, because its own cannot be read: %s", error)
        return datetime.now(timezone.utc)


def tap(ib: Any, listener: Callable[[str, tuple[Any, ...]], None], messages: tuple[str, ...]) -> None:
    """Pass every message of some types to a listener before the library handles it.

    Both libraries discard messages for which they have no open request or known order, so their own
    events are not enough to track orders across connections.

    Args:
        ib: The library's IB object.
        listener: Called in the event loop with the message's name and its arguments.
        messages: Names of methods of the library's wrapper.
    """
    ib.wrapper.completedOrder = _if_requested(ib, ib.wrapper.completedOrder)
    for message in messages:
        setattr(ib.wrapper, message, _tapped(message, getattr(ib.wrapper, message), listener))
    ib.wrapper.error = _guarded_error(ib, ib.wrapper.error)
    ib.wrapper.headTimestamp = _read_epoch_seconds(ib, ib.wrapper.headTimestamp)
    ib.wrapper.openOrder = _await_full_preview(ib.wrapper.openOrder)


def _tapped(
    message: str, handle: Callable[..., Any], listener: Callable[[str, tuple[Any, ...]], None]
) -> Callable[..., Any]:
    def handler(*arguments: Any) -> Any:
        listener(message, arguments)
        return handle(*arguments)

    return handler


def _if_requested(ib: Any, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Keep completed orders that IB sends unasked from the library, which logs an error and a traceback for each."""

    def completed_order(*arguments: Any) -> None:
        if "completedOrders" in ib.wrapper._results:
            handle(*arguments)

    return completed_order


def _read_epoch_seconds(ib: Any, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Read epoch seconds before March 1973 correctly: the libraries mistake eight digits for a date."""

    def head(request_id: int, text: str) -> None:
        if text.isdigit():
            ib.wrapper._endReq(request_id, datetime.fromtimestamp(int(text), timezone.utc))
        else:
            handle(request_id, text)

    return head


def _await_full_preview(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Accept a what-if answer without margin values only if none with values follows soon.

    If there is a warning, IB answers a what-if twice, first with only the warning; the libraries accept that one.
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
    """Prevent the library from marking an order as cancelled on a notice, or on a failed change or cancel.

    Nor does a notice end a request, such as the preview of an order; a refusal does.
    """
    failure = importlib.import_module(type(ib.wrapper).__module__).RequestError

    def error(request_id: int, code: int, text: str, reject_json: str = "") -> None:
        is_request = request_id in ib.wrapper._futures
        if is_request and code in _ENDS_A_REQUEST:
            ib.wrapper._endReq(request_id, failure(request_id, code, text), success=False)
            ib.errorEvent.emit(request_id, code, text, None)
        elif meaning_for_order(code) is Meaning.NOTICE if is_request else code in _NOT_FINAL:
            ib.errorEvent.emit(request_id, code, text, None)
        else:
            handle(request_id, code, text, reject_json)

    return error
