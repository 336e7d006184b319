"""From configured values to declared types: strict, and the same from a file, a keyword and the environment."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerkit import Origin, Secret
from brokerkit.registry.config_file import Config
from brokerkit.registry.conversion import NotConvertible, convert, parse, wanted
from brokerkit.registry.key_lines import key_lines
from brokerkit.registry.resolution import Sources, resolve


class Side(enum.Enum):
    BUY = "buy"
    SELL = "sell"


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (5, int, 5),
        (5, float, 5.0),
        ("5.10", Decimal, Decimal("5.10")),
        (0.1, Decimal, Decimal("0.1")),
        (None, int | None, None),
        ("x", int | str, "x"),
        ("BUY", Side, Side.BUY),
        ("buy", Side, Side.BUY),
        (Side.SELL, Side, Side.SELL),
        ("b", Literal["a", "b"], "b"),
        ([1, 2], list[int], [1, 2]),
        (["x"], frozenset[str], frozenset({"x"})),
        ({"USD": 1}, Mapping[str, Decimal], {"USD": Decimal(1)}),
        ("2023-06-01", date, date(2023, 6, 1)),
        (datetime(2023, 6, 1, tzinfo=timezone.utc), datetime, datetime(2023, 6, 1, tzinfo=timezone.utc)),
        ({"anything": 1}, Any, {"anything": 1}),
    ],
)
def test_a_value_that_fits_becomes_its_declared_type(value: Any, kind: Any, expected: Any) -> None:
    converted = convert(value, kind)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (True, int, "a whole number"),
        (1, bool, "true or false"),
        (1.5, int, "a whole number"),
        ("5", int, "a whole number"),
        (5, str, "text"),
        ("nan", Decimal, "a number"),
        ("five", Decimal, "a number"),
        ("up", Side, "one of 'buy', 'sell'"),
        ("c", Literal["a", "b"], "one of 'a', 'b'"),
        ("a,b", tuple[str, ...], "a list of texts"),
        ([1], Mapping[str, int], "a table of whole numbers"),
        ({"a": "b"}, Mapping[str, int], "a table of whole numbers"),
        (["a", {"env": "B"}], tuple[str, ...], "a list of texts"),
        (Decimal("NaN"), Decimal, "a number"),
        ({"USD": Decimal("Infinity")}, Mapping[str, Decimal], "a table of numbers"),
        (datetime(2023, 6, 1, tzinfo=timezone.utc), date, "a date"),
        ("June", date, "a date"),
        ("x", int | None, "a whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_was_wanted(value: Any, kind: Any, message: str) -> None:
    with pytest.raises(NotConvertible) as refusal:
        convert(value, kind)
    assert str(refusal.value) == message


@settings(deadline=None, max_examples=50)
@given(
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
)
def test_what_a_value_prints_as_is_read_back_from_the_environment(
    whole: int, truth: bool, real: float, exact: Decimal
) -> None:
    assert parse(str(whole), int) == whole
    assert parse(str(truth), bool) is truth
    assert parse(repr(real), float) == real
    assert parse(str(exact), Decimal) == exact


texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))


@settings(deadline=None, max_examples=50)
@given(texts)
def test_text_is_taken_as_it_stands(text: str) -> None:
    assert parse(text, str) == text
    assert parse(text, str | None) == text
    assert parse(text, Secret).reveal() == text


@settings(deadline=None, max_examples=50)
@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1))
def test_a_list_is_read_with_commas_or_as_toml(items: list[str]) -> None:
    assert parse(",".join(items), tuple[str, ...]) == tuple(items)
    assert parse(" , ".join(["", *items, ""]), tuple[str, ...]) == tuple(items)
    assert parse(str(items), tuple[str, ...]) == tuple(items)


@attrs.frozen
class Settings:
    """What the precedence below is tried on."""

    port: int = 1
    ratio: float = 0.5
    side: Side = Side.BUY


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


given_ports = st.dictionaries(st.sampled_from(["port", "ratio"]), st.integers(2, 60_000))


@settings(deadline=None, max_examples=50)
@given(keywords=given_ports, variables=given_ports, table=given_ports)
def test_the_strongest_source_that_gives_a_value_wins_for_each_key_alone(
    keywords: dict[str, int], variables: dict[str, int], table: dict[str, int]
) -> None:
    sources = Sources("Broker 'p'", keywords, "BROKERKIT_P_", table, ("brokers", "p"), Config())
    with environment({f"BROKERKIT_P_{key.upper()}": str(value) for key, value in variables.items()}):
        resolved = resolve(Settings, sources)
    by_strength = ((Origin.KEYWORD, keywords), (Origin.ENVIRONMENT, variables), (Origin.FILE, table))
    for key, default in (("port", 1), ("ratio", 0.5), ("side", Side.BUY)):
        origin, value = next(
            ((origin, given[key]) for origin, given in by_strength if key in given), (Origin.DEFAULT, default)
        )
        assert getattr(resolved.settings, key) == value
        assert (resolved.origins[key].origin, resolved.origins[key].value) == (origin, value)


names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(names, st.lists(names, min_size=1, unique=True), min_size=1))
def test_every_key_of_a_file_is_found_on_its_line(sections: dict[str, list[str]]) -> None:
    lines: list[str] = []
    expected = {}
    for section, keys in sections.items():
        lines += ["", f"[brokers.{section}]  # a comment"]
        expected["brokers", section] = len(lines)
        for key in keys:
            lines.append(f'{key} = "x = [y]"')
            expected["brokers", section, key] = len(lines)
    found = key_lines("\n".join(lines))
    assert {keys: found[keys] for keys in expected} == expected


def test_keys_are_found_however_toml_lets_them_be_written() -> None:
    text = "\n".join(
        ["brokers.a.port = 1", '[brokers."b c"]', "'d' = 2", "e.f = 3", "list = [", "  1,", "]", "[[odd]]", "g = 4"]
    )
    lines = key_lines(text)
    assert lines["brokers", "a", "port"] == 1
    assert lines["brokers", "b c", "d"] == 3
    assert lines["brokers", "b c", "e", "f"] == 4
    assert lines["odd", "g"] == 9


def test_a_path_starts_in_the_home_or_in_the_files_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert convert("~/x", Path, Path("/etc")) == Path("/home/me/x")
    assert convert("x", Path, Path("/etc")) == Path("/etc/x")
    assert convert("x", Path) == Path("x")


def test_what_is_wanted_is_said_in_words() -> None:
    assert wanted(tuple[Path, ...] | None) == "a list of paths"
    assert wanted(Mapping[str, Decimal]) == "a table of numbers"
