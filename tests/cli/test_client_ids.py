"""`brokerkit client-ids` on a real store, with real processes that hold ids, and die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HOLDER = (
    "import sys, signal\nfrom brokerkit.store import open_store\n"
    "store = open_store(sys.argv[1])\nprint(store.client_ids.lease(sys.argv[2]).client_id, flush=True)\nsignal.pause()"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "brokerkit.db"


@pytest.fixture
def holder(store: Path):
    """Start processes that lease an id at a gateway and hold it."""
    running: list[subprocess.Popen[str]] = []

    def start(gateway: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(store), gateway], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "100"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def _die(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_nothing_is_held_in_a_new_store(run, store):
    told = run("client-ids", "--store", store)
    assert (told.exit_code, told.out) == (0, "No client id is held.\n")


def test_list_names_the_process_that_holds_an_id(run, store, holder: Callable[[str], subprocess.Popen[str]]):
    process = holder("127.0.0.1:4002")
    [lease] = run("client-ids", "--store", store, "--json").json
    assert (lease["client_id"], lease["gateway"], lease["state"]) == (100, "127.0.0.1:4002", "held")
    assert lease["owner"]["pid"] == process.pid
    assert f"process {process.pid} on" in run("client-ids", "--store", store).out


def test_clear_takes_back_the_ids_of_dead_processes_only(run, store, holder):
    holder("127.0.0.1:4001")
    _die(holder("127.0.0.1:4002"))
    cleared = run("client-ids", "clear", "--yes", "--store", store, "--json").json
    assert [lease["gateway"] for lease in cleared] == ["127.0.0.1:4002"]
    assert [lease["gateway"] for lease in run("client-ids", "--store", store, "--json").json] == ["127.0.0.1:4001"]


def test_clear_of_nothing_says_only_that(run, store):
    assert run("client-ids", "clear", "--store", store).out == "Nothing to clear.\n"


def test_clear_asks_first_and_does_nothing_on_no(run, store, holder):
    _die(holder("127.0.0.1:4002"))
    told = run("client-ids", "clear", "--store", store, answer="n\n")
    assert told.exit_code == 1
    assert "Take back client ids 100?" in told.err
    assert len(run("client-ids", "--store", store, "--json").json) == 1


def test_a_living_process_keeps_its_id_unless_forced(run, store, holder):
    holder("127.0.0.1:4002")
    refused = run("client-ids", "release", "100", "--yes", "--store", store)
    assert refused.exit_code == 10
    assert "[BK605]" in refused.err
    assert run("client-ids", "release", "100", "--force", "--yes", "--store", store).exit_code == 0
    assert run("client-ids", "--store", store, "--json").json == []


def test_release_of_an_id_held_at_two_gateways_asks_which(run, store, holder):
    holder("127.0.0.1:4001")
    holder("127.0.0.1:4002")
    told = run("client-ids", "release", "100", "--force", "--yes", "--store", store)
    assert told.exit_code == 5
    assert "held at 127.0.0.1:4001, 127.0.0.1:4002" in told.err
    assert "--gateway" in told.err


def test_a_file_that_is_no_store_is_refused_with_its_name(run, store):
    store.write_text("this is no database, and long enough to be read as one by mistake" * 20)
    told = run("client-ids", "--store", store)
    assert told.exit_code == 11
    assert str(store) in told.err
