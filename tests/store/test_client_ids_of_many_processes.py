"""Many real processes ask for client ids at once, and a third of them are killed with SIGKILL."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit.errors import NoFreeClientId
from brokerkit.store import open_store

PROCESSES = int(os.environ.get("CLIENT_ID_PROCESSES", "40"))
ROUNDS = int(os.environ.get("CLIENT_ID_ROUNDS", "3"))


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def held_id(process: subprocess.Popen[str]) -> int:
    word, _, number = answer(process).partition(" ")
    assert word == "held", f"{word} {number}"
    return int(number)


@pytest.mark.timeout(60 + 5 * PROCESSES)
def test_no_id_is_held_twice_and_none_leaks(
    store_path: Path, start_script: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    ids = range(100, 100 + PROCESSES)  # as many as processes: an id that leaks is one too few for somebody
    arguments = ("claim.py", store_path, ids.start, ids.stop, tmp_path / "witness")
    open_store(store_path).close()
    processes = [start_script(*arguments) for _ in ids]
    assert [answer(process) for process in processes] == ["ready"] * PROCESSES
    victims, survivors = processes[::3], [process for i, process in enumerate(processes) if i % 3]

    for process in processes:
        tell(process, "churn" if process in victims else f"hold {ROUNDS}")
    assert [answer(victim) for victim in victims] == ["churning"] * len(victims)
    held = []
    doomed = list(victims)
    for survivor in survivors:
        held.append(held_id(survivor))
        if doomed:
            doomed.pop().kill()  # wherever in taking, holding or giving back it is just now
    for victim in victims:
        victim.kill()
        assert "twice" not in victim.communicate()[0]

    heirs = [start_script(*arguments) for _ in victims]
    for heir in heirs:
        tell(heir, "hold 0")
        assert answer(heir) == "ready"
    held += [held_id(heir) for heir in heirs]
    assert sorted(held) == list(ids)

    with open_store(store_path) as store:
        with pytest.raises(NoFreeClientId):
            store.client_ids.lease("127.0.0.1:4002", ids=ids)
        for process in (*survivors, *heirs):
            tell(process, "release")
            assert answer(process) == "released"
        assert store.client_ids.leases() == ()
