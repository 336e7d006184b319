"""The client library imported without numpy, until somebody uses it.

Both libraries stand on eventkit, and eventkit imports numpy for operators on arrays that neither of them uses. That is
a third of the time that their import takes.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ARRAY_OPERATORS = "eventkit.ops.array"


@contextlib.contextmanager
def numpy_when_it_is_used() -> Iterator[None]:
    """Have eventkit's operators on arrays import numpy when the first of them is used, if eventkit is imported here.

    Nothing else that is imported meanwhile, in whatever thread, is any different.
    """
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    """Finds one module, as Python would, and has it loaded otherwise."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _ARRAY_OPERATORS or "numpy" in sys.modules:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs a module's code with an import statement of its own."""

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,  # noqa: A002 because Python passes it by this name
    locals: Mapping[str, object] | None = None,  # noqa: A002 as above
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> types.ModuleType:
    if name == "numpy" and not fromlist:
        return _Numpy(name)
    return builtins.__import__(name, globals, locals, fromlist or (), level)


class _Numpy(types.ModuleType):
    """Stands for numpy, and imports it when something of it is wanted."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("numpy"), name)
