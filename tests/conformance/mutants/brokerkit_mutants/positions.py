"""Mutants whose positions are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from brokerkit import FuturesContract, Position
from brokerkit_mutants.mutant import Mutant, after, answer

_HOOK = "get_all_current_positions_as_list_with_contract_objects"

Held = list[Position]
Tell = Callable[[Any], None]


def _each(**fields: Callable[[Position], Any]) -> Callable[[Held], Held]:
    return lambda held: [attrs.evolve(each, **{name: spoil(each) for name, spoil in fields.items()}) for each in held]


def _stale() -> Callable[..., Held]:
    """Return an answer that is one question behind."""
    before: list[Held] = [[]]

    def wrong(right: Callable[..., Held], account: str) -> Held:
        now = right(account)
        stale, before[0] = before[0], now
        return stale

    return wrong


def _by_expiry(position: Position) -> FuturesContract:
    return FuturesContract(position.contract.instrument_code, f"{position.contract.date[:6]}15")


def _remembers_flat() -> Callable[..., Held]:
    seen: dict[Any, Position] = {}

    def wrong(right: Callable[..., Held], account: str) -> Held:
        held = {each.contract: each for each in right(account)}
        seen.update(held)
        return [held.get(contract, attrs.evolve(each, quantity=0)) for contract, each in seen.items()]

    return wrong


def _told(**fields: Callable[[Position], Any]) -> Callable[[Tell, Any], None]:
    """Return what spoils positions on their way to listeners."""

    def emit(tell: Tell, event: Any) -> None:
        if isinstance(event, Position):
            event = attrs.evolve(event, **{name: spoil(event) for name, spoil in fields.items()})
        tell(event)

    return emit


_AVERAGE = "test_094_average_price_is_that_of_the_fills"

MUTANTS = (
    Mutant("position_told_without_a_price", _AVERAGE, emit=_told(average_price=lambda each: None)),
    Mutant(
        "average_price_on_the_grid",
        _AVERAGE,
        after(_HOOK, _each(average_price=lambda each: round(each.average_price, 2))),
    ),
    Mutant("float_average_price", _AVERAGE, after(_HOOK, _each(average_price=lambda each: float(each.average_price)))),
    Mutant(
        "position_told_without_its_sign",
        "test_098_through_zero_and_back",
        emit=_told(quantity=lambda each: abs(each.quantity)),
    ),
    Mutant(
        "position_told_without_a_zone",
        "test_101_position_names_the_contract_that_was_ordered",
        emit=_told(as_of=lambda each: each.as_of.replace(tzinfo=None)),
    ),
    Mutant(
        "float_quantity_held",
        "test_101_position_names_the_contract_that_was_ordered",
        after(_HOOK, _each(quantity=lambda each: float(each.quantity))),
    ),
    Mutant(
        "sign_turned",
        "test_093_position_changes_by_the_filled_quantity",
        after(_HOOK, _each(quantity=lambda each: -each.quantity)),
    ),
    Mutant(
        "average_price_of_zero",
        "test_094_average_price_is_that_of_the_fills",
        after(_HOOK, _each(average_price=lambda each: each.average_price * 0)),
    ),
    Mutant(
        "flat_position_listed",
        "test_095_a_closed_position_is_told_and_no_longer_listed",
        answer(_HOOK, _remembers_flat()),
    ),
    Mutant("position_behind_its_fill", "test_096_position_is_known_when_the_fill_is_told", answer(_HOOK, _stale())),
    Mutant(
        "position_named_by_expiry",
        "test_101_position_names_the_contract_that_was_ordered",
        after(_HOOK, _each(contract=_by_expiry)),
    ),
    Mutant("unsorted_positions", "test_101_traded_positions_are_in_order", after(_HOOK, lambda held: held[::-1])),
)
