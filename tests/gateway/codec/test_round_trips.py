"""Whatever can be said is understood as it was meant; whatever cannot be understood is refused, never a crash."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokerkit.plugins.sim.gateway.codec import (
    REQUESTS,
    RESPONSES,
    MessageError,
    decode_request,
    decode_response,
    encode,
    fields_of,
    request_id,
    split_fields,
)
from brokerkit.plugins.sim.gateway.codec import wire as w
from brokerkit.plugins.sim.gateway.codec.cursor import Cursor
from brokerkit.plugins.sim.gateway.codec.message import Shape
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.resolve import Branch, Choice, Gated, Optional, Plain, Resolved, Rows

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
INTS = st.integers(-(2**31) + 2, 2**31 - 2)
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)
VALUES: dict[w.WireType[Any], st.SearchStrategy[Any]] = {
    w.INT: INTS,
    w.NUMBER: NUMBERS,
    w.SIZE: NUMBERS,
    w.TEXT: TEXTS,
    w.FLAG: st.booleans(),
    w.MAYBE_INT: st.none() | INTS,
    w.MAYBE_NUMBER: st.none() | NUMBERS,
    w.MAX_INT_OR: st.none() | INTS,
    w.MAX_LONG_OR: st.none() | INTS,
    w.MAX_NUMBER_OR: st.none() | NUMBERS,
    w.MAX_SIZE_OR: st.none() | NUMBERS,
}


def flat(items: tuple[Resolved, ...]) -> list[Resolved]:
    found: list[Resolved] = []
    for item in items:
        found += flat(item.items) if isinstance(item, (Gated, Branch)) else [item]
    return found


def value_of(item: Resolved) -> st.SearchStrategy[Any] | None:
    if isinstance(item, Plain):
        return VALUES[item.wire]
    if isinstance(item, Rows):
        element = VALUES[item.wire] if item.wire else objects(item.factory, item.items)
        return st.lists(element, max_size=3).map(tuple)
    if isinstance(item, Choice):
        kinds = [objects(kind, items) for kind, items in item.variants.values()]
        return st.lists(st.one_of(kinds), max_size=3).map(tuple)
    if isinstance(item, Optional):
        return st.none() | objects(item.factory, item.items)
    return None


def objects(factory: Any, items: tuple[Resolved, ...]) -> st.SearchStrategy[Any]:
    parts: dict[str, dict[str, st.SearchStrategy[Any]]] = {"": {}}
    for item in flat(items):
        strategy = value_of(item)
        if strategy is not None and not hasattr(item, "text"):
            owner, _, name = item.path.rpartition(".")  # type: ignore[union-attr]  # because fillers have no strategy
            parts.setdefault(owner, {})[name] = strategy
    whole = parts.pop("")
    for owner, fields in parts.items():
        annotation = {f.name: f.default for f in attrs.fields(factory)}[owner]
        whole[owner] = st.builds(type(annotation), **fields)
    return st.builds(factory, **whole)


MESSAGES = {shape.name: shape for shape in (*REQUESTS.values(), *RESPONSES.values())}


@pytest.mark.parametrize("name", MESSAGES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_is_written_is_read_the_same(name: str, data: st.DataObject) -> None:
    shape: Shape = MESSAGES[name]
    version = data.draw(st.sampled_from([157, 164, 176, 178]))
    message = data.draw(objects(shape.cls, shape.items()))
    decode = decode_request if REQUESTS.get(shape.id) is shape else decode_response
    fields = split_fields(encode(message, version)[4:])
    again = decode(fields, version)
    assert fields_of(again, version) == fields


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(REQUESTS)),
    st.lists(st.one_of(TEXTS, st.sampled_from(["", "0", "1", "-1", "9" * 400, "1e999", "nan", "Infinite", "BAG"]))),
    st.sampled_from([157, 176]),
)
def test_nonsense_is_refused_and_nothing_else(number: int, fields: list[str], version: int) -> None:
    with contextlib.suppress(MessageError):
        decode_request([str(number), *fields], version)
    assert isinstance(request_id([str(number), *fields]), int)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_refused(payload: bytes) -> None:
    with contextlib.suppress(MessageError):
        request = decode_request(split_fields(payload), 176)
        assert type(request) in {shape.cls for shape in REQUESTS.values()}


@pytest.mark.parametrize("fields", [[], [""], ["9999"], ["x"], ["٣"], ["3" * 30]])
def test_unknown_message_is_named(fields: list[str]) -> None:
    with pytest.raises(MessageError, match="not a supported message id"):
        decode_request(fields, 176)


def test_message_too_long_says_what_is_left_over() -> None:
    with pytest.raises(MessageError, match="1 fields too many, from 'extra'"):
        decode_request(["8", "1", "1", "extra"], 176)


def test_length_that_lies_is_refused_without_allocating() -> None:
    fields = fields_of(REQUESTS[3].cls(1), 176)
    lies = ("999999999", "-1", "٣", "1.0")
    refused: set[str] = set()
    tracemalloc.start()
    for lie in lies:
        for place in range(1, len(fields)):
            try:
                decode_request([*fields[:place], lie, *fields[place + 1 :]], 176)
            except MessageError:
                refused.add(lie)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused == set(lies)
    assert peak < 2_000_000


@given(st.data())
def test_changed_terms_are_the_same_but_for_what_was_changed(data: st.DataObject) -> None:
    terms = data.draw(st.builds(OrderTerms, order_ref=TEXTS, total_quantity=NUMBERS, limit_price=st.none() | NUMBERS))
    before = attrs.asdict(terms)
    changes = {"order_ref": data.draw(TEXTS), "transmit": data.draw(st.booleans())}
    assert terms.but(**changes) == attrs.evolve(terms, **changes)
    assert attrs.asdict(terms) == before


def test_terms_that_do_not_exist_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="no tiff"):
        OrderTerms().but(tiff="DAY")


@pytest.mark.parametrize("lie", ["4", "999999999", "0" * 5000, "1" * 5000, "-1", "", "٣"])
def test_a_length_above_what_follows_is_refused_before_anything_is_read(lie: str) -> None:
    with pytest.raises(MessageError, match="is not a length: 3 fields follow"):
        Cursor([lie, "a", "b", "c"]).count()


def test_a_length_of_all_that_follows_is_taken() -> None:
    assert Cursor(["3", "a", "b", "c"]).count() == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00005, "0.00005"),
        (1e-9, "0.000000001"),
        (75.0, "75.0"),
        (float("inf"), "Infinite"),
        (-0.25, "-0.25"),
        (-0.0, "0.0"),
    ],
)
def test_prices_are_spelt_without_exponent(value: float, text: str) -> None:
    assert w.NUMBER.write(value) == text
    assert w.NUMBER.read(text) == value


@pytest.mark.parametrize("text", ["", "2147483647", "1.7976931348623157E308", "1.7976931348623157e+308"])
def test_unset_is_none_however_it_is_spelt(text: str) -> None:
    reader = w.MAYBE_NUMBER if "." in text or not text else w.MAYBE_INT
    assert reader.read(text) is None


@pytest.mark.parametrize(
    "text", ["2147483648", "-2147483649", "544894145756509053", "1_0", " 7", "٣", "0x10", "1.5", "nan", "1e9999"]
)
def test_what_a_gateway_cannot_keep_in_32_bits_is_no_whole_number(text: str) -> None:
    for wire in (w.INT, w.MAYBE_INT, w.MAX_INT_OR):
        with pytest.raises(MessageError, match="is not a"):
            wire.read(text)


@pytest.mark.parametrize("text", ["1_0.5", "inf", "Infinity", "nan", " 1", "1e", "٣.5", "1,5", "0x1p3", "1" * 400])
def test_what_only_python_takes_for_a_number_is_none(text: str) -> None:
    for wire in (w.NUMBER, w.SIZE, w.MAYBE_NUMBER, w.MAX_NUMBER_OR):
        with pytest.raises(MessageError, match="is not a number"):
            wire.read(text)


@pytest.mark.parametrize(("text", "value"), [("+7", 7), ("-2147483648", -(2**31)), ("7.0", 7), ("1e3", 1000)])
def test_whole_numbers_however_they_are_spelt(text: str, value: int) -> None:
    assert w.INT.read(text) == value
    assert w.MAX_LONG_OR.read("9007199254740993") == 9007199254740993


def test_text_cannot_break_out_of_its_field() -> None:
    assert w.TEXT.write("a\0b") == "ab"
    assert w.TEXT.write("Zürich €") == "Z\\xfcrich \\u20ac"
