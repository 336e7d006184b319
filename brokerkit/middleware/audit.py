"""The audit log: every call that writes, every refusal and every event, on disk before anything else happens."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar

import attrs

from brokerkit.errors import CallRefused, StoreError
from brokerkit.middleware.audit_log import AuditLog, DatabaseLog, FileLog
from brokerkit.middleware.plain import plain
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.events import CommissionReport, ConnectionChange, DataGap, Event
from brokerkit.spec.hooks import HookFacts, hookimpl
from brokerkit.spec.middleware import Call, Middleware, Surroundings
from brokerkit.spec.positions import Position

logger: logging.Logger = logging.getLogger("brokerkit.audit")


@attrs.define(eq=False)
class Audit(Middleware):
    """Records every call that writes, its outcome, and every event; secrets are masked.

    A call is recorded before it is passed on: if that fails, the call is refused and nothing is sent.
    The outcome is recorded once it is known: if that fails, an error is logged and the caller still
    gets the outcome, because by then the order is with the broker.

    Attributes:
        file: A file of JSON lines; by default, without `database`, `audit.jsonl` in the state folder.
        database: A SQLite file; its table `audit` gets a row for each record.
        reads: Whether calls that only read are recorded too.
    """

    only_looks_on: ClassVar[bool] = True

    file: Path | None = attrs.field(default=None, metadata={"help": "a file of JSON lines"})
    database: Path | None = attrs.field(default=None, metadata={"help": "a SQLite file"})
    reads: bool = attrs.field(default=False, metadata={"help": "whether calls that only read are recorded too"})
    _logs: list[AuditLog] = attrs.field(factory=list, init=False, repr=False)
    _broker_name: str = attrs.field(default="", init=False, repr=False)
    _account_kind: str = attrs.field(default="", init=False, repr=False)
    _mask: Callable[[str], str] = attrs.field(default=str, init=False, repr=False)
    _calls: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1), init=False, repr=False)

    def opened(self, surroundings: Surroundings) -> None:
        """Open the file or database, so that a wrong path is reported at once."""
        self._broker_name = surroundings.broker_name
        self._account_kind = surroundings.account_kind.value
        self._mask = surroundings.mask
        file = self.file if self.file or self.database else surroundings.state_folder / "audit.jsonl"
        if file is not None:
            self._logs.append(FileLog(file))
        if self.database is not None:
            self._logs.append(DatabaseLog(self.database))

    def applies(self, hook: HookFacts) -> bool:
        """Return whether the hook writes, or reads are wanted too."""
        return hook.writes or self.reads

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Write the call down, let it happen, and write down what came of it."""
        number, started = f"{os.getpid()}-{next(self._calls)}", time.monotonic()
        self._write("call", call.hook.name, number, arguments=dict(call.arguments))
        try:
            result = yield
        except BaseException as error:
            kind = "refusal" if isinstance(error, CallRefused) else "error"
            outcome = error if hasattr(error, "as_dict") else f"{type(error).__name__}: {error}"
            self._write_after(kind, call.hook.name, number, outcome=outcome, seconds=time.monotonic() - started)
            raise
        self._write_after("result", call.hook.name, number, outcome=result, seconds=time.monotonic() - started)
        return result

    @hookimpl
    def on_order_status(self, order: BrokerOrder) -> None:
        """Write down that an order's state changed."""
        self._write_event("on_order_status", order)

    @hookimpl
    def on_fill(self, fill: Fill) -> None:
        """Write down an execution."""
        self._write_event("on_fill", fill)

    @hookimpl
    def on_commission(self, report: CommissionReport) -> None:
        """Write down what an execution cost."""
        self._write_event("on_commission", report)

    @hookimpl
    def on_position(self, position: Position) -> None:
        """Write down that a position changed."""
        self._write_event("on_position", position)

    @hookimpl
    def on_connection(self, change: ConnectionChange) -> None:
        """Write down that the line to the broker changed."""
        self._write_event("on_connection", change)

    @hookimpl
    def on_data_gap(self, gap: DataGap) -> None:
        """Write down that events or prices may be missing."""
        self._write_event("on_data_gap", gap)

    def close(self) -> None:
        """Close what is written to."""
        for log in self._logs:
            log.close()

    def _write_event(self, name: str, event: Event) -> None:
        self._write_after("event", name, "", outcome=event)

    def _write_after(self, kind: str, hook: str, number: str, **more: Any) -> None:
        try:
            self._write(kind, hook, number, **more)
        except StoreError:
            logger.exception("The audit of broker %r lost a record: %s %s %s", self._broker_name, kind, hook, number)

    def _write(self, kind: str, hook: str, number: str, **more: Any) -> None:
        try:
            record = self._record(kind, hook, number, **more)
        except Exception as error:  # a plugin's own object may fail when it is asked what it is
            raise StoreError(
                f"The audit of {hook} cannot be written down: {type(error).__name__}: {self._mask(str(error))}.",
                remedy="Give plain values in broker_parameters and algo_parameters.",
            ) from error
        for log in self._logs:
            log.write(record)

    def _record(self, kind: str, hook: str, number: str, **more: Any) -> dict[str, Any]:
        return {
            "time": datetime.now(timezone.utc).isoformat(),
            "broker": self._broker_name,
            "account_kind": self._account_kind,
            "record": kind,
            "hook": hook,
            "call": number,
            "thread": threading.current_thread().name,
            **{key: plain(value, self._mask) for key, value in more.items()},
        }
