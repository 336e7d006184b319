"""What is said when a client library is not there."""

from __future__ import annotations

import importlib.util

import pytest

from brokerkit.errors import MissingDependency
from brokerkit.plugins.ib.library import load_library


def _only(monkeypatch: pytest.MonkeyPatch, *installed: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in installed else None)


def test_the_library_that_was_asked_for_is_named_and_the_one_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "ib_insync")
    with pytest.raises(MissingDependency, match="The client library ib_async is not installed") as missing:
        load_library("ib_async")
    assert missing.value.remedy == (
        "pip install 'brokerkit[ib-async]', or set library to 'ib_insync', which is installed."
    )


def test_without_any_library_both_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch)
    with pytest.raises(MissingDependency, match="No client library for IB is installed") as missing:
        load_library()
    assert missing.value.remedy == "pip install 'brokerkit[ib]' or pip install 'brokerkit[ib-async]'."
