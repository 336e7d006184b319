"""The suite catches every broken simulation, by the test named for the fault, and by name only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokerkit.conformance.levels import case_of
from brokerkit.conformance.suite import all_tests

_FOLDER = Path(__file__).parent / "mutants"
sys.path.insert(0, str(_FOLDER))

from brokerkit_mutants import MUTANTS, UNUSUAL  # noqa: E402 because the folder has just been made importable

_PACKAGE = Path(sys.modules["brokerkit.conformance"].__file__ or "").parent
_FAIL_BY_THEMSELVES = {"hook_that_hangs", "one_bad_contract_spoils_all"}
_SOUND = "test_001_opens_by_name"


class _Outcomes:
    """What became of each test of an inner run, and why."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}
        self.passed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed and report.when != "setup":
            self.failed.setdefault(name, str(report.longrepr))
        elif report.passed and report.when == "call":
            self.passed.add(name)


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Register the mutants as plugins, the way an installed distribution does."""
    site = tmp_path_factory.mktemp("site")
    about = site / "brokerkit_mutants-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: brokerkit-mutants\nVersion: 1.0\n")
    names = "\n".join(f"{name} = brokerkit_mutants:{name}" for name in (*MUTANTS, *UNUSUAL))
    (about / "entry_points.txt").write_text(f"[brokerkit.brokers]\n{names}\n")
    sys.path.insert(0, str(site))
    yield
    sys.path.remove(str(site))
    sys.path.remove(str(_FOLDER))


def _run(broker: str, *tests: str) -> _Outcomes:
    places = [f"{_PACKAGE / 'suite' / _file_of(test)}::{test}" for test in tests]
    outcomes = _Outcomes()
    options = ["-c", str(_PACKAGE / "check.ini"), "--rootdir", str(_PACKAGE), "-q"]
    facts = ["--broker", broker, "--level", "fault", "--fact", "test_timeout=10"]
    pytest.main([*options, *facts, *places], plugins=[outcomes])
    return outcomes


def _file_of(test: str) -> str:
    return f"{all_tests()[test].__module__.rpartition('.')[2]}.py"


def test_there_are_at_least_200() -> None:
    assert len(MUTANTS) >= 200


def test_every_mutant_names_a_test_of_the_suite() -> None:
    assert {mutant.caught_by for mutant in MUTANTS.values()} <= set(all_tests())
    assert all(case_of(all_tests()[mutant.caught_by]) for mutant in MUTANTS.values())


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_the_mutant_is_caught_by_its_own_test(name: str) -> None:
    outcomes = _run(name, _SOUND, MUTANTS[name].caught_by)
    assert MUTANTS[name].caught_by in outcomes.failed, f"not caught; passed: {sorted(outcomes.passed)}"
    blunder = "brokerkit_mutants" in outcomes.failed[MUTANTS[name].caught_by] and name not in _FAIL_BY_THEMSELVES
    assert not blunder, f"it fails by a mistake of the mutant's own: {outcomes.failed}"
    if MUTANTS[name].caught_by != _SOUND and name != "never_connected":
        assert outcomes.passed == {_SOUND}, f"broken altogether: {outcomes.failed.get(_SOUND)}"


@pytest.mark.parametrize("name", sorted(UNUSUAL))
def test_an_unusual_broker_that_is_right_passes(name: str) -> None:
    outcomes = _run(name, *UNUSUAL[name].passes)
    assert not outcomes.failed
    assert outcomes.passed == set(UNUSUAL[name].passes)


def test_the_sound_simulation_passes_every_one_of_these_tests() -> None:
    wanted = sorted({mutant.caught_by for mutant in MUTANTS.values()})
    outcomes = _run("sim", *wanted)
    assert not outcomes.failed
    assert outcomes.passed == set(wanted)
