"""`brokerkit new` writes a package that is typed, tidy, installable and green at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli
import yaml
from packaging.requirements import Requirement

import brokerkit
from brokerkit.conformance.scaffold import write_plugin
from brokerkit.errors import InvalidArgument
from brokerkit.registry.entry_points import Installed
from brokerkit.spec.domains import CONTRACT

Run = Callable[..., "subprocess.CompletedProcess[str]"]
EXAMPLE = Path(__file__).parents[2] / "examples" / "brokerkit-tradepost"


def test_every_hook_is_declined_as_planned(tmp_path: Path) -> None:
    files = write_plugin("acme", tmp_path / "acme")
    text = "".join(file.read_text("utf-8") for file in files)
    assert all(f'{hook} = unsupported("not written yet", planned=True)' in text for hook in CONTRACT)


@pytest.mark.parametrize(
    "command", [["mypy", "--strict", "src"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]]
)
def test_the_package_is_typed_and_tidy(tmp_path: Path, command: list[str]) -> None:
    write_plugin("my_broker", tmp_path / "it")
    done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path / "it", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_dev_extra_brings_what_its_ci_needs(tmp_path: Path) -> None:
    """The stubs of pandas too: the signatures of the contract name its types, and mypy is strict there."""
    write_plugin("acme", tmp_path / "it")
    extras = tomli.loads((tmp_path / "it" / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    brought = {requirement.partition(">")[0] for requirement in extras["dev"]}
    assert brought == {"brokerkit[conformance]", "mypy", "pandas-stubs", "ruff"}


def test_no_other_project_of_that_name_is_installed_for_brokerkit(tmp_path: Path) -> None:
    """The brokerkit on PyPI, 1.0.3 and later, is another project's: a plugin's CI would have run its code."""
    write_plugin("acme", tmp_path / "it")
    for folder in (tmp_path / "it", EXAMPLE):
        project = tomli.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [Requirement(each) for each in project["dependencies"] + project["optional-dependencies"]["dev"]]
        ours = [each.specifier for each in wanted if each.name == "brokerkit"]
        assert len(ours) == 2
        assert all(brokerkit.__version__ in each and "1.0.3" not in each for each in ours)


@pytest.mark.skipif(sys.platform == "win32", reason="the workflow runs on Linux, in its shell")
def test_the_packages_ci_installs_brokerkit_first_from_where_its_variable_says(tmp_path: Path) -> None:
    write_plugin("acme", tmp_path / "it")
    workflow = yaml.safe_load((tmp_path / "it/.github/workflows/ci.yml").read_text("utf-8"))
    install, then = [step for step in workflow["jobs"]["test"]["steps"] if "pip install" in step.get("run", "")]
    assert install["env"] == {"BROKERKIT": "${{ vars.BROKERKIT }}"}
    assert "'.[dev]'" in then["run"]
    command = install["run"].replace("pip install", "echo")
    unset, given = (
        subprocess.run(["bash", "-c", command], env=os.environ | {"BROKERKIT": where}, capture_output=True, text=True)
        for where in ("", "git+https://example.com/brokerkit")
    )
    assert unset.returncode != 0
    assert "Set the repository variable BROKERKIT" in unset.stderr
    assert given.stdout.strip() == "git+https://example.com/brokerkit"


@pytest.mark.parametrize("name", ["sim", "ib"])
def test_the_name_of_an_installed_plugin_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"A plugin named '{name}' is installed") as refused:
        write_plugin(name, tmp_path / "it")
    assert "brokerkit.plugins" in refused.value.place
    assert not (tmp_path / "it").exists()


def test_the_name_of_a_testbed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {"acme_sim": Installed("acme_sim", "acme.testbed:run")}
    monkeypatch.setattr(
        "brokerkit.conformance.scaffold.installed", lambda group: offered if "testbeds" in group else {}
    )
    with pytest.raises(InvalidArgument, match="A testbed named 'acme_sim' is installed"):
        write_plugin("acme_sim", tmp_path / "it")


@pytest.mark.parametrize("name", ["Acme", "acme-2", "", "class", "2fast", "../x"])
def test_a_name_that_no_module_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument):
        write_plugin(name, tmp_path / "it")
    assert not (tmp_path / "it").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(InvalidArgument, match="not empty"):
        write_plugin("acme", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_the_example_plugin_conforms_when_installed_apart(run_in_environment: Run) -> None:
    run_in_environment(f"cp -r {EXAMPLE} . && pip install ./brokerkit-tradepost")
    said = run_in_environment("cd brokerkit-tradepost && pytest -q -p no:cacheprovider").stdout
    assert "tradepost: CONFORMS at level trade" in said
    assert "plugin brokerkit-tradepost 0.1.0" in said
