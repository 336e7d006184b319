"""Lists of generic ticks: which ones a gateway accepts with a request for quotes. Here none of them ever comes."""

from __future__ import annotations

from collections.abc import Iterator

from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid

_NO_TICK = "mdoff"
"""Stands in a list for no quotes beside the generic ticks."""

_ALWAYS = {
    100: "Option Volume",
    101: "Option Open Interest",
    105: "Average Opt Volume",
    106: "impvolat",
    165: "Misc. Stats",
    221: "Creditman Mark Price",
    225: "Auction",
    232: "Pl Price",
    233: "RTVolume",
    236: "inventory",
    258: "Fundamentals",
    292: "Wide_news",
    293: "TradeCount",
    294: "TradeRate",
    295: "VolumeRate",
    318: "LastRTHTrade",
    375: "RTTrdVolume",
    411: "rthistvol",
    460: "Bond Factor Multiplier",
    577: "EtfNavLast(navlast)",
    586: "IPOHLMPRC",
    587: "Pl Price Delayed",
    588: "Futures Open Interest",
    614: "EtfNavMisc(high/low)",
    619: "Creditman Slow Mark Price",
    623: "EtfFrozenNavLast(fznavlast)",
}
_FUTURES_ONLY = {456: "IBDividends", 595: "Short-Term Volume X Mins"}
_ALIASES = {221: 220, 232: 221, 258: 47, 456: 59}
_UNLISTED = {104}
"""Accepted, though it is not listed as legal."""


def check(text: str, sec_type: str) -> None:
    """Refuse a list with anything in it that is no generic tick of a security type.

    Args:
        text: Numbers with commas between them; each may have a colon and a parameter.
        sec_type: FUT or CASH.

    Raises:
        RefusedError: An entry is wrong, or there is none.
    """
    legal = {**_ALWAYS, **(_FUTURES_ONLY if sec_type == "FUT" else {})}
    accepted = legal.keys() | _UNLISTED | {alias for number, alias in _ALIASES.items() if number in legal}
    entries = [entry.strip() for entry in text.split(",") if entry]
    numbers = [_number(entry) for entry in entries if entry.lower() != _NO_TICK]
    if not numbers or not accepted.issuperset(numbers):
        raise _refusal(text, sec_type, legal)


def _number(entry: str) -> int | None:
    """Return the number of an entry; None if it has none, or a colon without a parameter."""
    number, colon, parameter = entry.partition(":")
    is_whole = number.isascii() and number.isdigit() and bool(colon) == bool(parameter)
    return int(number) if is_whole else None


def _refusal(text: str, sec_type: str, legal: dict[int, str]) -> RefusedError:
    listed = ",".join(_shown(legal))
    return invalid(f"Incorrect generic tick list of {text}.  Legal ones for ({sec_type}) are: {listed}", "bQ")


def _shown(legal: dict[int, str]) -> Iterator[str]:
    for number, name in sorted(legal.items()):
        alias = f"/{_ALIASES[number]}" if number in _ALIASES else ""
        yield f"{number}{alias}({name})"
