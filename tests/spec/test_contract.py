"""Contracts and pairs are named one way, whoever writes them."""

from __future__ import annotations

import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit import FuturesContract, FxPair
from brokerkit.errors import InvalidArgument

DATES = st.dates(date(1970, 1, 1), date(2099, 12, 31))


@given(DATES)
def test_month_and_day_names_are_kept_and_pysystemtrades_00_means_the_month(day: date) -> None:
    month, full = f"{day:%Y%m}", f"{day:%Y%m%d}"
    assert FuturesContract("CORN", month).date == month
    assert FuturesContract("CORN", full).date == full
    assert FuturesContract("CORN", month + "00") == FuturesContract("CORN", month)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023",
        "202313",
        "20230230",
        "2023-01",
        "202301a",
        "202301_",
        "²02301",
        "٢٠٢٣٠١",  # digits, but not those that a broker reads
        "000001",
        202301,
        [202301],
        None,
        date(2023, 1, 1),
        {"202301", "202303"},  # no leg of it is the first
    ],
)
def test_what_is_no_date_is_refused(text: object) -> None:
    with pytest.raises(InvalidArgument, match="contract date"):
        FuturesContract("CORN", text)


def test_a_contract_without_dates_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="at least one date"):
        FuturesContract("CORN", [])


@given(st.lists(DATES, min_size=2, max_size=5, unique_by=lambda day: f"{day:%Y%m}"))
def test_a_spread_is_the_same_from_a_list_and_from_text(days: list[date]) -> None:
    dates = [f"{day:%Y%m}" for day in days]
    spread = FuturesContract("EDOLLAR", dates)
    assert spread == FuturesContract("EDOLLAR", "_".join(dates))
    assert spread.is_spread
    assert [leg.date for leg in spread.legs] == dates
    assert spread.leg_count == len(dates)
    assert pickle.loads(pickle.dumps(spread)) == spread


def test_a_single_contract_is_its_own_leg() -> None:
    contract = FuturesContract("GOLD", "202312")
    assert contract.legs == (contract,)
    assert str(contract) == "GOLD/202312"
    assert eval(repr(contract)) == contract


@pytest.mark.parametrize("dates", ["202306_202306", ["202306", "20230600"], ["202306", "202309", "202306"]])
def test_a_leg_that_comes_twice_is_refused(dates: str | list[str]) -> None:
    with pytest.raises(InvalidArgument, match="has a leg twice"):
        FuturesContract("GOLD", dates)


@pytest.mark.parametrize("code", ["GBPUS", "gbpusd", "GBP/USD", "GBPUSDX", "GBPU5D"])
def test_a_pair_has_six_capital_letters(code: str) -> None:
    with pytest.raises(InvalidArgument, match="six capital letters"):
        FxPair(code)


def test_contracts_sort_by_instrument_then_date() -> None:
    later, sooner = FuturesContract("GOLD", "202402"), FuturesContract("GOLD", "202312")
    assert sorted([later, FuturesContract("CORN", "209912"), sooner])[1:] == [sooner, later]


@pytest.mark.parametrize("code", ["", " ", "CORN ", " CORN", 3, None, b"CORN"])
def test_a_contract_of_no_instrument_is_refused(code: object) -> None:
    with pytest.raises(InvalidArgument, match="is not an instrument code"):
        FuturesContract(code, "202303")  # type: ignore[arg-type]
