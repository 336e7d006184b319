"""Simulated brokers for the tests of the sim plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brokerkit import open_broker
from brokerkit.broker import Broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker on synthetic data."""
    with open_broker("sim") as opened:
        yield opened
