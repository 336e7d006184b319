"""Middleware: a class whose generator wraps every hook call that it applies to."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs

from brokerkit.spec.capital import AccountKind
from brokerkit.spec.domains import Domains
from brokerkit.spec.hooks import HookFacts


@attrs.frozen(eq=False)
class Surroundings:
    """What a middleware is told about the broker that it wraps, once, before the first call.

    Attributes:
        broker_name: The name that the strategy opened it by.
        broker: The broker. It can be called once every middleware has been opened; such calls then
            go through every middleware, like those of a strategy.
        account_kind: Whether money is at stake.
        state_folder: Where this broker may keep files; create it before writing the first one.
        mask: Returns a text with every secret of the broker's settings masked.
    """

    broker_name: str
    broker: Domains
    account_kind: AccountKind
    state_folder: Path
    mask: Callable[[str], str]


@attrs.frozen(eq=False)
class Call:
    """One call of a hook, as it passes through the middlewares.

    Attributes:
        hook: The hook that is called.
        arguments: Every argument by name, including defaults.
    """

    hook: HookFacts
    arguments: Mapping[str, Any]


class Middleware:
    """The base class of a middleware: an attrs class whose fields are its options.

    Entry points in the group `brokerkit.middleware` name such classes. Each opened broker gets its own
    instance. A method marked `@hookimpl` with an event's name, such as `on_fill`, receives that event.
    Subclasses use `@attrs.define(eq=False)`, because plugin objects are compared by identity.

    Attributes:
        only_looks_on: It refuses nothing and changes nothing. If the configuration puts such a
            middleware first, it is outside the guard of read-only brokers and sees what that refuses.

    Example:
        >>> @attrs.define(eq=False)
        ... class CountCalls(Middleware):
        ...     calls: int = attrs.field(default=0, init=False)
        ...
        ...     def around(self, call):
        ...         self.calls += 1
        ...         return (yield)
    """

    only_looks_on: ClassVar[bool] = False

    def opened(self, surroundings: Surroundings) -> None:
        """Receive what is wrapped. Called once, before any hook is called."""

    def applies(self, hook: HookFacts) -> bool:
        """Return whether calls of `hook` go through `around`. Called once, when the broker is opened."""
        return True

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Wrap one call: yield once, receive the result, and return it.

        Raise before the yield to refuse the call. An exception from the call is raised at the yield.
        """
        return (yield)

    def close(self) -> None:
        """Release resources. Called once, when the broker is closed or opening it failed."""
