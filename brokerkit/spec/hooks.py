"""The words of the contract: `hook` declares an operation, `hookimpl` answers it, `unsupported` declines it."""

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

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark a method as the answer to the hook of its name."""

_hookspec = pluggy.HookspecMarker(PROJECT)


@attrs.frozen
class HookFacts:
    """What is known of a hook before anybody calls it.

    Attributes:
        name: The hook's name, unique across domains.
        domain: The attribute of `Broker` that offers it, such as `orders`. Empty for events.
        parameters: Argument names in order, without `self`.
        defaults: The default of each argument that has one.
        writes: Whether it changes something at the broker; read-only brokers refuse it.
        paced: Whether it costs the broker a request that pacing rules count.
        cancels: Whether all it can do is take orders out of the market.
        since: The contract version that added it; a plugin written for an older one need not know it.
        summary: The first line of its docstring.
    """

    name: str
    domain: str
    parameters: tuple[str, ...]
    defaults: dict[str, Any]
    writes: bool = False
    paced: bool = False
    cancels: bool = False
    since: str = FIRST_CONTRACT
    summary: str = ""


def hook(
    *, writes: bool = False, paced: bool = False, cancels: bool = False, since: str = FIRST_CONTRACT
) -> Callable[[F], F]:
    """Return a decorator that declares a method of a domain Protocol as a hook with one answer.

    Args:
        writes: The hook changes something at the broker.
        paced: The hook costs the broker a request that its pacing rules count.
        cancels: All that the hook can do is take orders out of the market.
        since: The contract version that adds it. Plugins written for an older one decline it.
    """

    def declare(function: F) -> F:
        marked = _hookspec(firstresult=True)(function)
        facts = _facts_of(function)
        setattr(marked, _FACTS, attrs.evolve(facts, writes=writes, paced=paced, cancels=cancels, since=since))
        return marked

    return declare


def event_hook(function: F) -> F:
    """Declare a method of a Protocol as an event: every listener is told, nothing comes back."""
    marked = _hookspec(function)
    setattr(marked, _FACTS, _facts_of(function))
    return marked


def hooks_of(domain: type[Any]) -> dict[str, HookFacts]:
    """Return the hooks that a domain Protocol declares, by name, in the order they are written.

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
    """A declined hook: the declaration that `supports()`, the error text, the suite and the docs read.

    Attributes:
        reason: Why the broker cannot do it, in words for its user.
        planned: Whether the plugin's author means to add it.
        hook: The name it stands under in its class; empty until then.
    """

    def __init__(self, reason: str, *, planned: bool = False) -> None:
        self.reason = reason
        self.planned = planned
        self.hook = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Learn the hook's name from the class that declines it."""
        self.hook = name

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise `NotSupported`: a declined hook called on the plugin's own object."""
        raise NotSupported(f"This broker does not support {self.hook or 'this'}: {self.reason}")

    def __repr__(self) -> str:
        """Return the declaration as it is written."""
        return f"unsupported({self.reason!r}{', planned=True' if self.planned else ''})"


def unsupported(reason: str, *, planned: bool = False) -> Any:
    """Return a declaration that declines a hook, with the reason a caller is told.

    Write it in the class body where the method would stand. It is typed `Any`, so that it satisfies
    the domain's Protocol; at run time it is an `Unsupported`.

    Args:
        reason: Why, in words for the broker's user.
        planned: The hook is meant to come; the conformance suite shows it as to do.

    Example:
        >>> class AcmeFx:
        ...     put_fx_order_on_stack = unsupported("Acme has no FX desk")
        >>> AcmeFx.put_fx_order_on_stack.reason
        'Acme has no FX desk'
    """
    return Unsupported(reason, planned=planned)
