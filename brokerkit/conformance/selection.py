"""Chooses the tests of the levels asked for, and lets nobody leave one out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import pytest

from brokerkit.conformance.levels import Case, case_of
from brokerkit.conformance.options import run_of
from brokerkit.conformance.suite import all_tests

CHOSEN = pytest.StashKey[dict[str, Case]]()
LEFT_OUT = pytest.StashKey[list[str]]()

_RULE = (
    "A test of the conformance suite may not be left out or replaced. A broker that cannot do something declines "
    "the hook with unsupported(reason); a known failure is marked @pytest.mark.xfail(strict=True, reason=...)."
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the suite's tests up to the level asked for, with the facts of their cases written on them."""
    _refuse_replacements(items)
    level = run_of(config).level
    kept: list[pytest.Item] = []
    for item in items:
        case = case_of(getattr(item, "function", None))
        if case is None or case.level <= level:
            kept.append(item)
        if case is not None:
            _refuse_silencing(item)
            item.user_properties += [("case", case.number), ("level", str(case.level)), ("hooks", " ".join(case.hooks))]
            item.user_properties += [("words", case.words), ("test", case.name)]
    config.stash[CHOSEN] = {item.nodeid: case for item in kept if (case := case_of(getattr(item, "function", None)))}
    items[:] = kept


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember the suite's tests that -k, -m or --deselect took away: the verdict is then only a partial one."""
    for item in items:
        if case_of(getattr(item, "function", None)) is not None:
            if item.config.getoption("deselect", None):
                raise pytest.UsageError(f"{item.name} was deselected. {_RULE}")
            item.config.stash.setdefault(LEFT_OUT, []).append(item.name)


def _refuse_replacements(items: list[pytest.Item]) -> None:
    modules = {
        module
        for item in items
        if isinstance(item, pytest.Function) and case_of(item.function) is not None
        if (module := item.module) is not None and not _is_ours(module)
    }
    for module in modules:
        replaced = [name for name, test in all_tests().items() if not _is_kept(module, name, test)]
        if replaced:
            raise pytest.UsageError(f"{module.__name__} replaces {', '.join(replaced)}. {_RULE}")


def _is_kept(module: ModuleType, name: str, test: object) -> bool:
    found = getattr(module, name, None)
    return found is test or (found is not None and any(_is_honest_xfail(mark) for mark in _marks_of(found)))


def _refuse_silencing(item: pytest.Item) -> None:
    for mark in item.iter_markers():
        if mark.name in {"skip", "skipif"} or (mark.name == "xfail" and not _is_honest_xfail(mark)):
            raise pytest.UsageError(f"{item.name} is marked {mark.name}. {_RULE}")


def _marks_of(test: object) -> list[pytest.Mark]:
    return list(getattr(test, "pytestmark", []))


def _is_honest_xfail(mark: pytest.Mark) -> bool:
    return mark.name == "xfail" and bool(mark.kwargs.get("strict")) and bool(mark.kwargs.get("reason"))


def _is_ours(module: ModuleType) -> bool:
    return module.__name__.startswith("brokerkit.conformance.suite")
