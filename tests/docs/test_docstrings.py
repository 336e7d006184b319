"""Every example in a docstring gives what it says it gives."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import brokerkit


def modules_with_examples() -> Iterator[str]:
    """Yield the names of the package's modules whose source has an example, without importing them."""
    package = Path(brokerkit.__path__[0])
    for file in sorted(package.rglob("*.py")):
        if ">>>" in file.read_text(encoding="utf-8"):
            parts = file.relative_to(package.parent).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_examples_of_the_module(name: str, request: pytest.FixtureRequest) -> None:
    module = importlib.import_module(name)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for example in finder.find(module, extraglobs={"getfixture": request.getfixturevalue}):
        runner.run(example)
    assert runner.failures == 0, "see the output above"
