"""Known requests that are not served: each is refused under its own request id, so that no client waits for it.

Each gets the error with which a real gateway refuses it to a login without that service, where one is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from brokerkit.plugins.sim.gateway.codes import NO_DEFINITION, Code

VERSIONED, PLAIN = 2, 1
"""The index of the request id: after message id and version, or after the message id."""


@attrs.frozen
class Refusal:
    """The error that a refused request gets: its code, and a real gateway's words for it."""

    code: Code
    words: str


_NOT_READ = Refusal(Code.ERROR_READING, "Error reading request.")
_NO_ADVISOR = Refusal(
    Code.ERROR_VALIDATING,
    "Error validating request.-'b9' : cause - FA data operations ignored for non FA customers.",
)
_NO_OPTION = Refusal(Code.NO_CONTRACT, f"{NO_DEFINITION}.")
_NO_SCAN = Refusal(Code.HISTORY, "Historical Market Data Service error message:")
_NO_FUNDAMENTALS = Refusal(
    Code.NO_FUNDAMENTALS, "We are sorry, but fundamentals data for the security specified is not available."
)
_NO_ARTICLE = Refusal(Code.NO_ARTICLE, "Failed to request news article: No data available.")
_NO_FEED = Refusal(Code.NEWS_FEED_REFUSED, "News feed is not allowed.")


@attrs.frozen
class Declined:
    """A refused request: its name, its subject, the index of its request id, if it has one, and the error it gets."""

    name: str
    subject: str
    id_at: int | None
    refusal: Refusal = _NOT_READ

    @property
    def text(self) -> str:
        """The text of the error that it gets, which says what is not simulated."""
        return f"{self.refusal.words} Not simulated: {self.subject}"

    @property
    def ends_something(self) -> bool:
        """Whether it only cancels another request, which was already refused."""
        return self.name.startswith(("cancel", "unsubscribe"))


DECLINED: Mapping[int, Declined] = {
    18: Declined("requestFA", "financial advisor functions", None, _NO_ADVISOR),
    19: Declined("replaceFA", "financial advisor functions", 4, _NO_ADVISOR),
    21: Declined("exerciseOptions", "options", VERSIONED, _NO_OPTION),
    22: Declined("reqScannerSubscription", "scanners", PLAIN, _NO_SCAN),
    23: Declined("cancelScannerSubscription", "scanners", VERSIONED),
    52: Declined("reqFundamentalData", "fundamental data", VERSIONED, _NO_FUNDAMENTALS),
    53: Declined("cancelFundamentalData", "fundamental data", VERSIONED),
    54: Declined("calculateImpliedVolatility", "options", VERSIONED, _NO_OPTION),
    55: Declined("calculateOptionPrice", "options", VERSIONED, _NO_OPTION),
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
    84: Declined("reqNewsArticle", "news", PLAIN, _NO_ARTICLE),
    86: Declined("reqHistoricalNews", "news", PLAIN),
    88: Declined("reqHistogramData", "histograms", PLAIN),
    89: Declined("cancelHistogramData", "histograms", PLAIN),
    100: Declined("reqWshMetaData", "corporate events", PLAIN, _NO_FEED),
    101: Declined("cancelWshMetaData", "corporate events", PLAIN),
    102: Declined("reqWshEventData", "corporate events", PLAIN, _NO_FEED),
    103: Declined("cancelWshEventData", "corporate events", PLAIN),
}
"""Declined requests, by message id."""


def declined(fields: list[str]) -> Declined | None:
    """Return the declined request that these fields are, or None."""
    number = fields[0] if fields else ""
    return DECLINED.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else None
