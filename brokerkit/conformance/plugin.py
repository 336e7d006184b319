"""The pytest plugin of the suite: its options, fixtures, selection, watch and report, put together."""

from __future__ import annotations

from brokerkit.conformance.fixtures import (
    broker,
    conformance_connection,
    events,
    facts,
    harness,
    market,
    open_another,
    restart,
    rng,
    trader,
)
from brokerkit.conformance.options import pytest_addoption, pytest_configure, pytest_unconfigure
from brokerkit.conformance.reporting.collector import (
    pytest_report_header,
    pytest_runtest_logreport,
    pytest_sessionstart,
)
from brokerkit.conformance.reporting.finish import pytest_sessionfinish, pytest_terminal_summary
from brokerkit.conformance.selection import pytest_collection_modifyitems, pytest_deselected
from brokerkit.conformance.watch import pytest_pyfunc_call, pytest_runtest_makereport

__all__ = [
    "broker",
    "conformance_connection",
    "events",
    "facts",
    "harness",
    "market",
    "open_another",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_deselected",
    "pytest_pyfunc_call",
    "pytest_report_header",
    "pytest_runtest_logreport",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "restart",
    "rng",
    "trader",
]
