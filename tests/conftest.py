"""What the tests of several areas share: real prices, and simulated brokers that are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from brokerkit import open_broker
from brokerkit.broker import Broker

REAL_DATA = Path(__file__).parents[2] / "shared" / "data" / "pysystemtrade"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real prices in pysystemtrade's layout, beside the clone; the test is skipped without it."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real prices: {REAL_DATA} is not there")
    return REAL_DATA


@pytest.fixture
def open_sim() -> Iterator[Callable[..., Broker]]:
    """Open simulated brokers, on a folder of prices or on synthetic ones; they are closed after the test."""
    with ExitStack() as opened:

        def open_one(data: Path | str = "synthetic", **settings: Any) -> Broker:
            return opened.enter_context(open_broker("sim", data=data, **settings))

        yield open_one
