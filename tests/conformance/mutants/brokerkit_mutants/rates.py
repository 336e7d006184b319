"""Mutants whose exchange rates are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from brokerkit.errors import MissingFxCode
from brokerkit_mutants.mutant import Mutant, after, answer

_HOOK = "get_fx_prices"
_CODES = "get_list_of_fxcodes"
_LISTED = "test_075_every_listed_pair_has_rates"

Right = Callable[..., pd.Series]


def _not_inverted(right: Right, fx_code: str) -> pd.Series:
    rates = right(fx_code)
    return (1 / rates).rename(fx_code) if fx_code.startswith("USD") else rates


def _one_not_inverted(right: Right, fx_code: str) -> pd.Series:
    return _inverted(right(fx_code)) if fx_code == "JPYUSD" else right(fx_code)


def _yen_the_wrong_way_round(right: Right, fx_code: str) -> pd.Series:
    return _inverted(right(fx_code)) if "JPY" in fx_code else right(fx_code)


def _cross_a_little_off(right: Right, fx_code: str) -> pd.Series:
    rates = right(fx_code)
    return rates if "USD" in fx_code else rates * 1.03


def _not_quite_one(right: Right, fx_code: str) -> pd.Series:
    rates = right(fx_code)
    return rates * 1.0001 if fx_code[:3] == fx_code[3:] else rates


def _nothing_for_missing(right: Right, fx_code: str) -> pd.Series:
    try:
        return right(fx_code)
    except MissingFxCode:
        return pd.Series(dtype="float64")


def _whole(rates: Any) -> Any:
    return rates.round().astype("int64")


def _moved(**by: int) -> Callable[[pd.Series], pd.Series]:
    return lambda rates: rates.set_axis(rates.index + pd.Timedelta(**by)).rename_axis("time")


def _one_series_for_all() -> Right:
    kept: dict[str, pd.Series] = {}
    return lambda right, fx_code: kept.setdefault(fx_code, right(fx_code))


def _inverted(rates: pd.Series) -> pd.Series:
    return (1 / rates).rename(rates.name)


MUTANTS = (
    Mutant("every_rate_inverted", "test_078_currency_is_changed_as_ordered", after(_HOOK, _inverted)),
    Mutant("rates_at_five_o_clock", _LISTED, after(_HOOK, _moved(hours=17))),
    Mutant("rates_of_the_future", _LISTED, after(_HOOK, _moved(days=30))),
    Mutant("one_series_for_all", _LISTED, answer(_HOOK, _one_series_for_all())),
    Mutant("inverse_not_inverted", "test_076_inverse_pairs_agree", answer(_HOOK, _not_inverted)),
    Mutant("one_rate_not_inverted", "test_076_inverse_pairs_agree", answer(_HOOK, _one_not_inverted)),
    Mutant(
        "yen_the_wrong_way_round",
        "test_076_rates_are_units_of_the_second_currency",
        answer(_HOOK, _yen_the_wrong_way_round),
    ),
    Mutant("cross_a_little_off", "test_076_crosses_are_the_product_of_their_legs", answer(_HOOK, _cross_a_little_off)),
    Mutant("currency_not_quite_one", "test_076_a_currency_against_itself_is_one", answer(_HOOK, _not_quite_one)),
    Mutant("empty_series_for_missing", "test_077_a_missing_rate_is_a_named_error", answer(_HOOK, _nothing_for_missing)),
    Mutant("unnamed_rates", _LISTED, after(_HOOK, lambda rates: rates.rename("price"))),
    Mutant("rates_of_whole_numbers", _LISTED, after(_HOOK, _whole)),
    Mutant("unsorted_codes", _LISTED, after(_CODES, lambda codes: codes[::-1])),
)
