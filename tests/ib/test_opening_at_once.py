"""Opening shakes hands, leases a client id and reads the journal at once: any of them may be slow, or fail."""

from __future__ import annotations

import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brokerkit import ConnectionState, open_broker
from brokerkit.errors import CannotConnect, StoreCorrupt, StoreLocked
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.store import open_store
from brokerkit.store._local import default_path
from tests.ib.conftest import OpenIB


@contextmanager
def locked_store() -> Iterator[sqlite3.Connection]:
    """Keep the store from being written to."""
    open_store().close()
    other = sqlite3.connect(default_path(), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_store_that_is_slow_is_waited_for_and_not_taken_for_a_silent_gateway(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    with locked_store() as other:
        unlock = threading.Timer(1.5, other.execute, ["COMMIT"])
        unlock.start()
        broker = open_ib(gateway, connect_timeout=0.5)
        assert unlock.finished.is_set()
        assert broker.state is ConnectionState.CONNECTED
        assert broker.native.connection.client_id() == 100


def test_a_store_that_fails_is_told_and_the_line_is_let_go_of(gateway: SimulatedGateway, open_ib: OpenIB) -> None:
    with locked_store(), pytest.raises(StoreLocked):
        open_ib(gateway)
    default_path().write_bytes(b"no database at all" * 500)
    with pytest.raises(StoreCorrupt):
        open_ib(gateway)
    assert gateway.call(lambda inner: inner.sessions()) == []
    assert not [each for each in threading.enumerate() if each.name.startswith("brokerkit-ib")]


def test_a_gateway_that_is_not_there_is_told_and_nothing_stays_leased(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    gateway.cut()
    with pytest.raises(CannotConnect):
        open_ib(gateway)
    gateway.mend()
    with open_store(broker="ib") as store:
        assert store.client_ids.leases() == ()
    assert not [each for each in threading.enumerate() if each.name.startswith("brokerkit-ib")]


def test_a_gateway_that_hangs_up_while_the_store_is_slow_is_told() -> None:
    hung_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, locked_store() as other:

        def shake_and_hang_up() -> None:
            line, _ = server.accept()
            line.recv(1024)
            text = b"176\x0020240102 09:00:00 EST\x00"
            line.sendall(struct.pack(">I", len(text)) + text)
            assert not hung_up.wait(0.3)
            line.close()
            hung_up.set()

        threading.Thread(target=shake_and_hang_up, daemon=True).start()
        threading.Timer(1.0, other.execute, ["COMMIT"]).start()
        with pytest.raises(CannotConnect, match="accepted the connection and closed it"):
            open_broker("ib", port=server.getsockname()[1], connect_timeout=30.0)
    assert hung_up.is_set()
    assert not [each for each in threading.enumerate() if each.name.startswith("brokerkit-ib")]


def test_positions_are_written_down_in_a_quiet_moment_for_the_next_session(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    broker = open_ib(gateway)
    for _ in range(600):
        if found := [*state_folder.rglob(f"ib_positions_127.0.0.1_{gateway.port}.json")]:
            break
        threading.Event().wait(0.05)
    [file] = found
    file.unlink()
    broker.close()
    assert file.exists()
