"""The TWS API text protocol in both directions, each message defined once; imports nothing from the simulation."""

from brokerkit.plugins.sim.gateway.codec import requests, responses
from brokerkit.plugins.sim.gateway.codec.cursor import PreparedRows
from brokerkit.plugins.sim.gateway.codec.declined import DECLINED, declined
from brokerkit.plugins.sim.gateway.codec.errors import (
    FrameError,
    HandshakeError,
    MessageError,
    ProtocolError,
    UnknownMessageError,
)
from brokerkit.plugins.sim.gateway.codec.framing import (
    MAX_REQUEST_BYTES,
    MIN_SERVER_VERSION,
    SERVER_VERSION,
    FrameReader,
    Greeting,
    GreetingReader,
    frame,
    greeting_reply,
    split_fields,
)
from brokerkit.plugins.sim.gateway.codec.message import (
    REQUESTS,
    RESPONSES,
    decode_request,
    decode_response,
    encode,
    fields_of,
    request_id,
)

__all__ = [
    "DECLINED",
    "MAX_REQUEST_BYTES",
    "MIN_SERVER_VERSION",
    "REQUESTS",
    "RESPONSES",
    "SERVER_VERSION",
    "FrameError",
    "FrameReader",
    "Greeting",
    "GreetingReader",
    "HandshakeError",
    "MessageError",
    "PreparedRows",
    "ProtocolError",
    "UnknownMessageError",
    "declined",
    "decode_request",
    "decode_response",
    "encode",
    "fields_of",
    "frame",
    "greeting_reply",
    "request_id",
    "requests",
    "responses",
    "split_fields",
]
