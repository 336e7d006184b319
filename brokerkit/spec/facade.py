"""The typed facade of a domain: what a strategy calls, standing in front of pluggy."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import pluggy

from brokerkit.errors import HookReturnedNone, WrongArgumentType
from brokerkit.spec.argument_types import ArgumentType, argument_types, described
from brokerkit.spec.hooks import HookFacts, hooks_of

HookCaller = Callable[..., Any]
_EXAMPLES = {
    "FuturesContract": "FuturesContract('GOLD', '202312')",
    "FxPair": "FxPair('GBPUSD')",
    "Frequency": "Frequency.HOUR",
    "Order": "Order.market(FuturesContract('GOLD', '202312'), 1)",
    "datetime": "datetime(2024, 3, 1, tzinfo=timezone.utc)",
    "HasOrderRef": "the Order that was placed",
    "OrderControl": "what put_order_on_stack returned",
}
"""How the types are written, or what is of them, that something else is mistaken for."""


def facade(domain: type[Any], callers: Mapping[str, HookCaller], *, read_only: bool = False) -> Any:
    """Return an object with the domain's methods, each calling the caller of its name.

    Positional arguments are mapped to names and wrong ones refused with `TypeError`, because pluggy
    takes names only and drops those it does not know. So is an argument of the wrong type, which a plugin
    would fail over somewhere inside. A result of None is refused.

    Args:
        domain: A domain Protocol, such as `Fx`.
        callers: What to call for each of its hooks, by name, with keyword arguments. It is read at
            every call, so a caller may be exchanged.
        read_only: Whether hooks that write are refused whatever they are given, and so given what they like.

    Returns:
        An instance of the Protocol.
    """
    if (domain, read_only) not in _facades:
        methods = {
            name: _method(getattr(domain, name), facts, is_refused=read_only and facts.writes)
            for name, facts in hooks_of(domain).items()
        }
        _facades[domain, read_only] = type(
            domain.__name__,
            (domain,),
            {"__module__": domain.__module__, "__doc__": domain.__doc__, "__slots__": ("_callers",), **methods},
        )
    made = _facades[domain, read_only]()
    made._callers = callers
    return made


_facades: dict[tuple[type[Any], bool], type[Any]] = {}


def _method(declared: Callable[..., Any], facts: HookFacts, *, is_refused: bool) -> Callable[..., Any]:
    name = facts.name
    names = facts.parameters
    count, only = len(names), names[0] if len(names) == 1 else ""
    known: list[Any] = []

    def learn() -> list[Any]:
        """Read the types when the first argument is looked at: most of the hooks are never called."""
        types = {} if is_refused else argument_types(declared)
        known[:] = types, tuple(types[each].usual if each in types else None for each in names)
        return known

    @functools.wraps(declared)
    def method(self: Any, /, *arguments: Any, **named: Any) -> Any:
        caller: HookCaller = self._callers[name]
        types, usual = known or learn()
        bound, is_usual = {}, False
        if named or len(arguments) != count:
            bound = _bind(facts, arguments, named)
        elif only:  # what strategies call most takes one argument, such as an order
            bound[only] = arguments[0]
            is_usual = type(arguments[0]) is usual[0]
        else:
            is_usual = True
            for each, argument, kind in zip(names, arguments, usual):  # noqa: B905 because they are as many
                bound[each] = argument
                if type(argument) is not kind:
                    is_usual = False
        if not is_usual:
            _check_types(facts, types, bound, caller)
        result = caller(**bound)
        if result is None:
            raise HookReturnedNone(
                f"{facts.domain}.{name} returned None.",
                place=_answered_by(caller),
                remedy="A hook returns what it promises or raises; a wrapper must return the result.",
            )
        return result

    return method


def _check_types(
    facts: HookFacts, types: Mapping[str, ArgumentType], bound: Mapping[str, Any], caller: HookCaller
) -> None:
    """Refuse an argument of a type that the hook does not take; a call that is refused anyhow says why itself."""
    for name, value in bound.items():
        if name in types and not types[name].accepts(value) and isinstance(caller, pluggy.HookCaller):
            wanted = types[name].written
            raise WrongArgumentType(
                f"{facts.name}() was given {name} = {described(value)}.",
                place=f"broker.{facts.domain}.{facts.name}",
                remedy=f"It takes {wanted}{_example_of(wanted)}. Nothing was sent.",
            )


def _example_of(wanted: str) -> str:
    """Return how one of the types that an argument takes is written; empty where that is plain."""
    found = next((_EXAMPLES[word] for word in re.findall(r"\w+", wanted) if word in _EXAMPLES), "")
    shown = f"[{found}]" if wanted.startswith("Sequence[") else found
    return f", such as {shown}" if found else ""


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
    """Return the arguments by name, defaults filled in; raise TypeError as a plain call would, with what it takes."""
    most = len(facts.parameters)
    if len(arguments) > most:
        takes = f"{most} argument{'' if most == 1 else 's'}"
        raise TypeError(f"{_called(facts)} takes {takes} but {len(arguments)} were given")
    bound = dict(zip(facts.parameters, arguments))  # noqa: B905 because trailing parameters may be named or default
    for name, value in named.items():
        if name not in facts.parameters:
            raise TypeError(f"{_called(facts)} got an unexpected keyword argument {name!r}")
        if name in bound:
            raise TypeError(f"{_called(facts)} got multiple values for argument {name!r}")
        bound[name] = value
    for name in facts.parameters:
        if name not in bound:
            if name not in facts.defaults:
                raise TypeError(f"{_called(facts)} missing required argument: {name!r}")
            bound[name] = facts.defaults[name]
    return bound


def _called(facts: HookFacts) -> str:
    return f"{facts.name}({', '.join(facts.parameters)})"
