"""What can break a broker on purpose, so that the level `fault` can be run: offered by a plugin or its author."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

ATTRIBUTE = "conformance_harness"
"""The method of a plugin's native object that returns its harness."""

FAULTS: dict[str, str] = {
    "rejection": "The broker refuses the next order, with a reason of its own.",
    "lost-order": "The next order never reaches the broker, and nobody is told.",
    "lost-acknowledgement": "The next order reaches the broker, and its acknowledgement is lost.",
    "late-acknowledgement": "The acknowledgement of the next order comes late.",
    "lost-cancel": "The next cancel never reaches the broker, and nobody is told.",
    "refused-cancel": "The broker refuses the next cancel.",
    "lost-modify": "The next change of an order never reaches the broker, and nobody is told.",
    "duplicate-fill": "Each fill of the next order is reported twice.",
    "reordered-fills": "The fills of the next order are reported in another order than they happened.",
    "fill-before-acknowledgement": "The fill of the next order is reported before the order itself.",
    "lost-statuses": "Of the next order, only executions are reported and no status.",
    "cancel-fill-race": "The next order fills while its cancel is on the way.",
    "late-fill": "The next order that is cancelled had a fill, which is reported afterwards.",
    "partial-fill": "The next order fills in part; the rest fills later, unless the order is cancelled first.",
    "execution-correction": "The first fill of the next order is corrected after it was reported.",
    "late-commission": "The commission of the next order comes after its fill.",
    "stale-positions": "Positions are reported as they were before the next fill, for a while.",
    "failed-positions": "The next question for positions fails.",
    "pacing": "The broker answers the next request that there were too many.",
    "silent-stall": "The line is up and nothing comes through it.",
    "notice": "The broker sends a notice that is no error.",
    "competing-session": "Another login takes the session over.",
    "client-id-in-use": "The client id of the next session is held by another.",
}
"""Every fault by name, and what it does; a harness offers those that it can do."""

ABILITIES: dict[str, str] = {
    "disconnect": "The line can be cut and mended.",
    "advance": "The broker's clock can be moved.",
    "elsewhere": "Orders can be placed by another session, or by hand.",
    "restart": "The strategy's side can die and come back, while the broker lives on.",
}
"""Every ability by name; a harness offers those that it has."""


class Harness(Protocol):
    """Breaks one opened broker on purpose. Names are those of `FAULTS` and `ABILITIES`.

    A plugin offers one as the method `conformance_harness()` of the object it gives as
    `Session.native`; it need not import this module. Methods of an ability that is not offered are
    never called. A mapping `lacks`, if there is one, says by name why the rest is not offered: the
    report then gives that as the reason.
    """

    @property
    def offers(self) -> Collection[str]:
        """The faults that it can cause, and the abilities that it has."""
        ...

    def cause(self, fault: str) -> None:
        """Arm a fault; it strikes at the next occasion, once."""
        ...

    def heal(self) -> None:
        """Disarm every fault, and mend the line."""
        ...

    def disconnect(self) -> None:
        """Cut the line. It stays cut, whatever the plugin tries, until `reconnect`."""
        ...

    def reconnect(self) -> None:
        """Let the line be mended; return when the broker can be reached again."""
        ...

    def advance(self, seconds: float) -> None:
        """Let so many seconds of the broker's clock pass, whether the line is up or not."""
        ...

    def place_elsewhere(self, order: Any) -> str:
        """Place an order by another session of the same account; return its `order_ref` as the broker shows it."""
        ...

    def cancel_elsewhere(self, order_ref: str) -> None:
        """Cancel an order by another session of the same account."""
        ...

    def die(self) -> None:
        """Let the strategy's side die without a goodbye; the suite then opens the broker again."""
        ...
