"""Run the benchmarks that must hold a figure, print them, and write them into docs/performance.md.

    python -m bench            all of them
    python -m bench facade     one section; the others stay as they are in the page

A section is a module `bench/<name>_figures.py` with a function `figures()` that returns `Figure`s; the
first line of its docstring is the section's heading. The exit code is 1 when a figure does not hold.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figure import Figure

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "performance.md"
_HEAD = """# Performance

Written by `python -m bench`; each figure is the best of several rounds. The column `must` is the project's own target,
beside other engines that of the compiled exchange, and MISSED means that it is not met. To measure your machine:
`pip install -e '.[dev,bench]' && python -m bench`.

Not measured: network delay (sockets are on loopback), IB's own servers, and operating systems and Python versions other
than those named in each section.
"""
_SECTION = re.compile(r"<!-- section (?P<name>\w+) -->\n(?P<body>.*?)<!-- end -->\n", re.DOTALL)


def main(names: list[str]) -> int:
    """Run sections by name, or all, and return the exit code."""
    known = sorted(path.name.removesuffix("_figures.py") for path in FOLDER.glob("*_figures.py"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"No section {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    results = {name: _run(name) for name in names or known}
    _write({name: _markdown(name, figures) for name, figures in results.items()})
    return 0 if all(figure.holds for figures in results.values() for figure in figures) else 1


def _run(name: str) -> list[Figure]:
    figures = list(importlib.import_module(f"bench.{name}_figures").figures())
    table = Table(title=_heading(name), title_justify="left")
    for column in ("what", "measured", "must", ""):
        table.add_column(column)
    for figure in figures:
        table.add_row(figure.what, figure.measured, figure.must, _verdict(figure))
    Console().print(table)
    return figures


def _heading(name: str) -> str:
    module = importlib.import_module(f"bench.{name}_figures")
    return (module.__doc__ or name).strip().partition("\n")[0].rstrip(".")


def _verdict(figure: Figure) -> str:
    return "" if not figure.must else "ok" if figure.holds else "MISSED"


def _markdown(name: str, figures: list[Figure]) -> str:
    machine = f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}"
    rows = [f"| {each.what} | {each.measured} | {each.must} | {_verdict(each)} |" for each in figures]
    head = ["| what | measured | must | |", "|---|---|---|---|"]
    return "\n".join([f"## {_heading(name)}", "", f"Measured with {machine}.", "", *head, *rows, "", ""])


def _write(bodies: dict[str, str]) -> None:
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = {match["name"]: match["body"] for match in _SECTION.finditer(before)} | bodies
    written = [f"<!-- section {name} -->\n{sections[name]}<!-- end -->\n" for name in sorted(sections)]
    PAGE.write_text("\n".join([_HEAD, *written]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
