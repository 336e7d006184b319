"""Frames and the greeting, the layer below the messages.

A frame is a 4-byte big-endian length and a payload whose fields each end with NUL. The greeting is the
text `API`, a NUL, and a frame (without a final NUL) that names the server versions a client supports.
"""

from __future__ import annotations

import re
import struct

import attrs

from brokerkit.plugins.sim.gateway.codec.errors import FrameError, HandshakeError, MessageError

SERVER_VERSION = 178
MIN_SERVER_VERSION = 157
MAX_REQUEST_BYTES = 1 << 20
"""The longest request accepted; the longest order that clients can build is a few kilobytes."""
MAX_GREETING_BYTES = 256
SKIPPED_VERSIONS = frozenset({158})
"""Server versions at which the official client and the Python clients parse openOrder differently."""

_PREFIX = struct.Struct(">I")
_GREETING = b"API\0"
_VERSIONS = re.compile(rb"v(\d{1,6})(?:\.\.(\d{1,6}))?(?: (.*))?", re.DOTALL)


def frame(text: str) -> bytes:
    """Return fields, joined with NUL, as a frame."""
    payload = text.encode("ascii") + b"\0"
    return _PREFIX.pack(len(payload)) + payload


def split_fields(payload: bytes) -> list[str]:
    """Return a payload's fields as text; raise `MessageError` if the last field is not terminated by NUL."""
    if not payload.endswith(b"\0"):
        raise MessageError("the last field is not terminated by NUL")
    return payload[:-1].decode("utf-8", "backslashreplace").split("\0")


@attrs.define
class FrameReader:
    """Splits a stream of bytes into payloads; never buffers more than one frame of the maximum length."""

    limit: int = MAX_REQUEST_BYTES
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes as they arrive, and return the payloads that they complete, in order.

        Raises:
            FrameError: The next length is zero or above the limit; the stream is unusable. Payloads before it are
                returned first, so only a call that returns none shows that all is well.
        """
        self._buffer += data
        payloads: list[bytes] = []
        at = 0
        while len(self._buffer) - at >= _PREFIX.size:
            (length,) = _PREFIX.unpack_from(self._buffer, at)
            if not 0 < length <= self.limit:
                if payloads:
                    break
                raise FrameError(f"a frame of {length} bytes; 1 to {self.limit} are accepted")
            if len(self._buffer) - at - _PREFIX.size < length:
                break
            at += _PREFIX.size + length
            payloads.append(bytes(self._buffer[at - length : at]))
        del self._buffer[:at]
        return payloads

    @property
    def pending(self) -> int:
        """The number of bytes buffered for an incomplete frame."""
        return len(self._buffer)


@attrs.frozen
class Greeting:
    """A client's greeting: the lowest and highest server version it supports, and its connect options."""

    lowest: int
    highest: int
    options: str = ""

    @property
    def asks_to_be_paced(self) -> bool:
        """Whether the gateway is to hold back messages that come too fast, instead of refusing them."""
        return "+PACEAPI" in self.options

    def agree(self, server_version: int = SERVER_VERSION) -> int:
        """Return the server version that both sides will use, or raise `HandshakeError` if there is none.

        Args:
            server_version: The highest version that this server supports.
        """
        version = min(server_version, self.highest)
        if version in SKIPPED_VERSIONS and self.lowest < version:
            version -= 1
        if version < max(self.lowest, MIN_SERVER_VERSION):
            raise HandshakeError(
                f"the client supports server versions {self.lowest} to {self.highest}, "
                f"this gateway {MIN_SERVER_VERSION} to {server_version}"
            )
        return version


@attrs.define
class GreetingReader:
    """Buffers a client's first bytes until the greeting is complete."""

    _buffer: bytearray = attrs.field(factory=bytearray, init=False)

    def feed(self, data: bytes) -> tuple[Greeting, bytes] | None:
        """Add bytes as they arrive; return the greeting and the bytes after it once it is complete, else None.

        Raises:
            HandshakeError: The bytes cannot become a greeting (a browser, a port scan, an old API).
        """
        self._buffer += data
        held = bytes(self._buffer[: len(_GREETING)])
        if not _GREETING.startswith(held):
            raise HandshakeError(f"expected the greeting of a TWS API client, received {bytes(self._buffer[:16])!r}")
        start = len(_GREETING) + _PREFIX.size
        if len(self._buffer) < start:
            return None
        (length,) = _PREFIX.unpack_from(self._buffer, len(_GREETING))
        if not 0 < length <= MAX_GREETING_BYTES:
            raise HandshakeError(f"a greeting of {length} bytes; 1 to {MAX_GREETING_BYTES} are accepted")
        if len(self._buffer) < start + length:
            return None
        return parse_greeting(bytes(self._buffer[start : start + length])), bytes(self._buffer[start + length :])


def parse_greeting(payload: bytes) -> Greeting:
    """Parse a greeting such as `v157..176 +PACEAPI`; raise `HandshakeError` if it is invalid."""
    match = _VERSIONS.fullmatch(payload)
    if match is None:
        raise HandshakeError(f"{payload[:60]!r} names no versions; expected something like 'v157..176'")
    lowest, highest, options = match.groups()
    return Greeting(int(lowest), int(highest or lowest), (options or b"").decode("ascii", "backslashreplace"))


def greeting_reply(version: int, time_text: str) -> bytes:
    """Return the server's half of the handshake: exactly two fields."""
    return frame(f"{version}\0{time_text}")
