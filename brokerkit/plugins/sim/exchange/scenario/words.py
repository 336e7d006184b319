"""The keys of a scenario, which are checked before any of it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

import attrs

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.spec.order import OrderType, SpreadFill, TimeInForce

E = TypeVar("E", bound=Enum)

SCRIPT = ("title", "start", "seed", "steps", "faults", "models", "accounts", "contracts", "expect")
MODELS = ("commission", "slippage", "volume_share", "latency", "path", "limit_fills_on_touch", "queue_ahead")
ACCOUNT = ("cash", "base_currency")
EXPECT = ("log", "heard", "cash", "realised", "positions", "orders", "client")
HOURS = ("daily", "days", "zone", "holidays")
LATENCY = ("submit", "modify", "cancel", "jitter")
COMMISSION = ("per_lot", "per_order", "percent", "minimum")
SLIPPAGE = ("ticks", "percent", "impact")
_GIVEN_ELSEWHERE = ("contract", "tick_size", "commission", "slippage")
CONTRACT = (
    *("bars", "ticks", "length", "tick", "hours"),
    *(field.name for field in attrs.fields(ContractTerms) if field.init and field.name not in _GIVEN_ELSEWHERE),
)
ORDER = (
    *("contract", "quantity", "type", "limit", "stop", "trail", "trail_percent", "tif", "good_till", "oco", "account"),
    *("spread_fill", "take_profit", "stop_loss", "outside_hours", "post_only", "reduce_only", "display_quantity"),
    "algo",
)
STEPS: Mapping[str, Collection[str]] = {
    "submit": ORDER,
    "modify": ("limit", "stop", "quantity"),
    **dict.fromkeys(("cancel", "query", "advance", "to", "run", "cancel_all", "disconnect", "reconnect"), ()),
    "positions": (),
}
"""The actions of a step, and the other keys of each; every step can have `error`, the error it must raise."""


_CHOICES: Mapping[str, type[Enum]] = {"type": OrderType, "tif": TimeInForce, "spread_fill": SpreadFill}


def check(script: Mapping[str, Any], name: str) -> None:
    """Refuse a script with unknown keys or words.

    Raises:
        InvalidArgument: A key is unknown, a step has two actions, or there is no contract.
    """
    known(script, SCRIPT, name or "scenario")
    start = script.get("start")
    if start is not None and (not isinstance(start, datetime) or start.tzinfo is None):
        raise InvalidArgument(f"start is {start}.", place=name, remedy="Give a date and time with a zone, such as Z.")
    if not script.get("contracts"):
        raise InvalidArgument(
            "The scenario has no contract.", place=name, remedy='Give one: [contracts."GOLD/202312"].'
        )
    models = script.get("models", {})
    known(models, MODELS, f"{name} models")
    for model, words in (("commission", COMMISSION), ("slippage", SLIPPAGE), ("latency", LATENCY)):
        known(models.get(model, {}), words, f"{name} models {model}")
    for account, settings in script.get("accounts", {}).items():
        known(settings, ACCOUNT, f"{name} account {account}")
    for contract, settings in script["contracts"].items():
        known(settings, CONTRACT, f"{name} contract {contract}")
        known(settings.get("hours", {}), HOURS, f"{name} contract {contract} hours")
    known(script.get("expect", {}), EXPECT, f"{name} expect")
    for fault in script.get("faults", ()):
        if "name" not in fault:
            raise InvalidArgument(
                "A fault has no name.", place=f"{name} faults", remedy='Give one: name = "rejection".'
            )
    _check_steps(script.get("steps", ()), name)


def known(given: Mapping[str, Any], words: Collection[str], place: str) -> None:
    """Refuse a table with an unknown key, and suggest the closest known one."""
    for key in given:
        if key not in words:
            raise InvalidArgument(
                f"A scenario has no {key!r} here.",
                place=place,
                given=key,
                candidates=words,
                remedy=f"Use one of {', '.join(words)}.",
            )


def word(kind: type[E], given: object, place: str) -> E:
    """Return the member of an enumeration for a scenario's word."""
    words = {str(one.value): one for one in kind}
    if str(given) not in words:
        raise InvalidArgument(
            f"{given!r} is not a valid {kind.__name__}.",
            place=place,
            given=str(given),
            candidates=words,
            remedy=f"Use one of {', '.join(words)}.",
        )
    return words[str(given)]


def _check_steps(steps: Any, name: str) -> None:
    """Refuse steps with no action or two, or with an action on an order that no step has placed."""
    placed: set[str] = set()
    for number, step in enumerate(steps, 1):
        place = f"{name} step {number}".strip()
        action = _action_of(step, place)
        known({key: 0 for key in step if key not in (action, "error")}, STEPS[action], place)
        if action == "submit":
            _check_order(step, place)
            exits = [key for key in ("take_profit", "stop_loss") if key in step]
            placed |= {step["submit"], *(f"{step['submit']}.{at}" for at in range(1, len(exits) + 1))}
        elif action in ("modify", "cancel", "query") and step[action] not in placed:
            raise InvalidArgument(
                f"No earlier step places an order {step[action]!r}.",
                place=place,
                given=str(step[action]),
                candidates=placed,
            )


def _action_of(step: Mapping[str, Any], place: str) -> str:
    actions = [action for action in STEPS if action in step]
    if len(actions) == 1:
        return actions[0]
    fact = f"does {' and '.join(actions)} at once" if actions else f"does nothing: it has {', '.join(step)}"
    raise InvalidArgument(
        f"A step {fact}.",
        place=place,
        given="" if actions else next(iter(step), ""),
        candidates=STEPS,
        remedy=f"Give each step one of {', '.join(STEPS)}.",
    )


def _check_order(step: Mapping[str, Any], place: str) -> None:
    if "quantity" not in step:
        raise InvalidArgument("An order has no quantity.", place=place, remedy="Give signed lots.")
    for key, kind in _CHOICES.items():
        if key in step:
            word(kind, step[key], place)
