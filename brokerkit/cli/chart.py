"""Charts of a series: in the terminal, or as a PNG, SVG or HTML file by the name's extension."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brokerkit.cli.notes import note
from brokerkit.errors import InvalidArgument, MissingDependency

if TYPE_CHECKING:
    import pandas as pd

IN_TERMINAL = "-"
"""The value of `--plot` that means the terminal."""

_LINE = "#1f6feb"
_PLAIN_FRAME = str.maketrans("─│┌┐└┘├┤┬┴┼", "-|+++++++++")


def draw(series: pd.Series[float], title: str, target: str) -> None:
    """Draw a series with times for index.

    Args:
        series: Float values in order of time.
        title: What is shown, with its unit.
        target: `-` for the terminal, or a file whose extension is .png, .svg, .pdf or .html.

    Raises:
        InvalidArgument: The file has another extension.
        MissingDependency: The extra `plot` is not installed.
    """
    if target == IN_TERMINAL:
        click.echo(terminal_chart(series, title, plain=not _shows_braille(sys.stdout.encoding)))
        return
    path = Path(target)
    _writer(path)(series, title, path)
    note(f"Chart written to {path}")


def check_target(target: str) -> None:
    """Refuse a file that no chart can be written to, before any work is done."""
    if target != IN_TERMINAL:
        _writer(Path(target))


def terminal_chart(series: pd.Series[float], title: str, *, height: int = 15, plain: bool = False) -> str:
    """Return a chart as text: as wide as the terminal, 100 columns at most, with dates below.

    Args:
        series: Float values in order of time.
        title: What is shown, with its unit.
        height: Lines.
        plain: Use no character beyond ASCII.
    """
    import plotext

    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    plotext.clear_figure()
    plotext.plot_size(width, height)
    plotext.theme("clear")
    values = series.to_numpy().tolist()
    plotext.plot(range(len(values)), values, marker="*" if plain else "braille")
    ticks = sorted({round(i * (len(values) - 1) / 4) for i in range(5)})
    plotext.xticks(ticks, [f"{series.index[i]:%Y-%m-%d}" for i in ticks])
    plotext.title(title)
    text: str = plotext.uncolorize(plotext.build())
    return "\n".join(line.rstrip() for line in (text.translate(_PLAIN_FRAME) if plain else text).splitlines())


def _shows_braille(encoding: str | None) -> bool:
    try:
        "\u28ff".encode(encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _writer(path: Path) -> Callable[[pd.Series[float], str, Path], None]:
    extension = path.suffix.lower()
    if extension in (".png", ".svg", ".pdf"):
        return _write_image
    if extension in (".html", ".htm"):
        return _write_page
    raise InvalidArgument(
        f"{path.name!r} names no kind of chart.", remedy="End the file's name in .png, .svg, .pdf or .html."
    )


def _write_image(series: pd.Series[float], title: str, path: Path) -> None:
    _need("matplotlib")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.plot(series.index.to_numpy(), series.to_numpy(), color=_LINE, linewidth=1.4)
    axes.set_title(title, loc="left", fontweight="bold")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
    figure.savefig(path)


def _write_page(series: pd.Series[float], title: str, path: Path) -> None:
    _need("plotly")
    import plotly.graph_objects as go

    figure = go.Figure(go.Scatter(x=series.index, y=series.to_numpy(), mode="lines", line={"color": _LINE}))
    figure.update_layout(title=title, template="plotly_white", hovermode="x unified")
    figure.write_html(path, include_plotlyjs=True)


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise MissingDependency(
            f"This chart needs {package}, which is not installed.", remedy="pip install 'brokerkit[plot]'"
        )
