"""What the codec raises when bytes are not the protocol."""

from __future__ import annotations

from brokerkit.errors import ProtocolError as ProtocolError


class FrameError(ProtocolError):
    """A frame whose length no gateway would accept; the stream cannot be read on."""


class HandshakeError(ProtocolError):
    """The first bytes are not the greeting of a TWS API client that we can serve."""


class MessageError(ProtocolError):
    """A whole frame whose fields do not make up a message; the stream itself is sound."""


class UnknownMessageError(MessageError):
    """A message id that has no layout."""
