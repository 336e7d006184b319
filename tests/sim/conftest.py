"""Simulated brokers for the tests of the sim plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokerkit import open_broker
from brokerkit.broker import Broker

REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "pysystemtrade"


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker on synthetic data."""
    with open_broker("sim") as opened:
        yield opened


@pytest.fixture
def open_sim() -> Iterator[Callable[..., Broker]]:
    """Open simulated brokers with settings; they are closed after the test."""
    opened: list[Broker] = []

    def open_one(**settings: Any) -> Broker:
        opened.append(open_broker("sim", **settings))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def real_data() -> Path:
    """The folder of real prices in pysystemtrade's layout; the test is skipped without it."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real prices: {REAL_DATA} is not there")
    return REAL_DATA
