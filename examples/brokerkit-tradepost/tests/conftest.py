"""Brings in brokerkit's conformance suite, and a Tradepost to run it on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tradepost_server import API_KEY, running

from brokerkit.conformance import Facts

pytest_plugins = ["brokerkit.conformance"]


@pytest.fixture(scope="session")
def facts() -> Iterator[Facts]:
    """Return what the suite cannot find out by itself: where the venue is, and which keys are wrong."""
    with running() as address:
        yield Facts(
            "tradepost",
            settings={"url": address, "api_key": API_KEY, "read_only": False, "poll_seconds": 0.02},
            wrong_credentials={"api_key": "not-the-key"},
            no_credentials={"api_key": ""},
            timeout=5.0,
        )
