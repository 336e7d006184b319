"""Real prices, and folders of bars made by the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokerkit import open_broker
from brokerkit.broker import Broker
from brokerkit.plugins.sim.feeds.pysystemtrade import PysystemtradeFeed

REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "pysystemtrade"

MULTIPLE_PRICES = "DATETIME,CARRY,CARRY_CONTRACT,PRICE,PRICE_CONTRACT,FORWARD,FORWARD_CONTRACT"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real prices in pysystemtrade's layout; the test is skipped without it."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real prices: {REAL_DATA} is not there")
    return REAL_DATA


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


@pytest.fixture
def open_sim() -> Iterator[Callable[..., Broker]]:
    """Open simulated brokers on folders; they are closed after the test."""
    opened: list[Broker] = []

    def open_one(data: Path, **settings: Any) -> Broker:
        opened.append(open_broker("sim", data=data, **settings))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
