"""Replay the client's side of a record to a gateway."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable

from brokerkit.errors import CannotConnect
from brokerkit.plugins.sim.gateway.codec import FrameReader, frame, split_fields
from brokerkit.plugins.sim.gateway.recorder import RecordedFrame

_CURRENT_TIME_REQUEST, _CURRENT_TIME = ("49", "1"), "49"


def replay(
    record: Iterable[RecordedFrame],
    host: str,
    port: int,
    *,
    connection: int = 1,
    version: int = 176,
    timeout: float = 10.0,
) -> list[tuple[str, ...]]:
    """Send a client's recorded frames one by one, and return the gateway's answers.

    After each frame it requests the current time, to wait until the gateway has handled the frame.

    Args:
        record: The frames of a record; see `read_record`.
        host: The gateway's host.
        port: The gateway's port.
        connection: The number of the recorded connection whose frames to send.
        version: The server version spoken in the record, as its comment says; orders differ from 177 on.
        timeout: Seconds to wait for each answer.

    Raises:
        CannotConnect: No gateway answers there, or it closes the connection.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout) as line:
            versions = f"v{version}..{version}".encode()
            line.sendall(b"API\0" + struct.pack(">I", len(versions)) + versions)
            return list(_play(line, (one for one in record if one.connection == connection and one.from_client)))
    except OSError as error:
        raise CannotConnect(f"No gateway answers at {host}:{port}: {error}.") from error


def _play(line: socket.socket, frames: Iterable[RecordedFrame]) -> Iterable[tuple[str, ...]]:
    reader = FrameReader(limit=1 << 30)
    waiting: list[tuple[str, ...]] = []

    def next_frame() -> tuple[str, ...]:
        while not waiting:
            data = line.recv(1 << 16)
            if not data:
                raise ConnectionResetError("the gateway closed the connection")
            waiting.extend(tuple(split_fields(payload)) for payload in reader.feed(data))
        return waiting.pop(0)

    next_frame()
    for each in frames:
        line.sendall(struct.pack(">I", len(each.payload)) + each.payload)
        if each.fields != _CURRENT_TIME_REQUEST:
            line.sendall(frame("\0".join(_CURRENT_TIME_REQUEST)))
        while (answer := next_frame())[0] != _CURRENT_TIME:
            yield answer
