"""The codec's errors about bytes that do not follow the protocol."""

from __future__ import annotations

from brokerkit.errors import ProtocolError as ProtocolError


class FrameError(ProtocolError):
    """A frame length that no gateway would accept; the rest of the stream is unreadable."""


class HandshakeError(ProtocolError):
    """The first bytes are not the greeting of a supported TWS API client."""


class MessageError(ProtocolError):
    """A complete frame whose fields are not a valid message; the stream itself is intact."""


class UnknownMessageError(MessageError):
    """A message id without a layout."""
