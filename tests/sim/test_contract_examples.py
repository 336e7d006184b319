"""Every example in the contract's docstrings runs against the simulated broker."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import brokerkit.plugins.sim
import brokerkit.spec


def _modules(package: object) -> list[str]:
    return [one.name for one in pkgutil.iter_modules(package.__path__, package.__name__ + ".") if not one.ispkg]


@pytest.mark.parametrize(
    "name",
    [*_modules(brokerkit.spec), *_modules(brokerkit.plugins.sim), "brokerkit.broker", "brokerkit.registry.opening"],
)
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
