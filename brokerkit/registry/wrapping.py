"""Middlewares as pluggy wrappers: one real wrapper for each hook that a middleware applies to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Sequence
from typing import Any

from brokerkit.errors import HookReturnedNone, InvalidPlugin
from brokerkit.registry.strict_manager import StrictPluginManager
from brokerkit.spec.domains import DOMAINS
from brokerkit.spec.facade import source_of
from brokerkit.spec.hooks import HookFacts, hookimpl, hooks_of
from brokerkit.spec.middleware import Call, Middleware


def wrap(manager: StrictPluginManager, middlewares: Sequence[Middleware]) -> None:
    """Register middlewares around the hooks that they apply to, the first one outermost.

    Declined hooks are not wrapped: nothing is called behind them.

    Raises:
        InvalidPlugin: A middleware's `around` is not a generator.
    """
    for middleware in reversed(middlewares):
        wrappers = _wrappers(manager, middleware)
        if wrappers:
            manager.register(type(type(middleware).__name__, (), wrappers)())


def _wrappers(manager: StrictPluginManager, middleware: Middleware) -> dict[str, Callable[..., Any]]:
    if not inspect.isgeneratorfunction(middleware.around):
        raise InvalidPlugin(
            f"{type(middleware).__name__}.around never yields.",
            place=source_of(middleware.around),
            remedy="Write `result = yield` once, and return the result.",
        )
    return {
        name: _wrapper(middleware, facts, getattr(domain, name))
        for domain in DOMAINS.values()
        for name, facts in hooks_of(domain).items()
        if manager.capabilities[name] and middleware.applies(facts)
    }


def _wrapper(middleware: Middleware, facts: HookFacts, declared: Callable[..., Any]) -> Callable[..., Any]:
    names = facts.parameters

    @hookimpl(wrapper=True)
    @functools.wraps(declared, updated=())  # pluggy reads the arguments from the hook itself
    def wrapper(self: object, *arguments: Any, **named: Any) -> Generator[None, Any, Any]:
        given = {**dict(zip(names, arguments)), **named}  # noqa: B905 because pluggy passes defaulted arguments by name
        around = middleware.around(Call(facts, given))
        if next(around, around) is around:
            raise _misbehaved(middleware, facts, "returned before it yielded")
        try:
            result = yield
        except BaseException as error:  # whatever the call raises, the middleware hears it first
            outcome = _finish(around.throw, error, middleware, facts)
            if outcome is None:
                raise _misbehaved(middleware, facts, "swallowed the error") from error
            return outcome
        outcome = _finish(around.send, result, middleware, facts)
        if outcome is None and result is not None:
            raise _misbehaved(middleware, facts, "lost the result")
        return outcome

    return wrapper


def _finish(resume: Callable[[Any], Any], value: Any, middleware: Middleware, facts: HookFacts) -> Any:
    """Return what a generator returns when it is resumed for the last time."""
    try:
        resume(value)
    except StopIteration as stop:
        return stop.value
    raise _misbehaved(middleware, facts, "yielded twice")


def _misbehaved(middleware: Middleware, facts: HookFacts, fact: str) -> HookReturnedNone:
    return HookReturnedNone(
        f"Middleware {type(middleware).__name__} {fact} around {facts.name}.",
        place=source_of(middleware.around),
        remedy="Write `result = yield` once, return the result, and let errors pass.",
    )
