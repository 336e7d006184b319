"""How middlewares stand around a call: in the order they are named, third parties' included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit import Broker, FuturesContract, Order, errors

Desk = Callable[..., Broker]
Install = Callable[..., Path]
GOLD = FuturesContract("GOLD", "202312")

TRACE = """
import attrs
from brokerkit import Middleware, hookimpl

steps = []

@attrs.define(eq=False)
class Trace(Middleware):
    word: str = "trace"

    def applies(self, hook):
        return hook.name == "put_order_on_stack"

    def around(self, call):
        steps.append(f"{self.word} before {call.arguments['order'].quantity}")
        result = yield
        steps.append(f"{self.word} after")
        return result

    @hookimpl
    def on_fill(self, fill):
        steps.append(f"{self.word} hears of a fill")
"""


def install_trace(install: Install, name: str, source: str = TRACE) -> None:
    """Install a third party's middleware."""
    install(source, name, "brokerkit.middleware", "Trace")


def test_the_first_one_named_is_outermost_and_hears_events_too(desk: Desk, install: Install) -> None:
    install_trace(install, "outer")
    install_trace(install, "inner", TRACE.replace("steps = []", "from brokerkit_outer import steps"))
    broker = desk(middleware=["outer", "inner"], outer={"word": "outer"}, inner={"word": "inner"})
    import brokerkit_outer

    broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert [step for step in brokerkit_outer.steps if "fill" not in step] == [
        "outer before (1,)",
        "inner before (1,)",
        "inner after",
        "outer after",
    ]
    assert sum("hears of a fill" in step for step in brokerkit_outer.steps) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("        yield", "Middleware Trace lost the result around put_order_on_stack."),
        ("        return (yield (yield))", "Middleware Trace yielded twice around put_order_on_stack."),
        ("        if False:\n            yield", "Middleware Trace returned before it yielded"),
    ],
)
def test_a_middleware_that_misbehaves_is_named(desk: Desk, install: Install, body: str, message: str) -> None:
    start, end = TRACE.index('        steps.append(f"{self.word} before'), TRACE.index("    @hookimpl")
    install_trace(install, "third", f"{TRACE[:start]}{body}\n{TRACE[end:]}")
    broker = desk(middleware=["third"])
    with pytest.raises(errors.HookReturnedNone, match=message) as raised:
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert "Trace.around, " in raised.value.place


def test_a_middleware_that_swallows_an_error_is_named_and_the_error_is_told(desk: Desk, install: Install) -> None:
    start, end = TRACE.index('        steps.append(f"{self.word} before'), TRACE.index("    @hookimpl")
    body = "        try:\n            return (yield)\n        except Exception:\n            pass\n"
    install_trace(install, "third", f"{TRACE[:start]}{body}\n{TRACE[end:]}")
    broker = desk(middleware=["third"])
    broker.native.fault = errors.OutcomeUnknown("The line broke.")
    with pytest.raises(errors.HookReturnedNone, match="Middleware Trace swallowed the error around put") as raised:
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert "Trace.around, " in raised.value.place
    assert isinstance(raised.value.__cause__, errors.OutcomeUnknown)


def test_a_middleware_that_never_yields_is_refused_at_once(desk: Desk, install: Install) -> None:
    start, end = TRACE.index('        steps.append(f"{self.word} before'), TRACE.index("    @hookimpl")
    install_trace(install, "third", f"{TRACE[:start]}        return 1\n{TRACE[end:]}")
    with pytest.raises(errors.InvalidPlugin, match=r"Trace\.around never yields"):
        desk(middleware=["third"])


def test_a_middleware_cannot_call_the_broker_before_every_guard_stands(desk: Desk, install: Install) -> None:
    eager = (
        "    def opened(self, surroundings):\n        surroundings.broker.orders.cancel_all_orders()\n\n    def applies"
    )
    closing = "    def close(self):\n        steps.append('closed')\n\n    def around"
    install_trace(install, "eager", TRACE.replace("    def applies", eager).replace("    def around", closing))
    with pytest.raises(errors.CallRefused, match=r"Broker 'desk' \(desk\) is still being opened"):
        desk(middleware=["eager"])
    import brokerkit_eager

    assert brokerkit_eager.steps == ["closed"]


def test_something_else_than_a_middleware_is_refused(desk: Desk, install: Install) -> None:
    install("Trace = dict", "third", "brokerkit.middleware", "Trace")
    with pytest.raises(errors.InvalidPlugin, match="not an attrs class that extends Middleware"):
        desk(middleware=["third"])


def test_options_of_a_middleware_that_is_not_in_use_are_refused(desk: Desk) -> None:
    with pytest.raises(errors.UnknownSetting, match="options for middleware 'risk', which it does not use"):
        desk(risk={"max_order": 1})
    with pytest.raises(errors.UnknownSetting, match="Did you mean 'max_order'"):
        desk(middleware=["risk"], risk={"max_orders": 1})
    with pytest.raises(errors.InvalidSetting, match="max_order is -1; it should be 0 or more"):
        desk(middleware=["risk"], risk={"max_order": -1})
    with pytest.raises(errors.InvalidSetting, match="names middleware 'risk' twice"):
        desk(middleware=["risk", "risk"])


def test_an_option_can_come_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKERKIT_DESK_RISK_MAX_ORDER", "2")
    broker = desk(middleware=["risk"])
    assert broker.settings["risk.max_order"].place == "$BROKERKIT_DESK_RISK_MAX_ORDER"
    with pytest.raises(errors.RiskLimitExceeded):
        broker.orders.put_order_on_stack(Order.market(GOLD, 3))
