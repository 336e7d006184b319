"""Pacing: delays calls to stay within the broker's rate limits."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import attrs

from brokerkit.errors import InvalidArgument, PacingViolation
from brokerkit.middleware.token_bucket import TokenBucket, rate
from brokerkit.spec.hooks import HookFacts
from brokerkit.spec.middleware import Call, Middleware, Surroundings


def _check_rate(instance: Any, attribute: attrs.Attribute[str], value: str) -> None:
    if value:
        try:
            rate(value)
        except InvalidArgument as error:
            raise InvalidArgument(f"{attribute.name}: {error.fact}", remedy=error.remedy) from None


def _check_wait(instance: Any, attribute: attrs.Attribute[float], value: float) -> None:
    if not value >= 0:  # so that what is not a number is refused too
        raise InvalidArgument(f"{attribute.name} is {value}; it should be 0 or more.")


@attrs.define(eq=False)
class Pacing(Middleware):
    """Delays calls to stay within rate limits. Orders, cancels and data requests have separate quotas.

    So a flood of data requests does not use up the quota of orders, and only other cancels can delay a cancel.
    What the risk middleware asks before an order draws on the quota of data.

    Attributes:
        orders: How often orders may be placed or changed, such as `50/s`; empty for no limit.
        cancels: How often orders may be cancelled.
        data: How often data may be requested, such as `60/10min`.
        longest_wait: The longest that a call may be delayed, in seconds; one that would wait longer is refused.
    """

    orders: str = attrs.field(default="", validator=_check_rate, metadata={"help": "a rate, such as '50/s'"})
    cancels: str = attrs.field(default="", validator=_check_rate, metadata={"help": "a rate, such as '50/s'"})
    data: str = attrs.field(default="", validator=_check_rate, metadata={"help": "a rate, such as '60/10min'"})
    longest_wait: float = attrs.field(default=30.0, validator=_check_wait, metadata={"help": "seconds"})
    _buckets: dict[str, TokenBucket] = attrs.field(factory=dict, init=False, repr=False)
    _broker_name: str = attrs.field(default="", init=False, repr=False)

    def opened(self, surroundings: Surroundings) -> None:
        """Fill the buckets."""
        self._broker_name = surroundings.broker_name
        rates = {"orders": self.orders, "cancels": self.cancels, "data": self.data}
        self._buckets = {quota: TokenBucket(rate(text)) for quota, text in rates.items() if text}

    def applies(self, hook: HookFacts) -> bool:
        """Return whether the hook costs the broker a request for which there is a limit."""
        return hook.paced and quota_of(hook) in self._buckets

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Wait for the call's turn.

        Raises:
            PacingViolation: It would have to wait too long; nothing was sent.
        """
        quota = quota_of(call.hook)
        wait = self._buckets[quota].take(self.longest_wait)
        if wait is None:
            raise PacingViolation(
                f"{call.hook.name} would wait for its turn for more than {self.longest_wait:g} s; it was not sent.",
                place=f"pacing of broker {self._broker_name!r}, {quota} = {getattr(self, quota)!r}",
                remedy="Ask less often, or raise longest_wait.",
            )
        if wait:
            time.sleep(wait)
        return (yield)


def quota_of(hook: HookFacts) -> str:
    """Return which quota a hook draws on: `cancels`, `orders` or `data`."""
    if hook.cancels:
        return "cancels"
    return "orders" if hook.writes else "data"
