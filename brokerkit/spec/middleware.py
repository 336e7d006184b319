"""What a middleware is: a class whose generator runs around every hook call that it applies to."""

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
    """What a middleware is told of the broker that it wraps, once, before the first call.

    Attributes:
        broker_name: The name that the strategy opened it by.
        broker: The broker. It can be called once every middleware has been opened; the calls then
            run through every middleware, as a strategy's do.
        account_kind: Whether money is at stake.
        state_folder: Where this broker may keep files; whoever writes the first one makes it.
        mask: Returns a text with every secret of the broker's settings made unreadable.
    """

    broker_name: str
    broker: Domains
    account_kind: AccountKind
    state_folder: Path
    mask: Callable[[str], str]


@attrs.frozen(eq=False)
class Call:
    """One call of a hook, on its way through the middlewares.

    Attributes:
        hook: What is called.
        arguments: Every argument by name, defaults filled in.
    """

    hook: HookFacts
    arguments: Mapping[str, Any]


class Middleware:
    """The base class of a middleware: an attrs class whose fields are its options.

    What an entry point in the group `brokerkit.middleware` names. One instance is made for each
    opened broker. A method marked `@hookimpl` with an event's name, such as `on_fill`, hears that
    event. Subclasses use `@attrs.define(eq=False)`, because plugin objects are told apart by identity.

    Attributes:
        only_looks_on: It refuses nothing and changes nothing. Where the configuration puts such a
            middleware first, it stands outside the guard of read-only brokers and sees what that refuses.

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
        """Learn what is wrapped. Called once, before any hook is called."""

    def applies(self, hook: HookFacts) -> bool:
        """Return whether calls of `hook` run through `around`. Asked once, when the broker is opened."""
        return True

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Run around one call: yield once, get the result, and return it.

        Raise before the yield to refuse the call. What the call raises is raised at the yield.
        """
        return (yield)

    def close(self) -> None:
        """Free what was taken. Called once, when the broker is closed, or when opening it failed."""
