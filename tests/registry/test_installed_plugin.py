"""A plugin in a package of its own, installed by pip into an environment of its own, beside brokerkit."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "brokerkit-acme"
REPOSITORY = Path(__file__).parents[2]

USE = """
from brokerkit import errors, open_broker
try:
    with open_broker("acme") as broker:
        print(broker.fx.get_list_of_fxcodes(), broker.fx.get_fx_prices("GBPUSD").iloc[0], broker.fx.get_fx_balances())
        broker.fx.put_fx_order_on_stack(None)
except errors.BrokerkitError as error:
    print(error)
"""
USE_ANOTHER = """
from brokerkit import open_broker
with open_broker("sim") as other:
    print("sim", other.account_kind.value)
"""

MISTAKES = {
    "misspelt hook": ("def get_fx_prices(", "def get_fx_price(", "Did you mean 'get_fx_prices'?", "[BK201]", 13),
    "forgotten marker": (
        "    @hookimpl\n    def get_list_of_fxcodes",
        "    def get_list_of_fxcodes",
        "AcmeFx.get_list_of_fxcodes has the name of a hook but is not marked",
        "[BK202]",
        9,
    ),
    "misspelt argument": ("self, account: str", "self, accnt: str", "Did you mean 'account'?", "[BK203]", 19),
    "missing argument": ('self, account: str = ""', "self", "lacks the argument 'account'", "[BK203]", 19),
    "neither implemented nor declined": (
        '    put_fx_order_on_stack = unsupported("Acme has no FX desk")\n',
        "",
        "neither implemented nor declined: fx.put_fx_order_on_stack",
        "[BK204]",
        0,
    ),
    "import that fails": ("import pandas as pd", "import acme_sdk", "No module named 'acme_sdk'", "[BK104]", 1),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a fresh environment that has brokerkit, what it needs, and the plugin."""
    pytest.importorskip("hatchling", reason="hatchling builds the plugin's package; the extra 'dev' has it")
    pytest.importorskip("pip", reason="pip installs the plugin's package")
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # What brokerkit needs comes from the environment that runs the tests; only the plugin is new here.
    (site / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n{REPOSITORY}\n")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--quiet", "--no-index", str(PACKAGE)], check=True, cwd=folder)
    return python


def say(python: Path, home: Path, program: str) -> list[str]:
    """Return the lines that a program prints in an environment."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("BROKERKIT_")}
    done = subprocess.run(
        [python, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=home,
        env={**variables, "HOME": str(home)},
    )
    return done.stdout.splitlines()


def test_a_plugin_of_30_lines_is_found_by_name_and_answers(environment: Path, tmp_path: Path) -> None:
    assert len((PACKAGE / "brokerkit_acme.py").read_text().splitlines()) <= 30
    first, refusal = say(environment, tmp_path, USE)
    assert first == "['EURUSD', 'GBPUSD'] 1.25 [Money('USD', '500')]"
    assert refusal.endswith("does not support put_fx_order_on_stack: Acme has no FX desk. [BK301]")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_made_in_it_gives_its_own_message_and_hurts_no_other_plugin(
    environment: Path, tmp_path: Path, mistake: str
) -> None:
    right, wrong, fact, code, line = MISTAKES[mistake]
    (module,) = environment.parents[1].glob("lib/*/site-packages/brokerkit_acme.py")
    source = module.read_text()
    assert right in source
    try:
        module.write_text(source.replace(right, wrong))
        (message,) = say(environment, tmp_path, USE)
        other = say(environment, tmp_path, USE_ANOTHER) if "import" in mistake else ["sim simulated"]
    finally:
        module.write_text(source)
    assert fact in message
    assert code in message
    assert "brokerkit-acme 0.3, brokerkit_acme:plugin" in message
    assert not line or f"{module}:{line}" in message
    assert other == ["sim simulated"]


def test_a_copy_that_was_not_installed_says_so(tmp_path: Path) -> None:
    """Its own brokers are entry points too: a copied folder has none."""
    for name in ("brokerkit", "attr", "attrs", "pluggy", "platformdirs"):
        (tmp_path / name).symlink_to(Path(str(importlib.import_module(name).__file__)).parent)
    opening = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import brokerkit; brokerkit.open_broker('sim')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", opening], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False
    )
    assert "Installed: none, brokerkit itself neither: run 'pip install -e .' in its folder." in done.stderr
