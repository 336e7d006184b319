"""The root of the error tree: how every brokerkit error is built, printed, pickled and turned into JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

_DATED = re.compile(r"(?P<instrument>(?:.*/)?)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})?")


def closest_match(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that looks most like `name`, or None when none comes near.

    Contract dates are compared as months: the nearest one is meant, the later of two that are equally near.

    Example:
        >>> closest_match("papper", ["live", "paper"])
        'paper'
        >>> closest_match("CORN/202304", ["CORN/202303", "CORN/202305", "CORN/202309"])
        'CORN/202305'
    """
    import difflib  # here, because most programs make no mistake

    known = tuple(candidates)
    dated = _nearest_date(name, known)
    if dated is not None:
        return dated
    by_folded_name = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), by_folded_name, n=1, cutoff=0.6)
    return by_folded_name[matches[0]] if matches else None


def _nearest_date(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate of the nearest date, or None when these are no contract dates of one instrument."""
    given = _DATED.fullmatch(name)
    if given is None:
        return None
    dated = [each for candidate in candidates if (each := _DATED.fullmatch(candidate)) is not None]
    same = [each for each in dated if each["instrument"].casefold() == given["instrument"].casefold()]
    wanted = _days(given)
    return min(same, key=lambda each: (abs(_days(each) - wanted), -_days(each)))[0] if same else None


def _days(dated: re.Match[str]) -> int:
    """Return about how many days after the year 0 a contract date is, every month as long as any other."""
    return (int(dated["year"]) * 12 + int(dated["month"])) * 31 + int(dated["day"] or 0)


class BrokerkitError(Exception):
    """The root of every error brokerkit raises.

    Attributes:
        code: `BKnnn`, an anchor in `docs/errors.md`.
        temporary: Whether the same call may succeed later without any change.
        fact: What is wrong.
        place: Where: a file with line, a setting, a hook, an order. Empty when the fact says it.
        remedy: What to do about it.
        given: The name that was not found, when the error is about a name.
        candidates: What could have been meant.
        broker_code: The broker's own error code, kept as it came.
        broker_message: The broker's own text, kept as it came.

    Example:
        >>> from brokerkit.errors import MissingInstrument
        >>> print(MissingInstrument("No instrument 'EDOLAR'.", given="EDOLAR", candidates=["EDOLLAR", "GOLD"]))
        No instrument 'EDOLAR'. Did you mean 'EDOLLAR'? [BK404]
    """

    code: ClassVar[str] = "BK000"
    temporary: ClassVar[bool] = False

    def __init__(
        self,
        fact: str,
        *,
        place: str = "",
        remedy: str = "",
        given: str = "",
        candidates: Iterable[object] = (),
        broker_code: int | str | None = None,
        broker_message: str = "",
    ) -> None:
        super().__init__(fact)
        self.fact = fact
        self.place = place
        self.remedy = remedy
        self.given: str = str(given)  # whatever was given: an error that cannot be printed hides its fact
        self.candidates: tuple[object, ...] = tuple(candidates)
        self.broker_code = broker_code
        self.broker_message = broker_message

    def __str__(self) -> str:
        """Return fact, place, closest match, remedy and code as one line."""
        suggestion = closest_match(self.given, map(str, self.candidates)) if self.given else None
        parts = [
            self.fact,
            f"({self.place})" if self.place else "",
            f"Did you mean '{suggestion}'?" if suggestion else "",
            self.remedy,
            f"[{self.code}]",
        ]
        return " ".join(part for part in parts if part)

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling, so that errors cross process borders whole."""
        return (_rebuild, (type(self), self.fact, self.__dict__.copy()))

    def hide(self, mask: Callable[[str], str]) -> None:
        """Apply `mask` to every text in the error, so that it shows no secret."""
        for attribute in ("fact", "place", "remedy", "given", "broker_message"):
            setattr(self, attribute, mask(getattr(self, attribute)))
        self.args: tuple[Any, ...] = tuple(mask(each) if isinstance(each, str) else each for each in self.args)
        self.candidates = tuple(mask(each) if isinstance(each, str) else each for each in self.candidates)

    def as_dict(self) -> dict[str, object]:
        """Return the error as JSON-ready values, for `--json` and for audit logs."""
        return {
            "error": type(self).__name__,
            "code": self.code,
            "message": str(self),
            "fact": self.fact,
            "place": self.place,
            "remedy": self.remedy,
            "candidates": [str(candidate) for candidate in self.candidates],
            "temporary": self.temporary,
            "broker_code": self.broker_code,
            "broker_message": self.broker_message,
        }


def _rebuild(kind: type[BrokerkitError], fact: str, attributes: dict[str, object]) -> BrokerkitError:
    error = kind(fact)
    error.__dict__.update(attributes)
    return error
