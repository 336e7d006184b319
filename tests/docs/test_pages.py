"""Every code block of the README and of the documentation runs as it is written.

A page is run from top to bottom in an empty folder: Python blocks share one namespace, shell blocks
run in bash, TOML must parse. A block with `title="NAME"` is written to that file first. A block under
the comment `<!-- not run: REASON -->` is only compiled or parsed, and so is one that names the real
prices where they are not there.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
REAL = ROOT.parent / "shared"
FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+?) -->\n+)?^```(?P<language>\w+)(?P<options>[^\n]*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FENCE_LINE = re.compile(r"^[\s>]*```", re.MULTILINE)
SHELLS = {"bash", "sh", "console", "shell"}
ONLY_SHOWN = {"text", "yaml", "csv"}
TITLE = re.compile(r'title="([^"]+)"')


@attrs.frozen
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    code: str
    title: str
    reason_not_run: str


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("code")) + 1,
            found["language"],
            found["code"],
            title[1] if (title := TITLE.search(found["options"])) else "",
            found["reason"] or ("no real prices" if "../shared/" in found["code"] and not REAL.exists() else ""),
        )
        for found in FENCE.finditer(text)
    ]


def run_python(block: Block, namespace: dict[str, Any]) -> None:
    if ">>>" in block.code:
        test = doctest.DocTestParser().get_doctest(block.code, namespace, block.page.name, str(block.page), block.line)
        results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
        namespace.update(test.globs)
        assert results.failed == 0, f"{block.page.name}:{block.line}: see the doctest output above"
        return
    code = compile("\n" * (block.line - 1) + block.code, str(block.page), "exec")
    if not block.reason_not_run:
        exec(code, namespace)


def run_shell(block: Block) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = re.sub(r"^\$ ", "", block.code, flags=re.MULTILINE)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{block.page.name}:{block.line} ended with {done.returncode}\n{done.stderr}"


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move into a folder that looks like a fresh clone's: empty, with the real data where a clone sees it."""
    folder = tmp_path / "clone"
    folder.mkdir()
    if REAL.exists():
        (tmp_path / "shared").symlink_to(REAL)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "100")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_the_page_runs_as_written(page: Path, empty_folder: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__page__"}
    blocks = blocks_of(page)
    for block in blocks:
        if block.title:
            (empty_folder / block.title).write_text(block.code, encoding="utf-8")
        if block.language in ("python", "pycon"):
            run_python(block, namespace)
        elif block.language == "toml":
            tomli.loads(block.code)
        elif block.language in SHELLS and not block.reason_not_run:
            run_shell(block)
        assert block.language in {"python", "pycon", "toml", *SHELLS, *ONLY_SHOWN}, f"nobody runs {block.language}"
    fences = FENCE_LINE.findall(page.read_text(encoding="utf-8"))
    assert len(fences) == 2 * len(blocks), "a block that is indented, or of no language, was passed over"


def test_ci_runs_the_two_commands_of_the_readme_word_for_word() -> None:
    commands = [block.code.strip() for block in blocks_of(ROOT / "README.md") if block.language == "bash"][:2]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in commands:
        assert "\n" not in command
        assert f"    {command}" in script


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
