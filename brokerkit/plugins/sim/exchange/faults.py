"""What can go wrong between a client and an exchange: small objects, created by name, that can be combined.

Each fault has an occasion. It occurs on the occasions counted in `at` (1 is the first), or at random with
probability `rate`, from its own random generator: adding one fault never changes when another occurs.

Example:
    >>> fault("lost-acknowledgement", at=[2])
    LostAcknowledgement(at=(2,), rate=0.0, patience=datetime.timedelta(seconds=5))
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any, ClassVar

import attrs

from brokerkit.errors import InvalidArgument


class Occasion(enum.Enum):
    """The kind of event at which a fault can occur."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    MODIFY = "modify"
    ACKNOWLEDGEMENT = "acknowledgement"
    FILL = "fill"
    POSITIONS = "positions"
    QUESTION = "question"
    RESTART = "restart"


def _numbers(given: int | Iterable[int]) -> tuple[int, ...]:
    return (given,) if isinstance(given, int) else tuple(given)


@attrs.frozen
class Fault:
    """When a fault occurs; each subclass adds its effect.

    Attributes:
        at: The occasions, counted from 1, on which it occurs.
        rate: The probability, 0 to 1, that it occurs on any other occasion.

    Raises:
        InvalidArgument: It could never occur, or on no occasion that there is.
    """

    name: ClassVar[str] = ""
    occasion: ClassVar[Occasion]

    at: tuple[int, ...] = attrs.field(default=(), converter=_numbers)
    rate: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Refuse a fault that never occurs: a test with it would prove nothing."""
        counted = all(isinstance(each, int) and each >= 1 for each in self.at)
        if not counted or not 0 <= self.rate <= 1 or not (self.at or self.rate):
            raise InvalidArgument(
                f"Fault {self.name} with at = {self.at} and rate = {self.rate} never occurs, or nobody knows when.",
                remedy="Give at, occasions counted from 1, or rate, above 0 and at most 1.",
            )


@attrs.frozen
class Rejection(Fault):
    """The exchange refuses the order."""

    name = "rejection"
    occasion = Occasion.SUBMIT
    reason: str = "rejected by the exchange"


@attrs.frozen
class LostOrder(Fault):
    """The order never reaches the exchange; the client cannot tell, and sees it as pending, then unknown."""

    name = "lost-order"
    occasion = Occasion.SUBMIT
    patience: timedelta = timedelta(seconds=5)


@attrs.frozen
class Disconnect(Fault):
    """The connection breaks right after the order was sent: the exchange has it, and the client is not told."""

    name = "disconnect"
    occasion = Occasion.SUBMIT
    lasts: timedelta = timedelta(seconds=60)


@attrs.frozen
class LostStatuses(Fault):
    """The client gets the order's executions but never its status; after its patience it sees the order as unknown."""

    name = "lost-statuses"
    occasion = Occasion.SUBMIT
    patience: timedelta = timedelta(seconds=5)


@attrs.frozen
class LostAcknowledgement(Fault):
    """The order works but the client is never told; after its patience it sees the order as unknown."""

    name = "lost-acknowledgement"
    occasion = Occasion.ACKNOWLEDGEMENT
    patience: timedelta = timedelta(seconds=5)


@attrs.frozen
class LateAcknowledgement(Fault):
    """The acknowledgement that the order works reaches the client late."""

    name = "late-acknowledgement"
    occasion = Occasion.ACKNOWLEDGEMENT
    delay: timedelta = timedelta(seconds=30)


@attrs.frozen
class FillBeforeAcknowledgement(Fault):
    """The order's first fill reaches the client before the acknowledgement that it works."""

    name = "fill-before-acknowledgement"
    occasion = Occasion.ACKNOWLEDGEMENT


@attrs.frozen
class LostCancel(Fault):
    """The cancel request never arrives; the client sees it as pending."""

    name = "lost-cancel"
    occasion = Occasion.CANCEL


@attrs.frozen
class RefusedCancel(Fault):
    """The exchange refuses to cancel the order, which keeps working."""

    name = "refused-cancel"
    occasion = Occasion.CANCEL


@attrs.frozen
class CancelFillRace(Fault):
    """The cancel request takes so long that a fill may win the race."""

    name = "cancel-fill-race"
    occasion = Occasion.CANCEL
    delay: timedelta = timedelta(seconds=120)


@attrs.frozen
class LateFill(Fault):
    """One lot trades at the last price at the instant of the cancel, and is reported after the cancel."""

    name = "late-fill"
    occasion = Occasion.CANCEL


@attrs.frozen
class LostModify(Fault):
    """The modification request never arrives."""

    name = "lost-modify"
    occasion = Occasion.MODIFY


@attrs.frozen
class DuplicateFill(Fault):
    """The client receives a fill twice, with the same execution id."""

    name = "duplicate-fill"
    occasion = Occasion.FILL


@attrs.frozen
class ReorderedFills(Fault):
    """The client receives a fill after the next one, or after its patience if there is no next one."""

    name = "reordered-fills"
    occasion = Occasion.FILL
    patience: timedelta = timedelta(seconds=120)


@attrs.frozen
class ExecutionCorrection(Fault):
    """After a delay, the exchange corrects a fill's price by some ticks, within its bar, once."""

    name = "execution-correction"
    occasion = Occasion.FILL
    ticks: int = 1
    delay: timedelta = timedelta(seconds=30)


@attrs.frozen
class LateCommission(Fault):
    """The fill is reported without its commission, which is reported later."""

    name = "late-commission"
    occasion = Occasion.FILL
    delay: timedelta = timedelta(seconds=30)


@attrs.frozen
class MissingCommission(Fault):
    """The fill is reported without its commission, which is charged but never reported."""

    name = "missing-commission"
    occasion = Occasion.FILL


@attrs.frozen
class SilentStall(Fault):
    """From this fill on, the connection stays up but carries nothing; requests get no answer."""

    name = "silent-stall"
    occasion = Occasion.FILL
    lasts: timedelta = timedelta(seconds=60)


@attrs.frozen
class StalePositions(Fault):
    """A request for positions is answered with the positions at the previous request."""

    name = "stale-positions"
    occasion = Occasion.POSITIONS


@attrs.frozen
class FailedPositions(Fault):
    """A request for positions gets no answer."""

    name = "failed-positions"
    occasion = Occasion.POSITIONS


@attrs.frozen
class TooManyRequests(Fault):
    """The exchange answers a request for orders, fills or positions that there were too many requests."""

    name = "pacing"
    occasion = Occasion.QUESTION


@attrs.frozen
class IdReuse(Fault):
    """After a restart the exchange numbers its order ids from 1 again; permanent ids continue."""

    name = "id-reuse"
    occasion = Occasion.RESTART


FAULTS: dict[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        Rejection,
        LostOrder,
        Disconnect,
        LostStatuses,
        LostAcknowledgement,
        LateAcknowledgement,
        FillBeforeAcknowledgement,
        LostCancel,
        RefusedCancel,
        CancelFillRace,
        LateFill,
        LostModify,
        DuplicateFill,
        ReorderedFills,
        ExecutionCorrection,
        LateCommission,
        MissingCommission,
        SilentStall,
        StalePositions,
        FailedPositions,
        TooManyRequests,
        IdReuse,
    )
}
"""Every fault by its name."""


def fault(name: str, **settings: Any) -> Fault:
    """Return a fault by name; durations are given in seconds or as timedelta.

    Raises:
        InvalidArgument: There is no such fault, or it has no such setting.
    """
    kind: Any = FAULTS.get(name)
    if kind is None:
        raise InvalidArgument(f"There is no fault {name!r}.", given=name, candidates=FAULTS)
    known = {field.name: field for field in attrs.fields(kind)}
    for setting in settings:
        if setting not in known:
            raise InvalidArgument(f"Fault {name} has no setting {setting!r}.", given=setting, candidates=known)
    values = {
        setting: timedelta(seconds=value)
        if known[setting].type in ("timedelta", timedelta) and not isinstance(value, timedelta)
        else value
        for setting, value in settings.items()
    }
    made: Fault = kind(**values)
    return made


class FaultBoard:
    """The faults of one exchange, each with its count of occasions and its own random generator."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._seed = seed
        self._entries: list[_Entry] = []
        for one in faults:
            self.add(one)

    def add(self, one: Fault) -> None:
        """Add a fault; its count starts now."""
        self._entries.append(_Entry(one, Random(f"fault:{self._seed}:{one.name}:{len(self._entries)}")))

    def clear(self) -> None:
        """Remove every fault."""
        self._entries.clear()

    def __len__(self) -> int:
        """Return the number of faults."""
        return len(self._entries)

    def occurring(self, occasion: Occasion) -> list[Fault]:
        """Count an occasion, and return the faults that occur on it."""
        return [entry.fault for entry in self._entries if entry.fault.occasion is occasion and entry.occurs()]

    def counts(self) -> list[int]:
        """Return the number of occasions that each fault has counted."""
        return [entry.seen for entry in self._entries]

    def resume(self, counts: Iterable[int]) -> None:
        """Resume from the counts of an earlier run, repeating its random draws."""
        for entry, count in zip(self._entries, counts, strict=False):
            for _ in range(count):
                entry.occurs()


class _Entry:
    __slots__ = ("fault", "random", "seen")

    def __init__(self, one: Fault, random: Random) -> None:
        self.fault = one
        self.random = random
        self.seen = 0

    def occurs(self) -> bool:
        self.seen += 1
        by_chance = self.random.random() < self.fault.rate
        return by_chance or self.seen in self.fault.at
