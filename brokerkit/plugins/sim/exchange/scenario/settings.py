"""The meaning of a scenario's tables: contracts and their bars, sessions, models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.commission import NoCommission, PercentOfValue, PerLot, PerOrder
from brokerkit.plugins.sim.exchange.latency import Latency
from brokerkit.plugins.sim.exchange.liquidity import UnlimitedVolume, VolumeShare
from brokerkit.plugins.sim.exchange.matching import IntrabarPath
from brokerkit.plugins.sim.exchange.models import Models
from brokerkit.plugins.sim.exchange.scenario.words import word
from brokerkit.plugins.sim.exchange.sessions import SessionList, Sessions, WeeklyHours
from brokerkit.plugins.sim.exchange.slippage import NoSlippage, PercentSlippage, TickSlippage, VolumeImpact
from brokerkit.plugins.sim.exchange.terms import ContractTerms, OutsideHours
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.spec.contract import FuturesContract, FxPair

_COMMISSION = {"per_lot": PerLot, "per_order": PerOrder, "percent": PercentOfValue}
_SLIPPAGE = {"ticks": TickSlippage, "percent": PercentSlippage, "impact": VolumeImpact}
_BAR, _TICK = ("time", "open", "high", "low", "close", "volume"), ("time", "price", "size")


def contract_named(name: str) -> FuturesContract | FxPair:
    """Return the contract with a name such as `CORN/202312`, `CORN/202312_202403` or `GBPUSD`."""
    code, slash, dates = name.partition("/")
    return FuturesContract(code, dates) if slash else FxPair(code)


def terms_of(contract: FuturesContract | FxPair, given: Mapping[str, Any], place: str) -> ContractTerms:
    """Return the terms in a contract's table."""
    settings = {key: value for key, value in given.items() if key not in ("bars", "ticks", "length")}
    settings.setdefault("currency", contract.quote if isinstance(contract, FxPair) else "USD")
    if "hours" in settings:
        settings["sessions"] = _weekly(settings.pop("hours"))
    elif "sessions" in settings:
        settings["sessions"] = _sessions(settings["sessions"])
    if "outside_hours" in settings:
        settings["outside_hours"] = word(OutsideHours, settings["outside_hours"], place)
    return ContractTerms(contract, settings.pop("tick", "0.1"), **settings)


def rows_of(text: str, *, ticks: bool, start: datetime, place: str) -> tuple[list[int], list[list[float]]]:
    """Return the time of each row of bars or ticks, in nanoseconds, and the columns of numbers.

    Raises:
        InvalidArgument: A row is not a time and its numbers; the last of them, the volume, may be omitted.
    """
    names = _TICK if ticks else _BAR
    rows = [line.split() for line in text.strip().splitlines() if line.strip()]
    for number, row in enumerate(rows, 1):
        if not len(names) - 1 <= len(row) <= len(names) or len(row) != len(rows[0]):
            raise InvalidArgument(
                f"Row {number} has {len(row)} columns: {' '.join(row)}.",
                place=place,
                remedy=f"Give {' '.join(names)} in each row; {names[-1]} may be omitted from all.",
            )
    try:
        times = [instant(row[0], start) for row in rows]
        return times, [[float(row[at]) for row in rows] for at in range(1, len(rows[0]) if rows else 1)]
    except ValueError as problem:
        raise InvalidArgument(f"{problem}.", place=place, remedy=f"Give {' '.join(names)} in each row.") from problem


def instant(given: str | datetime, start: datetime) -> int:
    """Return a time in nanoseconds: a clock time is on the day of the start, or on the day before its `T`."""
    if isinstance(given, datetime):
        return nanoseconds(given)
    day, separator, clock = given.rpartition("T")
    on = date.fromisoformat(day) if separator else start.date()
    return nanoseconds(datetime.combine(on, time.fromisoformat(clock), tzinfo=timezone.utc))


def models_of(given: Mapping[str, Any]) -> Models:
    """Return the models in a scenario's `models` table."""
    volume = given.get("volume_share", 1)
    return Models(
        commission=_one_of(_COMMISSION, given.get("commission"), NoCommission()),
        slippage=_one_of(_SLIPPAGE, given.get("slippage"), NoSlippage()),
        volume=UnlimitedVolume() if volume == "unlimited" else VolumeShare(volume),
        latency=Latency(**{name: timedelta(seconds=value) for name, value in given.get("latency", {}).items()}),
        path=word(IntrabarPath, given.get("path", "nearest-first"), "models path"),
        limit_fills_on_touch=given.get("limit_fills_on_touch", True),
        queue_ahead=given.get("queue_ahead", 0),
    )


def _one_of(kinds: Mapping[str, Any], given: Mapping[str, Any] | None, default: Any) -> Any:
    if not given:
        return default
    (name, value), *more = given.items()
    return kinds[name](value, **dict(more))


def _weekly(hours: Mapping[str, Any]) -> WeeklyHours:
    spans = [(time.fromisoformat(first), time.fromisoformat(last)) for first, last in hours["daily"]]
    days = hours.get("days", [0, 1, 2, 3, 4])
    return WeeklyHours(dict.fromkeys(days, spans), hours.get("zone", "UTC"), hours.get("holidays", ()))


def _sessions(spans: Sequence[Sequence[datetime]]) -> Sessions:
    return SessionList((first, last) for first, last in spans)
