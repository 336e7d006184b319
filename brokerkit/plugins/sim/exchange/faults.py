"""What can go wrong between a client and an exchange: small objects, ordered by name, that can be combined.

Each fault waits for its kind of occasion. It strikes on those counted in `at` (1 is the first), or by
chance at `rate`, drawn from a generator of its own: adding one fault never moves another's strikes.

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
    """What a fault waits for."""

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
    """When a fault strikes; each kind adds what it does.

    Attributes:
        at: The occasions, counted from 1, on which it strikes.
        rate: The chance, 0 to 1, that it strikes on any other occasion.
    """

    name: ClassVar[str] = ""
    occasion: ClassVar[Occasion]

    at: tuple[int, ...] = attrs.field(default=(), converter=_numbers)
    rate: float = 0.0


@attrs.frozen
class Rejection(Fault):
    """The exchange refuses the order."""

    name = "rejection"
    occasion = Occasion.SUBMIT
    reason: str = "rejected by the exchange"


@attrs.frozen
class LostOrder(Fault):
    """The order never reaches the exchange; the client, who cannot know, sees it as pending, then unknown."""

    name = "lost-order"
    occasion = Occasion.SUBMIT
    patience: timedelta = timedelta(seconds=5)


@attrs.frozen
class Disconnect(Fault):
    """The line breaks right after the order went out: it is at the exchange, and the client is not told so."""

    name = "disconnect"
    occasion = Occasion.SUBMIT
    lasts: timedelta = timedelta(seconds=60)


@attrs.frozen
class LostStatuses(Fault):
    """The client is told the order's executions and never its status; after its patience it sees it as unknown."""

    name = "lost-statuses"
    occasion = Occasion.SUBMIT
    patience: timedelta = timedelta(seconds=5)


@attrs.frozen
class LostAcknowledgement(Fault):
    """The order works, and the client is never told; after its patience the client sees it as unknown."""

    name = "lost-acknowledgement"
    occasion = Occasion.ACKNOWLEDGEMENT
    patience: timedelta = timedelta(seconds=5)


@attrs.frozen
class LateAcknowledgement(Fault):
    """The client is told late that the order works."""

    name = "late-acknowledgement"
    occasion = Occasion.ACKNOWLEDGEMENT
    delay: timedelta = timedelta(seconds=30)


@attrs.frozen
class FillBeforeAcknowledgement(Fault):
    """The client hears of the order's first fill before it hears that the order works."""

    name = "fill-before-acknowledgement"
    occasion = Occasion.ACKNOWLEDGEMENT


@attrs.frozen
class LostCancel(Fault):
    """The request to cancel never arrives; the client sees it as pending."""

    name = "lost-cancel"
    occasion = Occasion.CANCEL


@attrs.frozen
class RefusedCancel(Fault):
    """The exchange refuses to cancel the order, which works on."""

    name = "refused-cancel"
    occasion = Occasion.CANCEL


@attrs.frozen
class CancelFillRace(Fault):
    """The request to cancel takes so long that a fill may win the race."""

    name = "cancel-fill-race"
    occasion = Occasion.CANCEL
    delay: timedelta = timedelta(seconds=120)


@attrs.frozen
class LateFill(Fault):
    """One lot trades at the last price in the instant of the cancel; it is told after the cancel."""

    name = "late-fill"
    occasion = Occasion.CANCEL


@attrs.frozen
class LostModify(Fault):
    """The request to change the order never arrives."""

    name = "lost-modify"
    occasion = Occasion.MODIFY


@attrs.frozen
class DuplicateFill(Fault):
    """The client is told of a fill twice, with the same execution id."""

    name = "duplicate-fill"
    occasion = Occasion.FILL


@attrs.frozen
class ReorderedFills(Fault):
    """The client hears of a fill after the next one; or after its patience, when there is no next one."""

    name = "reordered-fills"
    occasion = Occasion.FILL
    patience: timedelta = timedelta(seconds=120)


@attrs.frozen
class ExecutionCorrection(Fault):
    """The exchange corrects a fill's price by some ticks, inside its bar, a while later, and does so once."""

    name = "execution-correction"
    occasion = Occasion.FILL
    ticks: int = 1
    delay: timedelta = timedelta(seconds=30)


@attrs.frozen
class LateCommission(Fault):
    """The fill is told without its commission, which is reported later."""

    name = "late-commission"
    occasion = Occasion.FILL
    delay: timedelta = timedelta(seconds=30)


@attrs.frozen
class MissingCommission(Fault):
    """The fill is told without its commission, which is charged and never reported."""

    name = "missing-commission"
    occasion = Occasion.FILL


@attrs.frozen
class SilentStall(Fault):
    """The line stays up and carries nothing, from this fill on; requests get no answer."""

    name = "silent-stall"
    occasion = Occasion.FILL
    lasts: timedelta = timedelta(seconds=60)


@attrs.frozen
class StalePositions(Fault):
    """A question for positions is answered with what was held at the question before."""

    name = "stale-positions"
    occasion = Occasion.POSITIONS


@attrs.frozen
class FailedPositions(Fault):
    """A question for positions gets no answer."""

    name = "failed-positions"
    occasion = Occasion.POSITIONS


@attrs.frozen
class TooManyRequests(Fault):
    """The exchange answers a question for orders, fills or positions that there were too many."""

    name = "pacing"
    occasion = Occasion.QUESTION


@attrs.frozen
class IdReuse(Fault):
    """After a restart the exchange counts its order ids from 1 again; lasting ids go on."""

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
    """Return a fault by its name; settings that are durations are given in seconds or as timedelta.

    Raises:
        InvalidArgument: There is no fault of that name, or it has no such setting.
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
    """The faults of one exchange, with each one's count of occasions and its own generator."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._seed = seed
        self._entries: list[_Entry] = []
        for one in faults:
            self.add(one)

    def add(self, one: Fault) -> None:
        """Add a fault; its count begins now."""
        self._entries.append(_Entry(one, Random(f"fault:{self._seed}:{one.name}:{len(self._entries)}")))

    def clear(self) -> None:
        """Forget every fault."""
        self._entries.clear()

    def __len__(self) -> int:
        """Return the number of faults."""
        return len(self._entries)

    def striking(self, occasion: Occasion) -> list[Fault]:
        """Count an occasion, and return the faults that strike on it."""
        return [entry.fault for entry in self._entries if entry.fault.occasion is occasion and entry.strikes()]

    def counts(self) -> list[int]:
        """Return how many occasions each fault has seen."""
        return [entry.seen for entry in self._entries]

    def resume(self, counts: Iterable[int]) -> None:
        """Go on from counts of an earlier run, drawing what was drawn then."""
        for entry, count in zip(self._entries, counts, strict=False):
            for _ in range(count):
                entry.strikes()


class _Entry:
    __slots__ = ("fault", "random", "seen")

    def __init__(self, one: Fault, random: Random) -> None:
        self.fault = one
        self.random = random
        self.seen = 0

    def strikes(self) -> bool:
        self.seen += 1
        by_chance = self.random.random() < self.fault.rate
        return by_chance or self.seen in self.fault.at
