"""Every example in a docstring gives what it says it gives, and every member of an enum has its meaning."""

from __future__ import annotations

import doctest
import enum
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


def public_enums() -> list[type[enum.Enum]]:
    """Return the enums that strategies and plugins use."""
    offered = (getattr(brokerkit, name) for name in brokerkit.__all__)
    return [each for each in offered if isinstance(each, type) and issubclass(each, enum.Enum)]


@pytest.mark.parametrize("kind", public_enums(), ids=lambda kind: kind.__name__)
def test_every_member_of_an_enum_is_in_the_reference(kind: type[enum.Enum]) -> None:
    described = {line.strip().partition(":")[0] for line in (kind.__doc__ or "").splitlines()}
    assert set(kind.__members__) <= described
