"""brokerkit's own names: as its metadata has them, nobody else's, and found without reading any other metadata."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from brokerkit.registry.entry_points import BROKERS, MIDDLEWARE, find, installed
from brokerkit.registry.own_entry_points import own_entry_points
from tests.registry.conftest import Install

GROUPS = (BROKERS, MIDDLEWARE, "brokerkit.testbeds")


@pytest.mark.parametrize("group", GROUPS)
def test_they_are_what_the_metadata_says(group: str) -> None:
    entry_points = importlib.metadata.distribution("brokerkit").entry_points
    assert own_entry_points()[group] == {each.name: each.value for each in entry_points if each.group == group}


@pytest.mark.parametrize("group", GROUPS)
def test_each_is_found_as_it_is_listed(group: str) -> None:
    listed = installed(group)
    assert {name: find(group, name) for name in listed} == listed
    assert find(group, "nothing-of-that-name") is None


def test_they_say_where_they_come_from_and_what_they_need() -> None:
    found = find(BROKERS, "ib")
    assert found is not None
    metadata = importlib.metadata.metadata("brokerkit")
    assert str(found) == f"brokerkit {metadata['Version']}, brokerkit.plugins.ib:plugin"
    assert "attrs>=23.2" in found.requirements


def test_nobody_else_gets_one_of_them(install: Install) -> None:
    install(name="sim")
    found, listed = find(BROKERS, "sim"), installed(BROKERS)["sim"]
    assert found is not None
    assert found.target == listed.target == "brokerkit.plugins.sim:plugin"


def test_planning_a_broker_of_ours_reads_no_metadata_and_imports_no_parser() -> None:
    script = (
        "import sys; from brokerkit.registry.planning import plan_broker; plan_broker('ib', {'port': 4002});"
        "print({'importlib.metadata', 'tomli', 'zipfile', 'difflib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "set()"
