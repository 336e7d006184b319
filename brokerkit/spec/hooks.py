"""The vocabulary of the contract: `hook` declares an operation, `hookimpl` implements it, `unsupported` declines it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import attrs
import pluggy

from brokerkit.errors import NotSupported

PROJECT = "brokerkit"

FIRST_CONTRACT = "0.1"
"""The first version of the contract."""

_FACTS = "brokerkit_hook"

F = TypeVar("F", bound=Callable[..., Any])

hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)
"""Mark a method as the implementation of the hook of the same name."""

_hookspec = pluggy.HookspecMarker(PROJECT)


@attrs.frozen
class HookFacts:
    """The properties of a hook.

    Attributes:
        name: The hook's name, unique across domains.
        domain: The attribute of `Broker` that offers it, such as `orders`. Empty for events.
        parameters: Argument names in order, without `self`.
        defaults: The default of each argument that has one.
        writes: Whether it changes something at the broker; read-only brokers refuse it.
        paced: Whether it costs the broker a request that counts towards rate limits.
        cancels: Whether it can only take orders out of the market.
        since: The contract version that added it; plugins written for an older one need not know it.
        summary: The first line of its docstring.
    """

    name: str
    domain: str
    parameters: tuple[str, ...]
    defaults: dict[str, Any] = attrs.field(hash=False)
    writes: bool = False
    paced: bool = False
    cancels: bool = False
    since: str = FIRST_CONTRACT
    summary: str = ""


def hook(
    *, writes: bool = False, paced: bool = False, cancels: bool = False, since: str = FIRST_CONTRACT
) -> Callable[[F], F]:
    """Return a decorator that declares a method of a domain Protocol as a hook with one result.

    Args:
        writes: The hook changes something at the broker.
        paced: The hook costs the broker a request that counts towards its rate limits.
        cancels: The hook can only take orders out of the market.
        since: The contract version that adds it. Plugins written for an older one decline it.
    """

    def declare(function: F) -> F:
        marked = _hookspec(firstresult=True)(function)
        facts = _facts_of(function)
        setattr(marked, _FACTS, attrs.evolve(facts, writes=writes, paced=paced, cancels=cancels, since=since))
        return marked

    return declare


def event_hook(function: F) -> F:
    """Declare a method of a Protocol as an event, which is delivered to every listener and returns nothing."""
    marked = _hookspec(function)
    setattr(marked, _FACTS, _facts_of(function))
    return marked


def hooks_of(domain: type[Any]) -> dict[str, HookFacts]:
    """Return the hooks that a domain Protocol declares, by name, in order of definition.

    Example:
        >>> from brokerkit.spec.fx import Fx
        >>> list(hooks_of(Fx))[:2]
        ['get_list_of_fxcodes', 'get_fx_prices']
    """
    return {name: facts for name, member in vars(domain).items() if (facts := getattr(member, _FACTS, None))}


def _facts_of(function: Any) -> HookFacts:
    names: tuple[str, ...] = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    values: tuple[Any, ...] = function.__defaults__ or ()
    return HookFacts(
        name=function.__name__,
        domain=function.__qualname__.partition(".")[0].lower(),
        parameters=names,
        defaults=dict(zip(names[len(names) - len(values) :], values, strict=True)),
        summary=(function.__doc__ or "").strip().partition("\n")[0],
    )


class Unsupported:
    """A declined hook. `supports()`, error messages, the conformance suite and the docs use it.

    Attributes:
        reason: Why the broker cannot do it, in words for its users.
        planned: Whether the plugin's author intends to add it.
        hook: The name that it is assigned to in its class; empty until then.
    """

    def __init__(self, reason: str, *, planned: bool = False) -> None:
        self.reason = reason
        self.planned = planned
        self.hook: str = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Learn the hook's name from the class that declines it."""
        self.hook = name

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise `NotSupported`: a declined hook called on the plugin's own object."""
        raise NotSupported(f"This broker does not support {self.hook or 'this'}: {self.reason}")

    def __repr__(self) -> str:
        """Return the declaration as code."""
        return f"unsupported({self.reason!r}{', planned=True' if self.planned else ''})"


def unsupported(reason: str, *, planned: bool = False) -> Any:
    """Return a declaration that declines a hook, with the reason that callers are given.

    Assign it in the class body in place of the method. It is typed `Any`, so that it satisfies the
    domain's Protocol; at run time it is an `Unsupported`.

    Args:
        reason: Why, in words for the broker's users.
        planned: The hook is intended to be added; the conformance suite shows it as planned.

    Example:
        >>> class AcmeFx:
        ...     put_fx_order_on_stack = unsupported("Acme has no FX desk")
        >>> AcmeFx.put_fx_order_on_stack.reason
        'Acme has no FX desk'
    """
    return Unsupported(reason, planned=planned)
