"""A hook that a broker declines must say so when it is called, in the words of its declaration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from brokerkit import Support
from brokerkit.conformance.outcomes import declined
from brokerkit.errors import NotSupported
from brokerkit.spec.domains import CONTRACT

if TYPE_CHECKING:
    from brokerkit import Broker

_HOOK_NAME = re.compile(r"[a-z_]+")


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
    """End the test as declined when, inside the block, a hook is met that the broker declares it declines."""
    try:
        yield
    except NotSupported as refusal:
        decline_if_unsupported(broker, tuple(hook for hook in _HOOK_NAME.findall(str(refusal)) if hook in CONTRACT))
        raise


def assert_declined(broker: Broker, hook: str) -> None:
    """Check that calling a declined hook raises `NotSupported` with the declared reason."""
    facts = CONTRACT[hook]
    method = getattr(getattr(broker, facts.domain), hook)
    with pytest.raises(NotSupported) as raised:
        method(*[None] * len(facts.parameters))
    reason = broker.capabilities()[hook].reason
    assert reason, f"{hook} is declined without a reason"
    assert reason in str(raised.value), f"{hook} raises NotSupported without its reason {reason!r}: {raised.value}"
