"""A damaged file is never half read: the error names the file, the row and what is wrong there."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokerkit.errors import DataFileError, MissingDependency
from brokerkit.plugins.sim.feeds.bars import Bars
from brokerkit.plugins.sim.feeds.folder import FolderFeed
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

HEADER = "time,open,high,low,close,volume"
GOOD = (
    "2023-01-02,500,501.5,499.25,500.5,1000",
    "2023-01-03,500.5,503,500,502.75,1200",
    "2023-01-04,502.75,503.25,501,501.5,900",
)
CORN = FuturesContract("CORN", "202312")


def damage(folder: Path, text: str | bytes, name: str = "CORN_202312.csv") -> DataFileError:
    """Return the error that a file with this content gives."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(DataFileError) as caught:
        FolderFeed(folder, 20).bars(CORN, Frequency.DAY, -(1 << 62), 1 << 62)
    assert str(path) in caught.value.place
    return caught.value


def csv_of(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows, ""])


@pytest.mark.parametrize(
    ("row", "fact"),
    [
        ("2023-01-04,abc,503.25,501,501.5,900", "open is 'abc', which is not a number."),
        ("2023-01-04,,503.25,501,501.5,900", "open is '', which is not a number."),
        ("2023-01-04,nan,503.25,501,501.5,900", "open is 'nan', which is not a number."),
        ("2023-01-04,502.75,inf,501,501.5,900", "high is 'inf', which is not a number."),
        ("2023-01-04,502.75,503.25,501,501.5,many", "volume is 'many', which is not a number or empty."),
        ("2023-01-04,502.75,500,501,501.5,900", "high 500.0 is below low 501.0."),
        ("2023-01-04,504,503.25,501,501.5,900", "open 504.0 is not between low 501.0 and high 503.25."),
        ("2023-01-04,502.75,503.25,501,500,900", "close 500.0 is not between low 501.0 and high 503.25."),
        ("2023-01-04,502.75,503.25,501,501.5,-1", "volume -1.0 is below 0."),
        ("2023-02-30,502.75,503.25,501,501.5,900", "time is '2023-02-30', which is not a date or time."),
        ("yesterday,502.75,503.25,501,501.5,900", "time is 'yesterday', which is not a date or time."),
        (",502.75,503.25,501,501.5,900", "time is '', which is not a date or time."),
        ("9999-01-01,502.75,503.25,501,501.5,900", "time is '9999-01-01', which is not a date or time."),
        ("2023-01-03,502.75,503.25,501,501.5,900", "The time 2023-01-03T00:00:00 occurs twice."),
        ("2023-01-01,502.75,503.25,501,501.5,900", "The time 2023-01-01T00:00:00 is before 2023-01-03T00:00:00"),
        ("2023-01-04,502.75,503.25,501", "The row has 4 cells, and the header has 6."),
        ("2023-01-04,502.75,503.25,501,501.5,900,7", "The row has 7 cells, and the header has 6."),
        ("", "The row has 0 cells, and the header has 6."),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, fact: str) -> None:
    error = damage(tmp_path, csv_of(*GOOD[:2], row))
    assert fact in error.fact
    assert error.place.endswith("row 4")
    assert error.remedy


def test_two_wrong_widths_that_make_up_for_each_other_are_found(tmp_path: Path) -> None:
    short, long = "2023-01-03,500.5,503,500,502.75", "2023-01-04,502.75,503.25,501,501.5,900,1"
    error = damage(tmp_path, csv_of(GOOD[0], short, long))
    assert error.fact == "The row has 5 cells, and the header has 6."
    assert error.place.endswith("row 3")


@pytest.mark.parametrize(
    ("header", "fact", "remedy"),
    [
        ("time,open,high,low,volume,x", "Column 'close' is missing; the header has", "The columns are time, open"),
        ("time,open,high,low,Close,volume", "Column 'close' is missing", "Rename 'Close' to 'close'."),
        ("time,open,high,low,close,close", "Column 'volume' is missing", "The columns are"),
        ("", "Column 'time' is missing; the header has none.", "The columns are"),
        ("2023-01-01,500,501,499,500,10", "Column 'time' is missing", "The columns are"),
    ],
)
def test_a_wrong_header_is_named(tmp_path: Path, header: str, fact: str, remedy: str) -> None:
    error = damage(tmp_path, csv_of(*GOOD, header=header))
    assert fact in error.fact
    assert error.place.endswith("row 1")
    assert remedy in error.remedy


def test_a_stray_carriage_return_is_refused(tmp_path: Path) -> None:
    assert "The file is not valid CSV" in damage(tmp_path, "ti\rme,open\n1,2\n").fact
    error = damage(tmp_path, csv_of(*GOOD[:2], "2023-01-04,\r,503.25,501,501.5,900"))
    assert error.fact == "The row has 2 cells, and the header has 6."


def test_a_column_that_comes_twice_is_refused(tmp_path: Path) -> None:
    error = damage(tmp_path, csv_of(*(f"{row},1" for row in GOOD), header=f"{HEADER},close"))
    assert "occurs twice" in error.fact


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    assert "empty" in damage(tmp_path, content).fact


def test_a_header_alone_is_no_data(tmp_path: Path) -> None:
    assert damage(tmp_path, HEADER + "\n").fact == "The file has a header and no rows."


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    error = damage(tmp_path, csv_of(*GOOD).encode() + "2023-01-05,é,1,1,1,1\n".encode("latin-1"))
    assert error.fact == "Byte 0xe9 is not UTF-8."
    assert error.place.endswith("row 5")
    assert damage(tmp_path, csv_of(*GOOD).encode("utf-16")).fact == "Byte 0xff is not UTF-8."


def test_a_file_cut_off_in_its_last_number_is_refused(tmp_path: Path) -> None:
    error = damage(tmp_path, csv_of(*GOOD)[:-2])  # 900 became 90, which alone nobody could tell
    assert "may be truncated" in error.fact
    assert error.place.endswith("row 4")


def test_a_daily_file_has_dates_only(tmp_path: Path) -> None:
    rows = (*GOOD[:2], "2023-01-04T15:00:00Z,502.75,503.25,501,501.5,900")
    error = damage(tmp_path, csv_of(*rows), name="CORN_202312.1d.csv")
    assert "A daily bar needs a date" in error.fact
    assert error.place.endswith("row 4")


def test_bars_closer_than_their_length_are_refused(tmp_path: Path) -> None:
    times = ("2023-01-03T15:00:00Z", "2023-01-03T16:00:00Z", "2023-01-03T16:30:00Z")
    rows = [f"{time},1,1,1,1,1" for time in times]
    error = damage(tmp_path, csv_of(*rows), name="CORN_202312.1h.csv")
    assert "less than 1h after the previous one" in error.fact
    assert error.place.endswith("row 4")


def test_a_folder_cannot_stand_for_a_file_that_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "CORN_202312.csv"
    path.write_text(csv_of(*GOOD))
    feed = FolderFeed(tmp_path, 20)
    path.unlink()
    with pytest.raises(DataFileError, match="Cannot be read: No such file"):
        feed.bars(CORN, Frequency.DAY, 0, 1 << 62)


# -- Parquet -----------------------------------------------------------------------------


@pytest.fixture
def frame() -> pd.DataFrame:
    """Three days of bars, indexed by time."""
    rows = [[float(cell) for cell in row.split(",")[1:]] for row in GOOD]
    index = pd.DatetimeIndex([row.split(",")[0] for row in GOOD], name="time", tz="UTC")
    return pd.DataFrame(rows, columns=HEADER.split(",")[1:], index=index)


def parquet_damage(folder: Path, frame: pd.DataFrame) -> DataFileError:
    frame.to_parquet(folder / "source")
    return damage(folder, (folder / "source").read_bytes(), "CORN_202312.parquet")


def test_a_truncated_parquet_file_is_refused(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.to_parquet(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    for size in (0, 3, len(whole) // 2, len(whole) - 1):
        error = damage(tmp_path, whole[:size], "CORN_202312.parquet")
        assert "Not a complete Parquet file" in error.fact


def test_parquet_errors_name_the_row(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame.loc["2023-01-03", "high"] = 400.0
    error = parquet_damage(tmp_path, frame)
    assert error.fact == "high 400.0 is below low 500.0."
    assert error.place.endswith("row 2")


@pytest.mark.parametrize("gap", [None, float("inf")])
def test_parquet_prices_are_finite(tmp_path: Path, frame: pd.DataFrame, gap: float | None) -> None:
    frame.loc["2023-01-04", "close"] = gap
    error = parquet_damage(tmp_path, frame)
    assert re.fullmatch(r"close is (nan|inf), which is not a number\.", error.fact)
    assert error.place.endswith("row 3")


def test_parquet_columns_have_their_types(tmp_path: Path, frame: pd.DataFrame) -> None:
    assert "open is of type" in parquet_damage(tmp_path, frame.astype({"open": str})).fact
    assert "time is of type" in parquet_damage(tmp_path, frame.set_index(frame.index.astype(str))).fact
    assert "Column 'volume' is missing" in parquet_damage(tmp_path, frame.drop(columns="volume")).fact
    assert "The file has no rows" in parquet_damage(tmp_path, frame.iloc[:0]).fact


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame.to_parquet(tmp_path / "CORN_202312.parquet")
    import_module = builtins.__import__

    def without_pyarrow(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return import_module(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(MissingDependency, match=re.escape("pip install 'brokerkit[parquet]'")):
        FolderFeed(tmp_path, 20).bars(CORN, Frequency.DAY, 0, 1 << 62)


# -- any damage --------------------------------------------------------------------------


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(csv_of(*GOOD)) - 1), byte=st.integers(0, 255), how=st.sampled_from(("put", "cut", "add")))
def test_any_byte_may_be_wrong_and_nothing_but_our_error_comes(tmp_path: Path, at: int, byte: int, how: str) -> None:
    whole = csv_of(*GOOD).encode()
    changed = {
        "put": whole[:at] + bytes([byte]) + whole[at + 1 :],
        "cut": whole[:at],
        "add": whole[:at] + bytes([byte]) + whole[at:],
    }[how]
    (tmp_path / "CORN_202312.csv").write_bytes(changed)
    came = bars_or_error(tmp_path)
    if isinstance(came, DataFileError):
        assert str(tmp_path) in came.place
    else:
        assert (came.high >= came.low).all()
        assert how != "cut" or changed.endswith(b"\n")  # cut between two rows, which nobody can tell


def bars_or_error(folder: Path) -> Bars | DataFileError:
    try:
        return FolderFeed(folder, 20).bars(CORN, Frequency.DAY, -(1 << 62), 1 << 62)
    except DataFileError as error:
        return error
