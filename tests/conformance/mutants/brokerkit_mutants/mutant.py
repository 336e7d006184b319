"""What a mutant is, and the ways of breaking a session of the simulated broker."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import attrs

from brokerkit import BrokerPlugin, Services, Session, hookimpl

Break = Callable[[Session, Services], Session]
Answer = Callable[..., Any]


@attrs.frozen
class Mutant:
    """The simulated broker, broken in one way.

    Attributes:
        name: What is broken, as an identifier.
        caught_by: The test of the suite that must fail.
        broken: Breaks a session that was just opened.
        emit: Stands between the plugin and its listeners, for mutants that break events.
        settings: Settings of the simulated broker that it changes behind the caller's back.
    """

    name: str
    caught_by: str
    broken: Break = lambda session, services: session
    emit: Callable[[Callable[[Any], None], Any], None] = lambda tell, event: tell(event)
    settings: Callable[[], dict[str, Any]] = dict

    def plugin(self) -> BrokerPlugin:
        """Return the broken plugin."""
        sim: BrokerPlugin = next(iter(entry_points(group="brokerkit.brokers", name="sim"))).load()

        def open_broken(settings: Any, services: Services) -> Session:
            telling = attrs.evolve(services, emit=functools.partial(self.emit, services.emit))
            return self.broken(sim.open(attrs.evolve(settings, **self.settings()), telling), services)

        return attrs.evolve(sim, open=open_broken, summary=f"sim, broken: {self.name}")


def answer(hook: str, wrong: Answer) -> Break:
    """Return a break that answers a hook by `wrong`, which gets the right answer's function and the arguments."""

    def broken(session: Session, services: Services) -> Session:
        for domain in session.domains:
            if hasattr(type(domain), hook):
                _replace(domain, hook, wrong)
        return session

    return broken


def after(hook: str, spoil: Callable[[Any], Any]) -> Break:
    """Return a break that spoils what a hook returns."""
    return answer(hook, lambda right, *arguments: spoil(right(*arguments)))


def control(hook: str = "put_order_on_stack", *, spoil: Callable[[Any], Any]) -> Break:
    """Return a break that spoils every view that an order's handle gives."""
    return after(hook, lambda handle: SpoiltControl(handle, spoil))


def every_view(spoil: Callable[[Any], Any]) -> Break:
    """Return a break that spoils every view of an order that any hook or handle gives."""
    one, many = (lambda view: spoil(view)), (lambda views: [spoil(view) for view in views])
    breaks = [
        control(spoil=spoil),
        control("match_db_broker_order_to_control_order_from_brokers", spoil=spoil),
        after("match_db_broker_order_to_order_from_brokers", one),
        after("cancel_order_on_stack", one),
        after("get_list_of_broker_orders", many),
        after("get_list_of_orders_from_storage", many),
    ]
    return both(*breaks)


def both(*breaks: Break) -> Break:
    """Return a break that breaks a session in several ways."""

    def broken(session: Session, services: Services) -> Session:
        for each in breaks:
            session = each(session, services)
        return session

    return broken


def orders_of(session: Session) -> Any:
    """Return the object that answers for the orders domain."""
    return next(domain for domain in session.domains if hasattr(domain, "put_order_on_stack"))


class SpoiltControl:
    """A handle on an order whose views are spoilt."""

    def __init__(self, handle: Any, spoil: Callable[[Any], Any]) -> None:
        self._handle = handle
        self._spoil = spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def current(self) -> Any:
        """Return the newest view, spoilt."""
        return self._spoil(self._handle.current())

    def wait(self, timeout: float = 60.0) -> Any:
        """Return the final view, spoilt."""
        return self._spoil(self._handle.wait(timeout))


def _replace(domain: Any, hook: str, wrong: Answer) -> None:
    """Give one object another answer to a hook."""
    kind = type(domain)
    right = getattr(kind, hook)
    signature = inspect.signature(right)

    @hookimpl
    @functools.wraps(right)
    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        given = signature.bind(self, *arguments, **named)
        given.apply_defaults()
        return wrong(functools.partial(right, self), *given.args[1:])

    domain.__class__ = type(kind.__name__, (kind,), {"__slots__": (), hook: method})
