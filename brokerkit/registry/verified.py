"""What a class was found to answer, remembered for as long as the class stays as it was.

Checking a plugin word by word takes several times as long as connecting to its broker. A class that was checked
once need not be checked for its next object.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from brokerkit.registry.answers import Answers, answers_of, marker_of, members_of
from brokerkit.spec.hooks import HookFacts, Unsupported

_MOST = 256


@attrs.frozen(eq=False)
class Verified:
    """What the objects of one class answer.

    Attributes:
        members: The attributes of the class and of each of its bases, as they were when it was checked.
        answers: What was found; its methods are unbound.
        markers: What `@hookimpl` says of each of its methods that is one, by the method's name.
    """

    members: Sequence[Mapping[str, object]]
    answers: Answers
    markers: Mapping[str, Any]

    def answers_of(self, plugin: object) -> Answers:
        """Return what an object of the class answers, with its own methods."""
        return _rebound(self.answers, lambda method: _bound(method, plugin))


_known: dict[type, Verified] = {}


def verified(
    plugin: object, hooks: Mapping[str, HookFacts], origin: str, marker: Callable[[object, str], Any]
) -> Verified:
    """Return what an object's class answers, checked now unless it was checked before and has not changed.

    Args:
        plugin: The object, as a plugin hands it over.
        hooks: Every hook and event there is, by name.
        origin: The distribution that it comes from, as errors name it.
        marker: Returns what `@hookimpl` says of an attribute of the object; None when it is no hook.

    Raises:
        PluginError: As `answers_of` does.
    """
    kind = type(plugin)
    known, is_plain = _known.get(kind), not _has_own(plugin, hooks)
    if known is not None and is_plain and _is_same(known.members, kind):
        return known
    answers = answers_of(plugin, hooks, origin)
    members = members_of(kind)
    marked = [name for name in dir(plugin) if not is_plain or marker_of(members.get(name)) is not None]
    markers = {name: found for name in marked if (found := marker(plugin, name)) is not None}
    fresh = Verified(
        [dict(vars(each)) for each in kind.__mro__], _rebound(answers, lambda method: _unbound(method, plugin)), markers
    )
    if is_plain:
        if len(_known) >= _MOST:  # classes made at run time must not fill the memory
            _known.clear()
        _known[kind] = fresh
    return fresh


def _is_same(before: Sequence[Mapping[str, object]], kind: type) -> bool:
    now = [vars(each) for each in kind.__mro__]
    return len(before) == len(now) and all(map(_has_the_same, before, now))


def _has_the_same(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    return list(before) == list(now) and all(map(operator.is_, before.values(), now.values()))


def _has_own(plugin: object, hooks: Mapping[str, HookFacts]) -> bool:
    """Return whether an object has public attributes of its own that could be hooks, besides those of its class."""
    own = {name: value for name, value in getattr(plugin, "__dict__", {}).items() if not name.startswith("_")}
    return any(name in hooks or callable(value) or isinstance(value, Unsupported) for name, value in own.items())


def _rebound(answers: Answers, bind: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Answers:
    return attrs.evolve(
        answers,
        implemented={hook: bind(method) for hook, method in answers.implemented.items()},
        wrapped={hook: bind(method) for hook, method in answers.wrapped.items()},
    )


def _unbound(method: Callable[..., Any], plugin: object) -> Callable[..., Any]:
    """Return a method without its object, which must not live as long as its class is known."""
    if isinstance(method, types.MethodType) and method.__self__ is plugin:
        return _Unbound(method.__func__)
    return method


def _bound(method: Callable[..., Any], plugin: object) -> Callable[..., Any]:
    return types.MethodType(method.function, plugin) if isinstance(method, _Unbound) else method


@attrs.frozen(eq=False)
class _Unbound:
    """The function of a method."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)
