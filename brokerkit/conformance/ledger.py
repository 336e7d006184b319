"""A small file of what the suite has sent and not yet taken back, so that a run that was killed can be put right."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from brokerkit import Order

if TYPE_CHECKING:
    from brokerkit import Broker

_PLACING = ("put_order_on_stack", "put_fx_order_on_stack")


class Ledger:
    """The references of orders that may still have to be taken back, in a file of their own for each account.

    A reference is on the disk before its order is sent.

    Attributes:
        file: Where they are; it is there only as long as there are any.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._writing = threading.Lock()
        self._of_this_test: list[str] = []
        self._kept = self.left()

    def left(self) -> list[str]:
        """Return the references that are in the file, in the order in which they were sent."""
        if not self.file.exists():
            return []
        lines = self.file.read_text("utf-8").splitlines()
        return [json.loads(line)["order_ref"] for line in lines if line.endswith("}")]

    def listen_to(self, broker: Broker) -> None:
        """Have every order written down before the broker gets it, whoever places it in this process."""
        for domain in (broker.orders, broker.fx):
            for hook in _PLACING:
                if hasattr(domain, hook):
                    setattr(domain, hook, self._written_down(getattr(domain, hook)))

    def settle(self, *, is_put_back: bool) -> None:
        """End a test: forget its orders where the account is as it was, and keep them for the next run otherwise."""
        with self._writing:
            if not is_put_back:
                self._kept += self._of_this_test
            self._of_this_test = []
            self._write(self._kept)

    def clear(self) -> None:
        """Forget everything: it has been taken back."""
        self._kept = []
        self.settle(is_put_back=True)

    def _written_down(self, place: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(place)
        def placing(*arguments: Any, **named: Any) -> Any:
            for order in (*arguments, *named.values()):
                if isinstance(order, Order):
                    self._add([order.order_ref, *(child.order_ref for child in order.children)])
            return place(*arguments, **named)

        return placing

    def _add(self, refs: list[str]) -> None:
        with self._writing:
            self._of_this_test += refs
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.writelines(_line(ref) for ref in refs)
                file.flush()
                os.fsync(file.fileno())

    def _write(self, refs: list[str]) -> None:
        if refs:
            whole = self.file.with_suffix(".new")
            whole.write_text("".join(map(_line, refs)), "utf-8")
            whole.replace(self.file)
        else:
            self.file.unlink(missing_ok=True)


def ledger_of(broker: Broker) -> Ledger:
    """Return the ledger of a broker: of its name and the settings it was opened with."""
    opened_with = sorted((name, str(setting.value)) for name, setting in broker.settings.items())
    digest = hashlib.sha256(json.dumps(opened_with).encode()).hexdigest()[:12]
    return Ledger(platformdirs.user_state_path("brokerkit") / "conformance" / f"{broker.name}-{digest}.jsonl")


def _line(ref: str) -> str:
    return json.dumps({"order_ref": ref, "process": os.getpid()}) + "\n"
