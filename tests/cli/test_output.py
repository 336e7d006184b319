"""What a program reads from `--json`, and what a person sees in a chart."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from brokerkit import errors
from brokerkit.cli import chart
from brokerkit.cli.output import jsonable, moment
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.money import Money


@pytest.fixture
def series() -> pd.Series[float]:
    index = pd.date_range("2022-01-03", periods=300, freq="B", tz="UTC", name="time")
    return pd.Series(np.linspace(1.0, 1.5, 300), index=index, name="GBPUSD")


def test_exact_numbers_lose_no_digit_in_json():
    assert jsonable(Money("USD", "0.10")) == {"currency": "USD", "amount": "0.10"}
    assert jsonable(Decimal("1E+3")) == "1E+3"


def test_value_types_times_and_states_are_plain_json():
    contract = FuturesContract("CORN", "202312")
    value = {contract: (OrderState.FILLED, datetime(2024, 1, 2, tzinfo=timezone.utc), date(2024, 1, 2))}
    assert jsonable(value) == {"CORN/202312": ["filled", "2024-01-02T00:00:00+00:00", "2024-01-02"]}


def test_a_frame_is_a_list_of_rows_and_nan_is_null():
    index = pd.DatetimeIndex(["2024-01-02"], tz="UTC", name="time")
    frame = pd.DataFrame({"bid": [1.5], "ask": [float("nan")]}, index=index)
    assert jsonable(frame) == [{"time": "2024-01-02T00:00:00+00:00", "bid": 1.5, "ask": None}]


def test_times_are_shown_in_utc_whatever_their_zone():
    eastern = timezone(timedelta(hours=-5))
    assert moment(datetime(2024, 1, 2, 9, 30, tzinfo=eastern)) == "2024-01-02 14:30 UTC"


def test_the_terminal_chart_shows_its_title_and_the_ends_of_its_range(series):
    text = chart.terminal_chart(series, "GBPUSD: USD for one GBP")
    assert "GBPUSD: USD for one GBP" in text
    assert "2022-01-03" in text
    assert "1.500" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.html", b"<html")])
def test_a_chart_file_is_what_its_name_says(series, tmp_path, name, start):
    chart.draw(series, "GBPUSD", str(tmp_path / name))
    assert start in (tmp_path / name).read_bytes()[:200]


def test_a_chart_file_of_an_unknown_kind_is_refused_before_any_work():
    with pytest.raises(errors.InvalidArgument, match=r"'chart.docx' names no kind of chart"):
        chart.check_target("chart.docx")
