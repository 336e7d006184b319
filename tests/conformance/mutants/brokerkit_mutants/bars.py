"""Mutants whose bars are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone
from typing import Any

import attrs
import pandas as pd

from brokerkit import Frequency
from brokerkit.errors import InvalidArgument, MissingData, NotFound
from brokerkit_mutants.mutant import Mutant, after, answer

_HOOK = "get_prices_for_contract_object"
_MANY = "get_prices_for_contract_objects"
_SHAPE = "test_059_bars_are_in_order_and_of_the_declared_shape"
_RANGE = "test_060_bars_between_two_times_are_exact"
_ZONES = "test_062_zones_convert_exactly"

Right = Callable[..., pd.DataFrame]


def _naive(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.tz_localize(None)


def _with(bars: pd.DataFrame, column: str, values: Any) -> pd.DataFrame:
    return bars.assign(**{column: values})


def _empty_for_missing(right: Right, *arguments: Any) -> pd.DataFrame:
    try:
        return right(*arguments)
    except MissingData:
        return pd.DataFrame()


def _end_included(right: Right, contract: Any, frequency: Any, start: Any, end: Any) -> pd.DataFrame:
    return right(contract, frequency, start, end if end is None else end + pd.Timedelta(days=1))


def _start_ignored(right: Right, contract: Any, frequency: Any, start: Any, end: Any) -> pd.DataFrame:
    return right(contract, frequency, None, end)


def _seam(right: Right, contract: Any, frequency: Any, start: Any, end: Any) -> pd.DataFrame:
    bars = right(contract, frequency, start, end)
    return bars if end is None or len(bars) < 10 else bars.iloc[:-1]


def _wall_clock(right: Right, contract: Any, frequency: Any, start: Any, end: Any) -> pd.DataFrame:
    aware = start is not None and start.tzinfo is not None
    return right(contract, frequency, start.replace(tzinfo=timezone.utc) if aware else start, end)


def _naive_taken(right: Right, contract: Any, frequency: Any, start: Any, end: Any) -> pd.DataFrame:
    aware = start.replace(tzinfo=timezone.utc) if start is not None and start.tzinfo is None else start
    return right(contract, frequency, aware, end)


def _turned_round_taken(right: Right, contract: Any, frequency: Any, start: Any, end: Any) -> pd.DataFrame:
    try:
        return right(contract, frequency, start, end)
    except InvalidArgument:
        return right(contract, frequency, end, start)


def _one_frame_for_all() -> Callable[..., pd.DataFrame]:
    kept: dict[Any, pd.DataFrame] = {}

    def wrong(right: Right, *arguments: Any) -> pd.DataFrame:
        return kept.setdefault(arguments, right(*arguments))

    return wrong


def _of_the_future(bars: pd.DataFrame) -> pd.DataFrame:
    tomorrow = bars.tail(1)
    return pd.concat([bars, tomorrow.set_axis(tomorrow.index + pd.Timedelta(days=400))]).rename_axis("time")


def _unround_intraday(bars: pd.DataFrame) -> pd.DataFrame:
    daily = (bars.index == bars.index.normalize()).all()  # type: ignore[attr-defined]
    return bars if daily else bars.set_axis(bars.index + pd.Timedelta(minutes=7)).rename_axis("time")


def _last_known(right: Right, contract: Any, *rest: Any) -> pd.DataFrame:
    try:
        return right(contract, *rest)
    except NotFound:
        return right(attrs.evolve(contract, dates="202306"), *rest)


def _all_or_nothing(right: Callable[..., Any], *arguments: Any) -> Any:
    answers = right(*arguments)
    for error in answers.errors.values():
        raise error
    return answers


def _many_differ(answers: Any) -> Any:
    return attrs.evolve(answers, frames={contract: frame * 1.5 for contract, frame in answers.frames.items()})


def _only(chosen: Callable[[Frequency], bool], spoil: Callable[[pd.DataFrame, Frequency], pd.DataFrame]) -> Any:
    """Return a break that spoils the bars of some frequencies."""

    def wrong(right: Right, contract: Any, frequency: Frequency, start: Any, end: Any) -> pd.DataFrame:
        bars = right(contract, frequency, start, end)
        return spoil(bars, frequency) if chosen(frequency) else bars

    return answer(_HOOK, wrong)


def _is_daily(frequency: Frequency) -> bool:
    return frequency is Frequency.DAY


def _is_intraday(frequency: Frequency) -> bool:
    return frequency is not Frequency.DAY


def _with_the_one_being_made(bars: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    newest = bars.tail(1)
    return pd.concat([bars, newest.set_axis(newest.index + pd.Timedelta(frequency.length))]).rename_axis("time")


def _stamped_with_their_end(bars: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    return bars.set_axis(bars.index + pd.Timedelta(frequency.length)).rename_axis("time")


def _always(given: Frequency) -> Right:
    def wrong(right: Right, contract: Any, frequency: Frequency, start: Any, end: Any) -> pd.DataFrame:
        return right(contract, frequency if _is_daily(frequency) else given, start, end)

    return wrong


def _hours_without_end(right: Right, contract: Any, frequency: Frequency, start: Any, end: Any) -> pd.DataFrame:
    return right(contract, frequency, start, end if _is_daily(frequency) else None)


def _many_since_ever(right: Callable[..., Any], contracts: Any, frequency: Any, start: Any, end: Any) -> Any:
    return right(contracts, frequency, None, end)


def _many_by_day(right: Callable[..., Any], contracts: Any, frequency: Any, start: Any, end: Any) -> Any:
    return right(contracts, Frequency.DAY, start, end)


def _many_of_a_naive_start(right: Callable[..., Any], contracts: Any, frequency: Any, start: Any, end: Any) -> Any:
    aware = start.replace(tzinfo=timezone.utc) if start is not None and start.tzinfo is None else start
    return right(contracts, frequency, aware, end)


_NO_BAR_UNFINISHED = "test_060_no_bar_is_unfinished"
_INTRADAY = "test_059_intraday_bars_start_on_a_round_time"

MUTANTS = (
    Mutant("hour_that_is_not_over", _NO_BAR_UNFINISHED, _only(_is_intraday, _with_the_one_being_made)),
    Mutant("day_that_is_not_over", _NO_BAR_UNFINISHED, _only(_is_daily, _with_the_one_being_made)),
    Mutant("bar_stamped_with_its_end", _NO_BAR_UNFINISHED, _only(_is_intraday, _stamped_with_their_end)),
    Mutant("hours_of_float32", _INTRADAY, _only(_is_intraday, lambda bars, _: bars.astype("float32"))),
    Mutant("hours_in_other_columns", _INTRADAY, _only(_is_intraday, lambda bars, _: bars[bars.columns[::-1]])),
    Mutant(
        "bar_of_later_prices",
        "test_060_bars_that_have_ended_never_change",
        after(_HOOK, lambda bars: bars.shift(-1).ffill()),
    ),
    Mutant("days_for_hours_of_prices", _INTRADAY, answer(_HOOK, _always(Frequency.DAY))),
    Mutant(
        "hours_for_any_shorter_bar",
        "test_019_every_frequency_answers_or_is_missing",
        answer(_HOOK, _always(Frequency.HOUR)),
    ),
    Mutant("end_of_hours_ignored", _RANGE, answer(_HOOK, _hours_without_end)),
    Mutant("many_ignore_the_start", "test_066_one_and_many_agree", answer(_MANY, _many_since_ever)),
    Mutant("many_ignore_the_frequency", "test_066_one_and_many_agree", answer(_MANY, _many_by_day)),
    Mutant("many_take_a_naive_start", "test_066_one_and_many_agree", answer(_MANY, _many_of_a_naive_start)),
    Mutant("unsorted_bars", _SHAPE, after(_HOOK, lambda bars: bars[::-1])),
    Mutant("bar_twice", _SHAPE, after(_HOOK, lambda bars: pd.concat([bars, bars.tail(1)]).rename_axis("time"))),
    Mutant("naive_time", _SHAPE, after(_HOOK, _naive)),
    Mutant("capital_columns", _SHAPE, after(_HOOK, lambda bars: bars.rename(columns=str.upper))),
    Mutant("whole_number_volume", _SHAPE, after(_HOOK, lambda b: _with(b, "volume", b["volume"].astype(int)))),
    Mutant("unnamed_index", _SHAPE, after(_HOOK, lambda bars: bars.rename_axis("date"))),
    Mutant(
        "daily_bar_at_noon",
        _SHAPE,
        after(_HOOK, lambda b: b.set_axis(b.index + pd.Timedelta("12h")).rename_axis("time")),
    ),
    Mutant("high_below_low", "test_058_bars_are_possible", after(_HOOK, lambda b: _with(b, "high", b["low"] - 1))),
    Mutant("empty_frame_for_missing", "test_063_no_data_is_no_empty_frame", answer(_HOOK, _empty_for_missing)),
    Mutant("missing_contract_guessed", "test_063_no_data_is_no_empty_frame", answer(_HOOK, _last_known)),
    Mutant("end_included", _RANGE, answer(_HOOK, _end_included)),
    Mutant("start_ignored", _RANGE, answer(_HOOK, _start_ignored)),
    Mutant("bar_lost_at_the_seam", "test_061_long_ranges_are_joined_without_a_seam", answer(_HOOK, _seam)),
    Mutant("wall_clock_time", _ZONES, answer(_HOOK, _wall_clock)),
    Mutant("naive_start_taken", _ZONES, answer(_HOOK, _naive_taken)),
    Mutant("range_turned_round", "test_062_a_range_turned_round_is_refused", answer(_HOOK, _turned_round_taken)),
    Mutant("one_frame_for_all", "test_275_an_answer_belongs_to_who_asked", answer(_HOOK, _one_frame_for_all())),
    Mutant("bar_of_the_future", "test_072_times_are_aware_and_past", after(_HOOK, _of_the_future)),
    Mutant(
        "hour_that_starts_at_seven", "test_059_intraday_bars_start_on_a_round_time", after(_HOOK, _unround_intraday)
    ),
    Mutant(
        "prices_off_the_grid",
        "test_045_prices_lie_on_the_tick_grid",
        after(_HOOK, lambda b: _with(b, "close", b["close"] + 0.00371)),
    ),
    Mutant("one_bad_contract_spoils_all", "test_066_one_and_many_agree", answer(_MANY, _all_or_nothing)),
    Mutant("many_differ_from_one", "test_066_one_and_many_agree", after(_MANY, _many_differ)),
)
