"""Mutants whose instruments and contracts are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs

from brokerkit import FuturesContract, Money
from brokerkit.errors import MissingContract, MissingInstrument
from brokerkit_mutants.mutant import Break, Mutant, after, answer, both

_FOUND = "get_contract_object_with_broker_data"
_DATES = "get_list_of_contract_dates_for_instrument_code"
_EXPIRY = "get_actual_expiry_date_for_single_contract"
_HOURS = "get_trading_hours_for_contract"
_INSTRUMENT = "get_futures_instrument_object_with_broker_data"
_OPEN_OR_CLOSED = "test_051_trading_hours_say_open_or_closed"

Right = Callable[..., Any]


def _guessed_code(right: Right, instrument_code: str) -> Any:
    try:
        return right(instrument_code)
    except MissingInstrument:
        return "ZC"


def _no_contracts_for_unknown(right: Right, *arguments: Any) -> Any:
    try:
        return right(*arguments)
    except MissingInstrument:
        return []


def _first_match(right: Right, contract: FuturesContract, allow_expired: bool) -> Any:
    try:
        return right(contract, allow_expired)
    except MissingContract:
        return right(attrs.evolve(contract, dates="202306"), allow_expired)


def _expired_too(right: Right, contract: FuturesContract, allow_expired: bool) -> Any:
    return right(contract, True)


def _of_first_leg(right: Right, contract: FuturesContract) -> Any:
    return right(contract.legs[0])


def _naive(session: Any) -> Any:
    return attrs.evolve(session, opening_time=session.opening_time.replace(tzinfo=None))


def _overlapping(sessions: list[Any]) -> list[Any]:
    longer = timedelta(days=2)
    return [attrs.evolve(session, closing_time=session.closing_time + longer) for session in sessions]


def _expiring(days: int) -> Break:
    """Return a break that shifts every expiry, wherever it is asked for."""
    off = timedelta(days=days)
    return both(
        after(_EXPIRY, lambda day: day + off),
        after(_FOUND, lambda found: attrs.evolve(found, expiry=found.expiry + off)),
    )


def _found(**fields: Callable[[Any], Any]) -> Break:
    """Return a break that spoils fields of a contract that was found."""
    return after(_FOUND, lambda found: attrs.evolve(found, **{name: by(found) for name, by in fields.items()}))


def _expired_backwards(right: Right, instrument_code: str, allow_expired: bool) -> Any:
    dates = right(instrument_code, allow_expired)
    return dates[::-1] if allow_expired else dates


def _days_for_hours(right: Right, contract: FuturesContract, n_hours: float) -> Any:
    return right(contract, n_hours * 24)


_ONE_CONTRACT = "test_048_asking_changes_no_argument"
_EXPIRIES = "test_044_expiries_rise_with_the_contract_dates"

MUTANTS = (
    Mutant("expiry_a_day_late", _EXPIRIES, _expiring(1)),
    Mutant("expiry_a_day_early", _EXPIRIES, _expiring(-1)),
    Mutant("naive_last_trade", _EXPIRIES, _found(last_trade=lambda found: found.last_trade.replace(tzinfo=None))),
    Mutant("float_tick_on_the_contract", _ONE_CONTRACT, _found(tick_size=lambda found: float(found.tick_size))),
    Mutant(
        "data_of_another_instrument",
        _ONE_CONTRACT,
        _found(instrument=lambda found: attrs.evolve(found.instrument, code="OTHER")),
    ),
    Mutant(
        "float_magnifier",
        "test_043_contract_size_is_positive",
        after(_INSTRUMENT, lambda found: attrs.evolve(found, price_magnifier=float(found.price_magnifier))),
    ),
    Mutant(
        "multiplier_ten_times_too_large",
        "test_081_cash_changes_by_the_right_amount",
        after(_INSTRUMENT, lambda found: attrs.evolve(found, multiplier=found.multiplier * 10)),
    ),
    Mutant("expired_dates_backwards", "test_049_expired_contracts_are_named", answer(_DATES, _expired_backwards)),
    Mutant(
        "days_for_hours",
        "test_052_dated_contract_answers",
        answer("less_than_n_hours_of_trading_left_for_contract", _days_for_hours),
    ),
    Mutant(
        "codes_in_small_letters",
        "test_038_code_there_and_back",
        after("get_instrument_code_from_broker_code", str.lower),
    ),
    Mutant(
        "unknown_code_guessed",
        "test_039_malformed_codes_are_refused",
        answer("get_brokers_instrument_code", _guessed_code),
    ),
    Mutant(
        "no_contracts_for_unknown",
        "test_039_unknown_instrument_has_no_contracts",
        answer(_DATES, _no_contracts_for_unknown),
    ),
    Mutant(
        "unsorted_instruments",
        "test_034_instruments_are_listed_with_their_rules",
        after("get_list_of_instruments", lambda codes: codes[::-1]),
    ),
    Mutant(
        "float_multiplier",
        "test_043_contract_size_is_positive",
        after(_INSTRUMENT, lambda found: attrs.evolve(found, multiplier=float(found.multiplier))),
    ),
    Mutant(
        "magnifier_applied_twice",
        "test_050_magnifier_is_one_number",
        after("get_price_magnifier_for_contract", lambda magnifier: magnifier * 100),
    ),
    Mutant(
        "one_broker_id_for_all",
        "test_040_one_broker_id_for_one_contract",
        after(_FOUND, lambda found: attrs.evolve(found, broker_id="1")),
    ),
    Mutant(
        "first_match_silently", "test_048_a_contract_is_found_or_refused_never_guessed", answer(_FOUND, _first_match)
    ),
    Mutant(
        "contract_renamed",
        "test_048_asking_changes_no_argument",
        after(_FOUND, lambda found: attrs.evolve(found, contract=FuturesContract("OTHER", found.contract.date))),
    ),
    Mutant("expired_found_unasked", "test_049_expired_contracts_are_named", answer(_FOUND, _expired_too)),
    Mutant("unsorted_dates", "test_048_every_listed_date_names_a_contract", after(_DATES, lambda dates: dates[::-1])),
    Mutant(
        "expiry_with_a_time",
        "test_044_expiries_rise_with_the_contract_dates",
        after(_EXPIRY, lambda day: datetime(day.year, day.month, day.day, tzinfo=timezone.utc)),
    ),
    Mutant(
        "one_expiry_for_all",
        "test_044_expiries_rise_with_the_contract_dates",
        after(_EXPIRY, lambda day: day.replace(year=2030, month=1, day=1)),
    ),
    Mutant("spread_with_an_expiry", "test_052_spread_has_no_expiry", answer(_EXPIRY, _of_first_leg)),
    Mutant("naive_hours", _OPEN_OR_CLOSED, after(_HOURS, lambda sessions: list(map(_naive, sessions)))),
    Mutant("overlapping_hours", _OPEN_OR_CLOSED, after(_HOURS, _overlapping)),
    Mutant("no_hours", _OPEN_OR_CLOSED, after(_HOURS, lambda sessions: [])),
    Mutant("always_closed", _OPEN_OR_CLOSED, after("is_contract_okay_to_trade", lambda okay: False)),
    Mutant(
        "hours_left_turned_round",
        "test_052_dated_contract_answers",
        after("less_than_n_hours_of_trading_left_for_contract", lambda less: not less),
    ),
    Mutant(
        "commission_as_a_gift",
        "test_047_commission_is_sane",
        after("get_commission_for_contract", lambda cost: Money(cost.currency, -cost.amount - 1)),
    ),
    Mutant(
        "tick_too_coarse",
        "test_045_prices_lie_on_the_tick_grid",
        after("get_min_tick_size_for_contract", lambda tick: tick * Decimal("7.3")),
    ),
)
