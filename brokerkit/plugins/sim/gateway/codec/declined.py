"""Known requests that are not served: each is refused under its own request id, so that no client waits for it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

VERSIONED, PLAIN = 2, 1
"""The index of the request id: after message id and version, or after the message id."""


@attrs.frozen
class Declined:
    """A refused request: its name, its subject, and the index of its request id, if it has one."""

    name: str
    subject: str
    id_at: int | None

    @property
    def ends_something(self) -> bool:
        """Whether it only cancels another request, which was already refused."""
        return self.name.startswith(("cancel", "unsubscribe"))


DECLINED: Mapping[int, Declined] = {
    18: Declined("requestFA", "financial advisor functions", None),
    19: Declined("replaceFA", "financial advisor functions", 4),
    21: Declined("exerciseOptions", "options", VERSIONED),
    22: Declined("reqScannerSubscription", "scanners", PLAIN),
    23: Declined("cancelScannerSubscription", "scanners", VERSIONED),
    52: Declined("reqFundamentalData", "fundamental data", VERSIONED),
    53: Declined("cancelFundamentalData", "fundamental data", VERSIONED),
    54: Declined("calculateImpliedVolatility", "options", VERSIONED),
    55: Declined("calculateOptionPrice", "options", VERSIONED),
    56: Declined("cancelCalculateImpliedVolatility", "options", VERSIONED),
    57: Declined("cancelCalculateOptionPrice", "options", VERSIONED),
    65: Declined("verifyRequest", "verified clients", None),
    66: Declined("verifyMessage", "verified clients", None),
    67: Declined("queryDisplayGroups", "display groups", VERSIONED),
    68: Declined("subscribeToGroupEvents", "display groups", VERSIONED),
    69: Declined("updateDisplayGroup", "display groups", VERSIONED),
    70: Declined("unsubscribeFromGroupEvents", "display groups", VERSIONED),
    72: Declined("verifyAndAuthRequest", "verified clients", None),
    73: Declined("verifyAndAuthMessage", "verified clients", None),
    84: Declined("reqNewsArticle", "news", PLAIN),
    86: Declined("reqHistoricalNews", "news", PLAIN),
    88: Declined("reqHistogramData", "histograms", PLAIN),
    89: Declined("cancelHistogramData", "histograms", PLAIN),
    100: Declined("reqWshMetaData", "corporate events", PLAIN),
    101: Declined("cancelWshMetaData", "corporate events", PLAIN),
    102: Declined("reqWshEventData", "corporate events", PLAIN),
    103: Declined("cancelWshEventData", "corporate events", PLAIN),
}
"""Declined requests, by message id."""


def declined(fields: list[str]) -> Declined | None:
    """Return the declined request that these fields are, or None."""
    number = fields[0] if fields else ""
    return DECLINED.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else None
