"""The read-only guard: refuses every hook that writes, before the plugin is called."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import attrs

from brokerkit.errors import ReadOnlyBroker
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.hooks import HookFacts
from brokerkit.spec.middleware import Call, Middleware, Surroundings


@attrs.define(eq=False)
class ReadOnly(Middleware):
    """Refuses every hook that writes. Hooks that only read are not wrapped, so they pay no extra cost."""

    _broker_name: str = attrs.field(default="", init=False, repr=False)
    _account_kind: AccountKind = attrs.field(default=AccountKind.LIVE, init=False, repr=False)

    def opened(self, surroundings: Surroundings) -> None:
        """Learn the broker's name, for the error."""
        self._broker_name = surroundings.broker_name
        self._account_kind = surroundings.account_kind

    def applies(self, hook: HookFacts) -> bool:
        """Return whether the hook writes."""
        return hook.writes

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Refuse the call; nothing is sent.

        Raises:
            ReadOnlyBroker: Always.
        """
        raise ReadOnlyBroker(
            f"Broker {self._broker_name!r} ({self._account_kind.value}) is read-only: {call.hook.name} was refused.",
            remedy="Set read_only = false in its section, or open_broker(..., read_only=False), to trade.",
        )
        yield
