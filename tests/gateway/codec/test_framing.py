"""Frames and greetings: whole, in pieces, oversized, foreign."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.plugins.sim.gateway.codec import (
    FrameError,
    FrameReader,
    Greeting,
    GreetingReader,
    HandshakeError,
    MessageError,
    frame,
    greeting_reply,
    split_fields,
)
from brokerkit.plugins.sim.gateway.codec.framing import MAX_REQUEST_BYTES

TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=20)


def greeting(versions: bytes) -> bytes:
    return b"API\0" + struct.pack(">I", len(versions)) + versions


@given(st.lists(st.lists(TEXT, min_size=1, max_size=5), max_size=5), st.lists(st.integers(1, 9), min_size=1))
def test_frames_survive_any_cut(messages: list[list[str]], cuts: list[int]) -> None:
    stream = b"".join(frame("\0".join(fields)) for fields in messages)
    reader, found, at, turn = FrameReader(), [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        found += reader.feed(stream[at : at + step])
        at, turn = at + step, turn + 1
    assert [split_fields(payload) for payload in found] == messages
    assert reader.pending == 0


@pytest.mark.parametrize("length", [0, MAX_REQUEST_BYTES + 1, 2**32 - 1])
def test_frame_of_absurd_length_is_refused_before_it_is_collected(length: int) -> None:
    reader = FrameReader()
    with pytest.raises(FrameError, match=f"{length} bytes"):
        reader.feed(struct.pack(">I", length) + b"x" * 100)


def test_last_field_must_be_ended() -> None:
    with pytest.raises(MessageError, match="not terminated"):
        split_fields(b"71\x002\x007")


def test_foreign_bytes_become_escapes_not_errors() -> None:
    assert split_fields(b"a\xff\0") == ["a\\xff"]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (b"v157..176", Greeting(157, 176)),
        (b"v100..157", Greeting(100, 157)),
        (b"v157..178 +PACEAPI", Greeting(157, 178, "+PACEAPI")),
        (b"v200", Greeting(200, 200)),
    ],
)
def test_greeting_in_single_bytes_and_with_more_behind_it(versions: bytes, expected: Greeting) -> None:
    reader = GreetingReader()
    whole = greeting(versions)
    assert [reader.feed(whole[i : i + 1]) for i in range(len(whole) - 1)] == [None] * (len(whole) - 1)
    assert reader.feed(whole[-1:] + b"rest") == (expected, b"rest")


@pytest.mark.parametrize(
    "opening",
    [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"API\1", b"API\0\0\0\0\0", b"API\0\xff\xff\xff\xff", greeting(b"hello")],
)
def test_strangers_are_told_apart_at_once(opening: bytes) -> None:
    with pytest.raises(HandshakeError):
        GreetingReader().feed(opening)


@pytest.mark.parametrize(
    ("client", "server", "agreed"),
    [
        ((157, 176), 176, 176),
        ((157, 176), 178, 176),
        ((157, 193), 178, 178),
        ((100, 157), 178, 157),
        ((100, 225), 173, 173),
    ],
)
def test_both_sides_speak_the_highest_common_version(client: tuple[int, int], server: int, agreed: int) -> None:
    assert Greeting(*client).agree(server) == agreed


def test_version_158_is_stepped_over_because_clients_disagree_on_it() -> None:
    assert Greeting(100, 176).agree(158) == 157


@pytest.mark.parametrize("client", [(200, 225), (63, 156), (179, 225)])
def test_no_common_version_is_refused_with_both_ranges(client: tuple[int, int]) -> None:
    with pytest.raises(HandshakeError, match=f"{client[0]} to {client[1]}.*157 to 178"):
        Greeting(*client).agree()


def test_reply_has_exactly_two_fields() -> None:
    (payload,) = FrameReader().feed(greeting_reply(176, "20231201 15:00:00 UTC"))
    assert split_fields(payload) == ["176", "20231201 15:00:00 UTC"]
