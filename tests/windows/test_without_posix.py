"""What is not in Python on Windows is not needed: real processes that lack it lease client ids, and trade."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("ib_insync")
FOLDER = Path(__file__).parent
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(start_python: Start) -> Start:
    """Start a script of this folder as on Windows. None outlives the test."""
    return lambda name, *arguments: start_python(FOLDER / "as_on_windows.py", FOLDER / name, *arguments)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")


def test_every_module_can_be_imported(start: Start) -> None:
    process = start("import_all.py")
    assert int(line_of(process)) > 300
    assert process.wait() == 0


def test_processes_share_no_client_id_and_get_back_those_of_a_killed_one(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "brokerkit.db"
    first, second = start("lease.py", path), start("lease.py", path)
    assert sorted((line_of(first), line_of(second))) == ["100", "101"]
    first.kill()
    first.wait()
    tell(second)
    assert line_of(second) == "released"
    assert [line_of(start("lease.py", path)), line_of(start("lease.py", path))] == ["100", "101"]


def test_what_locked_an_owner_is_gone_when_it_has_no_lease_or_another_takes_one(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "brokerkit.db"

    def locks() -> int:
        return len(list(tmp_path.glob("brokerkit.db-owners*")))

    killed, released = start("lease.py", path), start("lease.py", path)
    assert {line_of(killed), line_of(released)} == {"100", "101"}
    assert locks() == 2
    tell(released)
    assert line_of(released) == "released"
    assert locks() == 1
    killed.kill()
    killed.wait()
    tell(released)
    assert released.wait() == 0
    last = start("lease.py", path)
    assert line_of(last) == "100"
    assert locks() == 1


def test_a_process_leases_as_many_client_ids_as_it_has_brokers(start: Start, tmp_path: Path) -> None:
    script = tmp_path / "two_leases.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from brokerkit.store import open_store\n"
        "with open_store(Path(sys.argv[1])) as one, open_store(Path(sys.argv[1])) as other:\n"
        "    print(*(store.client_ids.lease('127.0.0.1:4002').client_id for store in (one, other)))\n",
        encoding="utf-8",
    )
    assert line_of(start(str(script), tmp_path / "brokerkit.db")) == "100 101"


def test_the_demo_trades_through_interactive_brokers_protocol(start: Start, tmp_path: Path) -> None:
    demo = tmp_path / "demo.py"
    demo.write_text("from brokerkit.cli import main\n\nmain()\n", encoding="utf-8")
    process = start(str(demo), "demo", "--broker", "ib-sim")
    shown, _ = process.communicate()
    assert process.returncode == 0, shown
    assert "ib-sim" in shown
