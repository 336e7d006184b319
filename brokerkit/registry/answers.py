"""What one object of a plugin answers and declines, checked against the contract word by word."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from brokerkit.errors import HookSignatureError, InvalidPlugin, UnknownHook, UnmarkedHook
from brokerkit.spec.facade import source_of
from brokerkit.spec.hooks import PROJECT, HookFacts, Unsupported

_IMPLEMENTED = f"{PROJECT}_impl"
_DECLARED = f"{PROJECT}_spec"
_NOT_PLAIN = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)


@attrs.frozen(eq=False)
class Answers:
    """The hooks that one object speaks for.

    Attributes:
        implemented: Its methods that answer a hook, by the hook's name.
        wrapped: Its methods that wrap a hook, by the hook's name.
        declined: Its declarations that decline a hook, by the hook's name.
        unmarked: Names of its public methods that are no hooks; one may be a misspelt hook.
    """

    implemented: dict[str, Callable[..., Any]]
    wrapped: dict[str, Callable[..., Any]]
    declined: dict[str, Unsupported]
    unmarked: tuple[str, ...]

    @property
    def mentioned(self) -> frozenset[str]:
        """The hooks that it implements or declines."""
        return frozenset(self.implemented) | frozenset(self.declined)


def answers_of(plugin: object, hooks: Mapping[str, HookFacts], origin: str) -> Answers:
    """Return what an object answers and declines; raise at the first thing that pluggy would pass over.

    Args:
        plugin: The object, as a plugin hands it over.
        hooks: Every hook and event there is, by name.
        origin: The distribution that it comes from, as errors name it.

    Raises:
        InvalidPlugin: It cannot be registered at all.
        UnknownHook: A marked method or a declined name is no hook.
        UnmarkedHook: A hook is overridden without its marker.
        HookSignatureError: A method's arguments are not those of its hook.
    """
    _check_object(plugin, origin)
    answers = Answers({}, {}, {}, ())
    members = members_of(type(plugin))
    own = getattr(plugin, "__dict__", {})
    plain = []
    for name in _public_names(plugin):
        member = members[name] if name in members and name not in own else inspect.getattr_static(plugin, name)
        options = marker_of(member)
        if isinstance(member, Unsupported):
            _check_name(plugin, name, name, hooks, origin, "declined with unsupported()")
            answers.declined[name] = member
        elif options is not None:
            _sort_in(answers, plugin, name, options, hooks, origin)
        elif name in hooks and getattr(member, _DECLARED, None) is None:
            raise _unmarked(plugin, name, member, origin)
        elif name not in hooks and callable(member):
            plain.append(name)
    return attrs.evolve(answers, unmarked=tuple(plain))


def members_of(kind: type) -> dict[str, object]:
    """Return a class's attributes by name, those of its bases too."""
    found: dict[str, object] = {}
    for each in reversed(kind.__mro__):
        found.update(vars(each))
    return found


def marker_of(member: object) -> dict[str, Any] | None:
    """Return what `@hookimpl` left on a class member, or None when it is not marked."""
    options = getattr(member, _IMPLEMENTED, None) or getattr(getattr(member, "__func__", None), _IMPLEMENTED, None)
    return options if isinstance(options, dict) else None


def hook_name_of(member: object, name: str, hooks: Mapping[str, HookFacts]) -> str:
    """Return the hook that a marked member stands for; empty when it is only another name for one.

    A plugin may offer a hook under a second name: the function keeps the hook's own name.
    """
    options = marker_of(member) or {}
    specified = options.get("specname")
    if specified:
        return str(specified)
    own_name = getattr(getattr(member, "__func__", member), "__name__", name)
    return "" if name not in hooks and own_name in hooks else name


def _sort_in(
    answers: Answers, plugin: object, name: str, options: dict[str, Any], hooks: Mapping[str, HookFacts], origin: str
) -> None:
    hook = hook_name_of(inspect.getattr_static(plugin, name), name, hooks)
    if not hook or (options.get("optionalhook") and hook not in hooks):
        return
    _check_name(plugin, name, hook, hooks, origin, "marked @hookimpl")
    method = getattr(plugin, name)
    wraps = bool(options.get("wrapper") or options.get("hookwrapper"))
    if wraps or not _takes_exactly(method, hooks[hook].parameters):
        _check_signature(method, hooks[hook], origin, wraps=wraps)
    group = answers.wrapped if wraps else answers.implemented
    if hook in group:
        raise InvalidPlugin(
            f"{type(plugin).__name__} implements {hook} twice.",
            place=f"{source_of(group[hook])}; {source_of(method)}; {origin}",
            remedy="Keep one of the two.",
        )
    group[hook] = method


def _check_object(plugin: object, origin: str) -> None:
    kind = plugin if inspect.isclass(plugin) else type(plugin)
    if inspect.isclass(plugin):
        raise InvalidPlugin(
            f"{kind.__name__} is a class.",
            place=_class_place(kind, origin),
            remedy=f"Pass an instance: {kind.__name__}(...).",
        )
    try:
        hash(plugin)
    except TypeError:
        raise InvalidPlugin(
            f"{kind.__name__} cannot be registered: its objects are not hashable.",
            place=_class_place(kind, origin),
            remedy="Plugin objects are compared by identity: write @attrs.define(eq=False), or define no __eq__.",
        ) from None


def _check_name(plugin: object, name: str, hook: str, hooks: Mapping[str, HookFacts], origin: str, manner: str) -> None:
    if hook not in hooks:
        called = f"{type(plugin).__name__}.{name}"
        raise UnknownHook(
            f"{called} is {manner}, but no hook has the name {hook!r}.",
            place=f"{source_of(getattr(plugin, name)) if manner.startswith('marked') else called}; {origin}",
            given=hook,
            candidates=hooks,
            remedy="'brokerkit brokers sim --hooks' lists them all.",
        )


def _unmarked(plugin: object, name: str, member: object, origin: str) -> UnmarkedHook:
    called = f"{type(plugin).__name__}.{name}"
    function = getattr(member, "__func__", member)
    if inspect.isfunction(function):
        return UnmarkedHook(
            f"{called} has the name of a hook but is not marked, so it would never be called.",
            place=f"{source_of(function)}; {origin}",
            remedy="Write @hookimpl above it, or decline the hook with unsupported(reason).",
        )
    return UnmarkedHook(
        f"{called} has the name of a hook but is of type {type(member).__name__}.",
        place=_class_place(type(plugin), origin),
        remedy="Make it a method marked @hookimpl, or decline the hook with unsupported(reason).",
    )


def _takes_exactly(method: Callable[..., Any], names: tuple[str, ...]) -> bool:
    """Return whether a method plainly takes a hook's arguments, in order, and returns: nothing more need be checked."""
    function = getattr(method, "__func__", None)
    if not inspect.isfunction(function) or hasattr(function, "__wrapped__") or hasattr(function, "__signature__"):
        return False
    code = function.__code__
    is_plain = not (code.co_flags & _NOT_PLAIN or code.co_kwonlyargcount or code.co_posonlyargcount)
    return is_plain and code.co_varnames[1 : code.co_argcount] == names


def _check_signature(method: Callable[..., Any], facts: HookFacts, origin: str, *, wraps: bool) -> None:
    place = f"{source_of(method)}; {origin}"
    wanted = f"{facts.name}({', '.join(facts.parameters)})"
    for parameter in _signature(method).parameters.values():
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            raise HookSignatureError(
                f"{method.__qualname__} takes '{parameter}', which a hook cannot pass.",
                place=place,
                remedy=f"Hooks pass plain arguments by name: write {wanted}.",
            )
        if parameter.name not in facts.parameters:
            raise HookSignatureError(
                f"{method.__qualname__} takes an argument {parameter.name!r} that its hook does not have.",
                place=place,
                given=parameter.name,
                candidates=facts.parameters,
                remedy=f"The hook is {wanted}.",
            )
    _check_completeness(method, facts, place, wraps=wraps)


def _check_completeness(method: Callable[..., Any], facts: HookFacts, place: str, *, wraps: bool) -> None:
    given = _signature(method).parameters
    missing = [name for name in facts.parameters if name not in given]
    if missing and not wraps:
        raise HookSignatureError(
            f"{method.__qualname__} lacks the argument {', '.join(map(repr, missing))}, so what a caller gives "
            "for it would be dropped.",
            place=place,
            remedy=f"The hook is {facts.name}({', '.join(facts.parameters)}).",
        )
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        raise HookSignatureError(
            f"{method.__qualname__} is async; a hook returns its result.",
            place=place,
            remedy="Run the coroutine in a thread of the plugin's own, and wait for its result.",
        )
    if inspect.isgeneratorfunction(method) is not wraps:
        fact = "wraps a hook and never yields" if wraps else "yields, so it returns a generator and no result"
        raise HookSignatureError(
            f"{method.__qualname__} {fact}.",
            place=place,
            remedy="A wrapper is marked @hookimpl(wrapper=True), yields once, and returns the result.",
        )


def _signature(method: Callable[..., Any]) -> inspect.Signature:
    if sys.version_info >= (3, 14):  # which would else evaluate annotations, also of what is imported for type checkers
        from annotationlib import Format

        return inspect.signature(method, annotation_format=Format.STRING)
    return inspect.signature(method)


def _public_names(plugin: object) -> list[str]:
    return [name for name in dir(plugin) if not name.startswith("_")]


def _class_place(kind: type, origin: str) -> str:
    try:
        line = inspect.getsourcelines(kind)[1]
        return f"{kind.__qualname__}, {inspect.getsourcefile(kind)}:{line}; {origin}"
    except (OSError, TypeError):
        return f"{kind.__module__}.{kind.__qualname__}; {origin}"
