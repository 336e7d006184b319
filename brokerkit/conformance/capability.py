"""A hook that a broker declines must say so when it is called, in the words of its declaration."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from brokerkit import Support
from brokerkit.conformance.outcomes import blocked, declined
from brokerkit.errors import NotSupported, RiskLimitExceeded
from brokerkit.spec.domains import CONTRACT

if TYPE_CHECKING:
    from brokerkit import Broker

_HOOK_NAME = re.compile(r"[a-z_]+")
_PLACE, _PLACE_FX = "put_order_on_stack", "put_fx_order_on_stack"
_DOMAINS_OF_CURRENCY = {"fx", "capital", "orders"}


def trades_currency_only(broker: Broker) -> bool:
    """Return whether a broker trades currency pairs, and no futures."""
    return broker.supports(_PLACE_FX) and not broker.supports(_PLACE)


def hooks_tested(broker: Broker, hooks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hooks that a test needs of this broker: a currency order stands in where futures are not traded."""
    if trades_currency_only(broker) and all(CONTRACT[hook].domain in _DOMAINS_OF_CURRENCY for hook in hooks):
        return tuple(_PLACE_FX if hook == _PLACE else hook for hook in hooks)
    return hooks


def decline_if_unsupported(broker: Broker, hooks: tuple[str, ...]) -> None:
    """End the test as declined when the broker declines one of the hooks, and truly does."""
    capabilities = {hook: broker.capabilities()[hook] for hook in hooks if not broker.supports(hook)}
    for hook in capabilities:
        assert_declined(broker, hook)
    if capabilities:
        reasons = "; ".join(f"{hook}: {capability.reason}" for hook, capability in capabilities.items())
        declined(reasons, planned=all(each.support is Support.PLANNED for each in capabilities.values()))


@contextmanager
def refusals_end_the_test(broker: Broker) -> Iterator[None]:
    """End the test as declined when, inside the block, a hook is met that the broker declares it declines.

    It ends as blocked when the limits of the broker's own `risk` middleware refuse an order.

    Raises:
        AssertionError: A hook that it declares supported raised `NotSupported`.
    """
    try:
        yield
    except NotSupported as refusal:
        if hook := _hook_that_raised(refusal):
            raise AssertionError(not_declined(hook, refusal)).with_traceback(refusal.__traceback__) from refusal
        decline_if_unsupported(broker, tuple(hook for hook in _HOOK_NAME.findall(str(refusal)) if hook in CONTRACT))
        raise
    except RiskLimitExceeded as refusal:
        blocked(f"the risk limits that are set for this broker refuse it: {refusal.fact}")


def not_declined(hook: str, refusal: NotSupported) -> str:
    """Return what to tell the author of a hook that is declared supported, and raised `NotSupported`."""
    return (
        f"{hook} is declared supported, and it raised NotSupported: {refusal.fact} If the broker never does this, "
        f'write {hook} = unsupported("reason") in place of the method; if only this call cannot be answered, '
        "raise one of the errors that the contract lists for the hook."
    )


def _hook_that_raised(refusal: NotSupported) -> str:
    """Return the hook of the plugin that an error came out of; empty when it cannot be told."""
    frames = (frame for frame, _ in traceback.walk_tb(refusal.__traceback__))
    return next((frame.f_code.co_name for frame in frames if frame.f_code.co_name in CONTRACT), "")


def assert_declined(broker: Broker, hook: str) -> None:
    """Check that calling a declined hook raises `NotSupported` with the declared reason."""
    facts = CONTRACT[hook]
    method = getattr(getattr(broker, facts.domain), hook)
    with pytest.raises(NotSupported) as raised:
        method(*[None] * len(facts.parameters))
    reason = broker.capabilities()[hook].reason
    assert reason, f"{hook} is declined without a reason"
    assert reason in str(raised.value), f"{hook} raises NotSupported without its reason {reason!r}: {raised.value}"
