"""Every command that a sentence names can be typed: in pages, in help, in the remedies of errors."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from brokerkit.cli.app import app

ROOT = Path(__file__).parents[2]
PLACES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "brokerkit").rglob("*.py"), *ROOT.glob("examples/*")]
)
NAMED = re.compile(r"[`'](brokerkit [a-z][^`'\n]*)[`']")
SHELL = re.compile(r"^```(?:bash|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^(?:\$ )?(brokerkit [a-z][^|>&$\n]*?)(?: +#.*)?$", re.MULTILINE)
TAG = "brokerkit conformance"
"""What marks the suite's orders, and is no command."""


def named_in(place: Path) -> set[str]:
    text = place.read_text(encoding="utf-8") if place.is_file() else ""
    typed = [line for block in SHELL.findall(text) for line in TYPED.findall(block)]
    return {line.rstrip("\\ ") for line in (*NAMED.findall(text), *typed)} - {TAG}


COMMANDS = sorted({command for place in PLACES for command in named_in(place)})


def test_sentences_name_commands() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_a_sentence_names_can_be_typed(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Command, "invoke", lambda command, context: None)  # parse, and run nothing
    told = CliRunner().invoke(app, shlex.split(line)[1:])
    if "Missing argument" not in told.stderr and "Missing option" not in told.stderr:  # a sentence may leave those out
        assert told.exit_code == 0, told.stderr
