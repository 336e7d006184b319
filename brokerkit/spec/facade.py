"""The typed facade of a domain: what a strategy calls, standing in front of pluggy."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pluggy

from brokerkit.errors import HookReturnedNone
from brokerkit.spec.hooks import HookFacts, hooks_of

HookCaller = Callable[..., Any]


def facade(domain: type[Any], callers: Mapping[str, HookCaller]) -> Any:
    """Return an object with the domain's methods, each calling the caller of its name.

    Positional arguments are mapped to names and wrong ones refused with `TypeError`, because pluggy
    takes names only and drops those it does not know. A result of None is refused.

    Args:
        domain: A domain Protocol, such as `Fx`.
        callers: What to call for each of its hooks, by name, with keyword arguments. It is read at
            every call, so a caller may be exchanged.

    Returns:
        An instance of the Protocol.
    """
    if domain not in _facades:
        methods = {name: _method(getattr(domain, name), facts) for name, facts in hooks_of(domain).items()}
        _facades[domain] = type(domain.__name__, (domain,), {"__slots__": ("_callers",), **methods})
    made = _facades[domain]()
    made._callers = callers
    return made


_facades: dict[type[Any], type[Any]] = {}


def _method(declared: Callable[..., Any], facts: HookFacts) -> Callable[..., Any]:
    name = facts.name
    names = facts.parameters
    count, only = len(names), names[0] if len(names) == 1 else ""

    @functools.wraps(declared)
    def method(self: Any, /, *arguments: Any, **named: Any) -> Any:
        callers: Mapping[str, HookCaller] = self._callers
        if named or len(arguments) != count:
            result = callers[name](**_bind(facts, arguments, named))
        elif only:  # what strategies call most takes one argument, such as an order
            result = callers[name](**{only: arguments[0]})
        else:
            result = callers[name](**dict(zip(names, arguments)))  # noqa: B905 because the lengths were just compared
        if result is None:
            raise HookReturnedNone(
                f"{facts.domain}.{name} returned None.",
                place=_answered_by(callers[name]),
                remedy="A hook returns what it promises or raises; a wrapper must return the result.",
            )
        return result

    return method


def _answered_by(caller: HookCaller) -> str:
    """Return the methods behind a pluggy caller with file and line, the innermost first."""
    if not isinstance(caller, pluggy.HookCaller):
        return ""
    return "; ".join(source_of(implementation.function) for implementation in caller.get_hookimpls())


def source_of(function: Callable[..., Any]) -> str:
    """Return a function's qualified name with the file and line that it is written at."""
    plain = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(plain, "__code__", None)
    where = f", {code.co_filename}:{code.co_firstlineno}" if code else ""
    return f"{getattr(plain, '__qualname__', repr(plain))}{where}"


def _bind(facts: HookFacts, arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments by name, defaults filled in; raise TypeError as a plain call would."""
    if len(arguments) > len(facts.parameters):
        raise TypeError(f"{facts.name}() takes {len(facts.parameters)} arguments but {len(arguments)} were given")
    bound = dict(zip(facts.parameters, arguments))  # noqa: B905 because trailing parameters may be named or default
    for name, value in named.items():
        if name not in facts.parameters:
            raise TypeError(f"{facts.name}() got an unexpected keyword argument {name!r}")
        if name in bound:
            raise TypeError(f"{facts.name}() got multiple values for argument {name!r}")
        bound[name] = value
    for name in facts.parameters:
        if name not in bound:
            if name not in facts.defaults:
                raise TypeError(f"{facts.name}() missing required argument: {name!r}")
            bound[name] = facts.defaults[name]
    return bound
