"""The command itself: help, misspellings, laziness, and how errors leave it."""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from brokerkit import errors
from brokerkit.cli.app import SECTIONS, app
from brokerkit.cli.exit_codes import EXIT_CODES, exit_code_of
from brokerkit.cli.failure import failures_reported
from brokerkit.cli.notes import JSON_WANTED

COMMANDS = {name: summary for commands in SECTIONS.values() for name, summary in commands.items()}


def test_help_lists_every_command_and_exit_code(run):
    told = run("--help")
    assert told.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in told.out
    for code, meaning in EXIT_CODES.items():
        assert f"{code:>3}  {meaning}" in told.out


@pytest.mark.parametrize(("name", "summary"), COMMANDS.items())
def test_the_table_of_commands_says_what_the_command_says_of_itself(name, summary):
    command = importlib.import_module(f"brokerkit.cli.commands.{name.replace('-', '_')}").command
    assert command.name == name
    assert " ".join(command.help.split("\n\n")[0].split()) == summary


def test_help_costs_less_than_three_tenths_of_a_second():
    best = min(_seconds_of_help() for _ in range(3))
    assert best <= 0.3


def _seconds_of_help() -> float:
    """Return the processor time of a process that prints the help: what others run meanwhile does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    script = "from brokerkit.cli import main; main()"
    subprocess.run([sys.executable, "-c", script, "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_imports_neither_pandas_nor_rich_nor_any_command():
    script = (
        "import sys\nfrom brokerkit.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'numpy', 'rich', 'sqlite_utils', 'ib_insync', 'plotext'} & set(sys.modules)\n"
        "heavy |= {name for name in sys.modules if name.startswith('brokerkit.cli.commands.')}\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_misspelt_command_is_told_the_closest_one(run):
    told = run("pricess")
    assert told.exit_code == 2
    assert "No such command 'pricess'. Did you mean 'prices'?" in told.err


def test_the_package_runs_as_a_module_too():
    done = subprocess.run([sys.executable, "-m", "brokerkit", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "brokerkit")


def test_version_is_that_of_the_package(run):
    assert run("--version").out.startswith("brokerkit 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(run, shell):
    told = run("completion", shell)
    assert told.exit_code == 0
    assert "_BROKERKIT_COMPLETE" in told.out


def test_completion_offers_commands_without_importing_them():
    environment = {
        **os.environ,
        "_BROKERKIT_COMPLETE": "bash_complete",
        "COMP_WORDS": "brokerkit po",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from brokerkit.cli import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["plain,positions"]


ERRORS = [
    (errors.UnknownBroker, 3),
    (errors.MissingHook, 4),
    (errors.ReadOnlyBroker, 5),
    (errors.MissingContract, 6),
    (errors.DataFileError, 7),
    (errors.OffTickPrice, 8),
    (errors.OutcomeUnknown, 9),
    (errors.CannotConnect, 10),
    (errors.StoreLocked, 11),
]


@pytest.mark.parametrize(("kind", "code"), ERRORS)
def test_each_branch_of_errors_has_its_own_exit_code(kind, code):
    assert exit_code_of(kind("Something is wrong.")) == code


def test_an_error_is_printed_as_fact_place_remedy_and_code(capsys):
    error = errors.MissingInstrument(
        "No instrument 'CRON'.", place="the synthetic feed", remedy="See 'brokerkit instruments'.", given="CRON",
        candidates=["CORN", "GOLD"],
    )  # fmt: skip
    with pytest.raises(click.exceptions.Exit) as ended, failures_reported(click.Context(app)):
        raise error
    assert ended.value.exit_code == 6
    assert capsys.readouterr().err.splitlines() == [
        "Error [BK404] No instrument 'CRON'.",
        "  where   the synthetic feed",
        "  meant   CORN?",
        "  do      See 'brokerkit instruments'.",
    ]


def test_what_is_known_is_listed_once(capsys):
    error = errors.UnknownSetting("No 'x'.", given="x", candidates=["port", "host"], remedy="It has: port, host.")
    with pytest.raises(click.exceptions.Exit), failures_reported(click.Context(app)):
        raise error
    assert capsys.readouterr().err.splitlines() == ["Error [BK106] No 'x'.", "  do      It has: port, host."]
    with pytest.raises(click.exceptions.Exit), failures_reported(click.Context(app)):
        raise errors.MissingAccount("No 'x'.", given="x", candidates=[f"DU{number}" for number in range(14)])
    assert "DU11, and 2 more" in capsys.readouterr().err


def test_an_error_is_one_json_document_on_stderr_when_json_was_asked_for(run):
    told = run("client-ids", "release", "7", "--json", "--yes")
    assert (told.exit_code, told.out) == (5, "")
    assert json.loads(told.err)["code"] == "BK305"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prices", "CORN", "--frequncy", "1d", "--json"], "Did you mean '--frequency'?"),
        (["orders", "--json", "modify", "some-ref"], "unexpected extra arguments"),
        (["orders", "modify", "some-ref", "--json"], "Nothing to change"),
        (["fx", "--rows", "many", "--json"], "'many' is not a valid integer"),
        (["orders", "plce", "CORN/202312", "1", "--json"], "Did you mean 'place'?"),
    ],
)
def test_a_wrong_command_line_is_json_too(run, words, message):
    told = run(*words)
    assert (told.exit_code, told.out) == (2, "")
    assert message in json.loads(told.err)["message"]
    assert json.loads(told.err)["remedy"].startswith(f"See 'brokerkit {words[0]}")


def test_a_misspelt_command_is_json_too(run):
    told = run("price", "CORN", "--json")
    assert (told.exit_code, told.out) == (2, "")
    assert json.loads(told.err)["message"] == "No such command 'price'. Did you mean 'prices'?"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError("0"), OSError(5, "Input/output error")])
def test_an_interruption_and_a_bug_are_json_too(capsys, error):
    ctx = click.Context(app)
    ctx.meta[JSON_WANTED] = True
    with pytest.raises(click.exceptions.Exit), failures_reported(ctx):
        raise error
    told = json.loads(capsys.readouterr().err)
    assert told["error"] in {"Interrupted", "ZeroDivisionError", "OSError"}
    assert told["message"]


def test_a_warning_is_json_too(run, monkeypatch):
    monkeypatch.setenv("BROKERKIT_SIM_SED", "3")
    assert "BROKERKIT_SIM_SED" in json.loads(run("positions", "--json").err)["warning"]


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_takes_the_colour_from_errors(monkeypatch, no_color, coloured):
    monkeypatch.setenv("NO_COLOR", no_color)
    told = CliRunner().invoke(app, ["contracts", "CRON"], color=True)
    assert ("\x1b[" in told.stderr) is coloured
    assert "[BK404]" in told.stderr


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (PermissionError(13, "Permission denied", "/etc/brokerkit.toml"), "Choose a place that you may use"),
        (IsADirectoryError(21, "Is a directory", "/etc"), "Name a file, not a folder."),
        (OSError(5, "Input/output error", "/dev/x"), ""),
    ],
)
def test_what_the_system_says_of_a_file_has_code_place_and_remedy(capsys, error, remedy):
    with pytest.raises(click.exceptions.Exit) as ended, failures_reported(click.Context(app)):
        raise error
    assert ended.value.exit_code == 5
    fact, place, *do = capsys.readouterr().err.splitlines()
    assert fact == f"Error [BK305] {error.strerror}."
    assert place == f"  where   {error.filename}"
    assert " ".join(do).startswith(f"  do      {remedy}" if remedy else "")


@pytest.mark.parametrize(
    "words",
    [
        ["init", "taken/it.toml"],
        ["download", "CORN/202312", "--to", "taken/it"],
        ["new", "acme", "--folder", "taken/it"],
        ["gateway", "--port", "0", "--record", "taken/it"],
    ],
)
def test_a_place_that_cannot_be_written_to_is_one_typed_error(run, home, words):
    (home / "taken").write_text("")
    told = run(*words)
    assert told.exit_code == 5
    assert told.err.startswith("Error [BK305] ")
    assert "  where   taken" in told.err
    assert "  do      A file is where a folder should be" in told.err


def test_a_reader_that_goes_away_is_no_failure():
    told = subprocess.Popen(
        [sys.executable, "-m", "brokerkit", "prices", "CORN", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert told.stdout is not None
    assert told.stderr is not None
    told.stdout.close()
    assert told.stderr.read() == b""
    told.stderr.close()
    told.wait(timeout=60)


_SLOW = """
import sys, threading
from brokerkit import BrokerPlugin, Fx, Session, hookimpl, unsupported

class SlowFx(Fx):
    get_fx_balances = put_fx_order_on_stack = get_fx_prices = unsupported("too slow")

    @hookimpl
    def get_list_of_fxcodes(self):
        print("asked", flush=True)
        threading.Event().wait()

def open_slow(settings, services):
    return Session(domains=(SlowFx(),), others=unsupported("none"), close=lambda: print("closed", flush=True))

plugin = BrokerPlugin(open=open_slow)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_told_to_end_closes_its_broker(distribution, tmp_path: Path, number: signal.Signals):
    distribution("slow", _SLOW)
    with subprocess.Popen(
        [sys.executable, "-m", "brokerkit", "fx", "--broker", "slow", "--json"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site-packages")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "closed\n")
    assert json.loads(err)["error"] == "Interrupted"


def test_closed_streams_are_as_good_as_empty_ones():
    placing = "orders cancel-all --set state=practice.db"
    for command, code in (("instruments", 0), (placing, 5), (f"{placing} --yes", 0)):
        for streams in (">&-", "<&- >&- 2>&-"):
            line = f'"{sys.executable}" -m brokerkit {command} {streams}'
            assert subprocess.run(["sh", "-c", line], stderr=subprocess.DEVNULL).returncode == code


def test_a_bug_gives_one_message_and_no_traceback(capsys, monkeypatch):
    with pytest.raises(click.exceptions.Exit) as ended, failures_reported(click.Context(app)):
        raise ZeroDivisionError("division by zero")
    told = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert "ZeroDivisionError: division by zero" in told
    assert "Traceback" not in told
    monkeypatch.setenv("BROKERKIT_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError), failures_reported(click.Context(app)):
        raise ZeroDivisionError
