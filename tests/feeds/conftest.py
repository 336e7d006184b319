"""Real prices, and folders of bars made by the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit.plugins.sim.feeds.pysystemtrade import PysystemtradeFeed

MULTIPLE_PRICES = "DATETIME,CARRY,CARRY_CONTRACT,PRICE,PRICE_CONTRACT,FORWARD,FORWARD_CONTRACT"


@pytest.fixture(scope="session")
def real_feed(real_data: Path) -> PysystemtradeFeed:
    """A feed on the real prices, shared by the tests: it never changes."""
    return PysystemtradeFeed(real_data, assumed_volume=200)


@pytest.fixture
def pysystemtrade_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder in pysystemtrade's layout: rows of multiple prices by instrument."""

    def write(config: dict[str, str] | None = None, **rows: list[str]) -> Path:
        folder = tmp_path / "pst"
        for name in ("multiple_prices", "fx_prices", "config"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for code, lines in rows.items():
            (folder / "multiple_prices" / f"{code}.csv").write_text("\n".join([MULTIPLE_PRICES, *lines, ""]))
        for name, text in (config or {}).items():
            (folder / "config" / name).write_text(text)
        return folder

    return write
