"""Client ids leased from the store: who gets which, who loses it, and who never does."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import attrs
import pytest

from brokerkit.errors import ClientIdInUse, NoFreeClientId, StoreError, StoreLocked
from brokerkit.spec.services import LeaseState
from brokerkit.store import LocalStore, open_store

GATEWAY = "127.0.0.1:4002"


def edit(path: Path, statement: str, *parameters: object) -> None:
    """Change the file as another program would."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement, parameters)
    connection.close()


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def other_process(start_script: Callable[..., subprocess.Popen[str]], store: LocalStore) -> subprocess.Popen[str]:
    """A living process that holds the id 100 at the gateway."""
    process = start_script("claim.py", store.path, 100, 101, store.path.parent / "witness")
    assert process.stdin is not None
    process.stdin.write("hold 0\n")
    assert [answer(process), answer(process)] == ["ready", "held 100"]
    return process


def test_gives_the_lowest_free_id_and_takes_back_what_is_released(store: LocalStore) -> None:
    leases = [store.client_ids.lease(GATEWAY) for _ in range(3)]
    assert [lease.client_id for lease in leases] == [100, 101, 102]
    assert store.client_ids.release(leases[1])
    assert store.client_ids.lease(GATEWAY).client_id == 101


def test_tries_the_wanted_id_first_and_falls_back(store: LocalStore) -> None:
    assert store.client_ids.lease(GATEWAY, first=7).client_id == 7
    assert store.client_ids.lease(GATEWAY, first=7).client_id == 100


def test_gives_no_id_that_is_to_be_avoided(store: LocalStore) -> None:
    assert store.client_ids.lease(GATEWAY, first=7, avoid={7, 100, 101}).client_id == 102


def test_an_id_is_held_at_one_gateway_by_whichever_name_it_is_called(store: LocalStore) -> None:
    assert store.client_ids.lease("localhost:4002").client_id == 100
    assert store.client_ids.lease("127.0.0.1:4002 ").client_id == 101
    assert store.client_ids.lease("[::1]:4002").client_id == 102
    assert store.client_ids.lease("127.0.0.1:4001").client_id == 100
    assert store.client_ids.lease("Gateway.lan:4002").client_id == 100
    assert store.client_ids.lease("gateway.LAN:4002").client_id == 101


def test_says_when_none_is_free_and_gives_nothing(store: LocalStore) -> None:
    store.client_ids.lease(GATEWAY, ids=range(1, 3))
    with pytest.raises(NoFreeClientId, match=r"of 2 \(range\(1, 3\)\), 1 are held .* 1 were to be avoided"):
        store.client_ids.lease(GATEWAY, ids=range(1, 3), avoid=[2])
    assert [lease.client_id for lease in store.client_ids.leases()] == [1]


def test_a_lease_is_released_once_and_never_the_one_that_followed_it(store: LocalStore) -> None:
    old = store.client_ids.lease(GATEWAY)
    assert store.client_ids.release(old)
    new = store.client_ids.lease(GATEWAY)
    assert new.client_id == old.client_id
    assert not store.client_ids.release(old)
    assert store.client_ids.leases() == (new,)


def test_closing_gives_back_its_own_leases_only(store: LocalStore) -> None:
    kept = store.client_ids.lease(GATEWAY)
    with open_store(store.path) as second:
        second.client_ids.lease(GATEWAY)
        assert len(store.client_ids.leases(GATEWAY)) == 2
    assert store.client_ids.leases(GATEWAY) == (kept,)


def test_a_lease_that_a_locked_store_could_not_take_back_is_given_back_when_it_is_closed(store_path: Path) -> None:
    with open_store(store_path, broker="paper") as store:
        lease = store.client_ids.lease(GATEWAY)
        store.client_ids._database._timeout = 0.1
        blocker = sqlite3.connect(store_path, isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLocked):
            store.client_ids.release(lease)
        blocker.close()
    with open_store(store_path, broker="paper") as store:
        assert store.client_ids.leases() == ()


def test_a_closed_store_leases_nothing(store: LocalStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.client_ids.lease(GATEWAY)
    store.close()


def test_lists_who_holds_what(store: LocalStore, other_process: subprocess.Popen[str]) -> None:
    before = datetime.now(timezone.utc)
    store.client_ids.lease("127.0.0.1:4001")
    mine, theirs = store.client_ids.leases()
    assert (mine.gateway, mine.client_id, mine.owner.pid) == ("127.0.0.1:4001", 100, os.getpid())
    assert (theirs.gateway, theirs.client_id, theirs.owner.pid) == (GATEWAY, 100, other_process.pid)
    assert mine.state is theirs.state is LeaseState.HELD
    assert before <= mine.leased
    assert mine.owner.started < theirs.owner.started <= before


def test_threads_get_different_ids(store: LocalStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: store.client_ids.lease(GATEWAY), range(40)))
    assert sorted(lease.client_id for lease in leases) == list(range(100, 140))


def test_a_killed_owner_loses_its_id_even_before_anybody_reaped_it(
    store: LocalStore, other_process: subprocess.Popen[str]
) -> None:
    assert other_process.stdout is not None
    other_process.kill()
    other_process.stdout.read()  # ends when the process has; it stays a zombie, whose process id is still there
    os.kill(other_process.pid, 0)
    [lease] = store.client_ids.leases()
    assert lease.state is LeaseState.ORPHANED
    assert store.client_ids.lease(GATEWAY).client_id == 100


def test_a_hung_owner_keeps_its_id(store: LocalStore, other_process: subprocess.Popen[str]) -> None:
    other_process.send_signal(signal.SIGSTOP)
    assert store.client_ids.lease(GATEWAY).client_id == 101
    assert [lease.state for lease in store.client_ids.leases()] == [LeaseState.HELD, LeaseState.HELD]


def test_a_process_that_got_a_dead_owners_process_id_is_not_taken_for_it(
    store: LocalStore, other_process: subprocess.Popen[str]
) -> None:
    other_process.kill()
    other_process.communicate()
    edit(store.path, "UPDATE owners SET pid = ?", os.getpid())
    assert store.client_ids.lease(GATEWAY).client_id == 100


@pytest.mark.parametrize("since", ["boot = 'an earlier start'", "host = 'a container of it'"])
def test_a_lease_of_this_machine_is_taken_back_from_before_its_restart_and_from_its_containers(
    store: LocalStore, other_process: subprocess.Popen[str], since: str
) -> None:
    other_process.kill()
    other_process.communicate()
    edit(store.path, f"UPDATE owners SET {since}")
    assert store.client_ids.lease(GATEWAY).client_id == 100


def test_a_lease_of_another_machine_is_never_taken_back_but_can_be_evicted(
    store: LocalStore, other_process: subprocess.Popen[str]
) -> None:
    other_process.kill()
    other_process.communicate()
    edit(store.path, "UPDATE owners SET host = 'elsewhere', boot = 'of another machine'")
    [lease] = store.client_ids.leases()
    assert lease.state is LeaseState.ELSEWHERE
    assert store.client_ids.lease(GATEWAY).client_id == 101
    assert store.client_ids.evict(lease)
    assert not store.client_ids.evict(lease)
    assert store.client_ids.lease(GATEWAY).client_id == 100


def test_a_living_owner_is_evicted_only_by_force(store: LocalStore, other_process: subprocess.Popen[str]) -> None:
    [lease] = store.client_ids.leases()
    with pytest.raises(ClientIdInUse, match=rf"held by process {other_process.pid} on "):
        store.client_ids.evict(lease)
    assert store.client_ids.leases() == (lease,)
    assert store.client_ids.evict(lease, force=True)
    assert store.client_ids.leases() == ()


def test_another_process_cannot_release_a_lease(store: LocalStore, other_process: subprocess.Popen[str]) -> None:
    [lease] = store.client_ids.leases()
    assert not store.client_ids.release(lease)
    assert store.client_ids.leases() == (lease,)


def test_a_forked_child_neither_releases_nor_prolongs_its_parents_lease(
    store: LocalStore, start_script: Callable[..., subprocess.Popen[str]]
) -> None:
    parent = start_script("fork.py", store.path)
    assert answer(parent) == "child closed its copy of the store"
    of_parent, of_child = store.client_ids.leases(GATEWAY)
    assert (of_parent.client_id, of_parent.owner.pid, of_parent.state) == (100, parent.pid, LeaseState.HELD)
    assert (of_child.client_id, of_child.state) == (101, LeaseState.HELD)
    parent.kill()
    parent.wait()  # while its child lives on, and has leased an id of its own
    states = {lease.client_id: lease.state for lease in store.client_ids.leases()}
    assert states == {100: LeaseState.ORPHANED, 101: LeaseState.HELD}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not list a process's open files")
def test_leases_leave_no_more_files_open_however_many_there_were(store: LocalStore) -> None:
    open_files: list[int] = []
    for _ in range(5):
        store.client_ids.release(store.client_ids.lease(GATEWAY))
        open_files.append(len(list(Path("/proc/self/fd").iterdir())))
    assert len(set(open_files)) == 1


def test_a_lost_lock_file_is_made_again(store: LocalStore) -> None:
    Path(f"{store.path}-owners").unlink(missing_ok=True)
    lease = store.client_ids.lease(GATEWAY)
    assert attrs.evolve(lease, state=LeaseState.HELD) in store.client_ids.leases()


@pytest.mark.parametrize(("host", "state"), [("another", LeaseState.ELSEWHERE), ("", LeaseState.ORPHANED)])
def test_where_the_system_names_no_start_of_the_machine_its_host_name_says_which_it_is(
    store: LocalStore,
    other_process: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    state: LeaseState,
) -> None:
    other_process.kill()
    other_process.communicate()
    monkeypatch.setattr("brokerkit.store.owner.boot_id", lambda: "")  # as on macOS and Windows
    edit(store.path, "UPDATE owners SET boot = '', host = host || ?", host)
    assert [lease.state for lease in store.client_ids.leases()] == [state]
