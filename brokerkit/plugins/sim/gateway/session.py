"""One client's session: its rights, its subscriptions, and how it is answered."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.sim.gateway.codec import (
    MessageError,
    UnknownMessageError,
    declined,
    decode_request,
    encode,
    request_id,
    split_fields,
)
from brokerkit.plugins.sim.gateway.codec.requests.session import StartApi
from brokerkit.plugins.sim.gateway.codec.responses.session import Error
from brokerkit.plugins.sim.gateway.codes import MAX_RATE, NO_REQUEST, Code
from brokerkit.plugins.sim.gateway.pacing import HistoryPacing, MessageRate

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.connection import Connection
    from brokerkit.plugins.sim.gateway.gateway import Gateway

_log = logging.getLogger("brokerkit.gateway")

NOT_STARTED = -1


class Session:
    """A client's session, from its greeting to its end.

    Args:
        gateway: The gateway that serves it.
        connection: Its connection.
        version: The server version agreed on.
        is_paced: Whether the client asked to be paced, so that its messages are never too many.

    Attributes:
        client_id: Its client id; `NOT_STARTED` before startApi.
        version: The server version agreed on.
        market_data_type: 1 live, 2 frozen, 3 delayed or 4 delayed frozen, as last requested.
        binds_manual_orders: Whether orders placed by hand are bound to it.
    """

    def __init__(self, gateway: Gateway, connection: Connection, version: int, *, is_paced: bool = False) -> None:
        self.gateway = gateway
        self.connection = connection
        self.version = version
        self.client_id = NOT_STARTED
        self.market_data_type = 1
        self.binds_manual_orders = False
        self.rate = MessageRate(None if is_paced else gateway.settings.limits.messages_per_second)
        self.history_pacing = HistoryPacing(gateway.settings.limits)

    @property
    def started(self) -> bool:
        """Whether the client has sent its client id."""
        return self.client_id != NOT_STARTED

    def send(self, message: Any) -> None:
        """Send a message; active faults may change what is sent."""
        self.gateway.faults.outgoing(self, message)

    def deliver(self, message: Any) -> None:
        """Send a message unchanged."""
        self.connection.send(self.encoded(message))

    def encoded(self, message: Any) -> bytes:
        """Return a message encoded as the frame to send, and record it."""
        data = encode(message, self.version)
        if self.gateway.recorder is not None:
            self.gateway.recorder.record(self.connection.number, data[4:], from_client=False)
        return data

    def remark(self, text: str) -> None:
        """Write a comment in the record."""
        if self.gateway.recorder is not None:
            self.gateway.recorder.remark(self.connection.number, text)

    def error(self, req_id: int, code: Code, text: str) -> None:
        """Send an error, a warning or a notice."""
        self.send(Error(req_id, int(code), text))

    def notice(self, code: Code, text: str) -> None:
        """Send a notice under no request id."""
        self.error(NO_REQUEST, code, text)

    def received(self, payload: bytes) -> None:
        """Handle one frame: check the message rate, decode it, act on it. A bad frame never gets further than this."""
        if self.gateway.recorder is not None:
            self.gateway.recorder.record(self.connection.number, payload, from_client=True)
        if not self.rate.admit(time.monotonic()):
            self._too_fast()
            return
        try:
            fields = split_fields(payload)
        except MessageError as error:
            self.error(NO_REQUEST, Code.ERROR_READING, f"Error reading request. {error.fact}")
            return
        self._act_on(fields)

    def _act_on(self, fields: list[str]) -> None:
        try:
            request = decode_request(fields, self.version)
        except UnknownMessageError:
            self._refuse(fields)
            return
        except MessageError as error:
            _log.info("client %d: cannot read %s: %s", self.client_id, fields[0][:20], error.fact)
            self.error(request_id(fields), Code.ERROR_READING, f"Error reading request. {error.fact}")
            return
        if not self.started and not isinstance(request, StartApi):
            self.error(NO_REQUEST, Code.ERROR_READING, "Error reading request. The API has not been started.")
            return
        self.gateway.handle(self, request)

    def _refuse(self, fields: list[str]) -> None:
        """Answer that a request is not served, under its request id if it is a known one."""
        known = declined(fields)
        if known is not None and known.ends_something:
            return
        code, text = Code.ERROR_READING, f"Error reading request. Unknown message id. {fields[0][:20]}"
        if known is not None:
            code, text = known.refusal.code, known.text
        _log.info("client %d: %s", self.client_id, text)
        self.error(request_id(fields), code, text)

    def _too_fast(self) -> None:
        limit = self.rate.limit or 0
        if self.rate.first_refusal:
            text = MAX_RATE.format(limit=limit, count=limit + 1, strike=self.rate.strikes)
            self.error(NO_REQUEST, Code.MESSAGE_RATE, text)
        if self.rate.out:
            _log.warning(
                "client %d went over the message rate %d times; disconnected", self.client_id, self.rate.strikes
            )
            self.connection.close()
