"""The facade, middlewares and events: what a call costs besides the broker's own work."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Protocol

import attrs
import pluggy

from bench.figure import Figure, best_seconds, microseconds
from brokerkit import Fill, FuturesContract, Fx, HookFacts, Middleware, hookimpl, open_broker, unsupported
from brokerkit.registry.dispatch import EventDispatch
from brokerkit.registry.strict_manager import StrictPluginManager
from brokerkit.registry.wrapping import wrap
from brokerkit.spec.facade import facade
from brokerkit.spec.hooks import PROJECT, hook

NUMBER = 5_000


class Three(Protocol):
    """A domain with one hook of three arguments."""

    @hook()
    def add_three(self, first: int, second: int, third: int) -> int:
        """Return the sum."""
        ...


class Adder:
    """Answers it."""

    @hookimpl
    def add_three(self, first: int, second: int, third: int) -> int:
        """Return the sum."""
        return first + second + third


class Balances(Fx):
    """Answers one hook of a real domain."""

    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        """Return one code."""
        return ["GBPUSD"]

    get_fx_prices = get_fx_balances = put_fx_order_on_stack = unsupported("not measured")


@attrs.define(eq=False)
class PassOn(Middleware):
    """A middleware that does nothing."""


@attrs.define(eq=False)
class WritesOnly(PassOn):
    """A middleware that does nothing, to hooks that write."""

    def applies(self, hook: HookFacts) -> bool:
        """Return whether the hook writes."""
        return hook.writes


def figures() -> Iterator[Figure]:
    """Measure them."""
    yield from _facade_figures()
    yield from _middleware_figures()
    yield from _read_only_figures()
    yield from _event_figures()


def _facade_figures() -> Iterator[Figure]:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Three)
    manager.register(Adder())
    caller = manager.hook.add_three
    domain = facade(Three, {"add_three": caller})
    bare, typed = best_seconds([lambda: caller(first=1, second=2, third=3), lambda: domain.add_three(1, 2, 3)], NUMBER)
    yield Figure("pluggy, one implementation, 3 arguments", microseconds(bare))
    yield Figure("the same through the typed facade", microseconds(typed))
    yield Figure("facade over pluggy", f"{typed / bare:.2f} x", "≤ 1.5 x", typed / bare <= 1.5)


def _middleware_figures() -> Iterator[Figure]:
    calls = [_wrapped(count) for count in (0, 1, 3)]
    plain, one, three = best_seconds(calls, NUMBER)
    yield Figure("a call with no middleware", microseconds(plain))
    yield Figure("with one that does nothing", microseconds(one))
    yield Figure("with three", microseconds(three))


def _wrapped(count: int) -> Callable[[], object]:
    manager = StrictPluginManager()
    manager.register_domains([Balances()], unsupported("not measured"), "0.1", "bench")
    wrap(manager, [WritesOnly() if count == 0 else PassOn() for _ in range(max(count, 1))])
    method: Callable[[], object] = facade(Fx, manager.callers("bench")).get_list_of_fxcodes
    return method


def _read_only_figures() -> Iterator[Figure]:
    with open_broker("sim", read_only=False) as free, open_broker("sim", read_only=True) as guarded:
        without, guard = best_seconds(
            [free.instruments.get_list_of_instruments, guarded.instruments.get_list_of_instruments], 500, rounds=40
        )
    ratio = guard / without
    yield Figure("a read hook of the simulated broker", microseconds(without))
    yield Figure(
        "the same with read_only on", f"{microseconds(guard)} ({ratio:.2f} x)", "no slower (± 5 %)", ratio <= 1.05
    )


def _event_figures() -> Iterator[Figure]:
    fill = Fill("1", "1", FuturesContract("GOLD", "202312"), 1, Decimal(1), datetime.now(timezone.utc))
    emits: list[Callable[[], object]] = []
    for listeners in (0, 1, 3):
        dispatch = EventDispatch(StrictPluginManager(), "bench")
        for _ in range(listeners):
            dispatch.subscribe({"on_fill": _listen})
        emits.append(functools.partial(dispatch.emit, fill))
    nobody, one, three = best_seconds(emits, NUMBER)
    yield Figure("an event that nobody hears", microseconds(nobody))
    yield Figure("heard by one listener", microseconds(one))
    yield Figure("heard by three", microseconds(three))


def _listen(event: Any) -> None:
    pass
