"""IB's error codes: their meaning for a request, an order or the connection, and the typed error for each."""

from __future__ import annotations

import enum
import re

from brokerkit.errors import (
    AmbiguousContract,
    BrokerkitError,
    CannotConnect,
    ClientIdInUse,
    CompetingSession,
    ConnectionLost,
    ConnectionProblem,
    ContractExpired,
    DataPermissionDenied,
    InsufficientMargin,
    InvalidArgument,
    MissingContract,
    MissingData,
    MissingOrder,
    OffTickPrice,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    OrderRejected,
    PacingViolation,
    ReadOnlyBroker,
)


class Meaning(enum.Enum):
    """The meaning of a code for the order that it names."""

    NOTICE = "notice"
    """The order is unaffected; the text is worth keeping."""
    REJECTED = "rejected"
    """The order was rejected."""
    CANCELLED = "cancelled"
    """The order is cancelled; the text says why."""
    CHANGE_REFUSED = "change refused"
    """A change was refused; the order is unchanged, unless it was never accepted."""
    CANCEL_REFUSED = "cancel refused"
    """A cancel was refused, because the order is already final or unknown: its state must be looked up."""
    DOUBTFUL = "doubtful"
    """The order may have ended or not: its state must be looked up."""


_NOTICES = frozenset({165, 399, 404, 434, 492, 10167, 10349, 2109, 2137})
_REJECTIONS = frozenset({200, 201, 203, 320, 322, 354, 387, 388, 460, 478, 10255, 10268, 10289, 10318})
_CHANGE_REFUSED = frozenset({104, 105, 329, 2102, 10326})
_CANCEL_REFUSED = frozenset({135, 161, 10147, 10148})


def meaning_for_order(code: int) -> Meaning:
    """Return the meaning of a code for the order that it names.

    Example:
        >>> meaning_for_order(10349), meaning_for_order(201), meaning_for_order(10148)
        (<Meaning.NOTICE: 'notice'>, <Meaning.REJECTED: 'rejected'>, <Meaning.CANCEL_REFUSED: 'cancel refused'>)
    """
    if code in _NOTICES or (2100 <= code < 2200 and code not in _CHANGE_REFUSED):
        return Meaning.NOTICE
    if code == 202:
        return Meaning.CANCELLED
    if code in _REJECTIONS:
        return Meaning.REJECTED
    # 110 and 321 refuse new orders as well as changes: only the order's state tells which.
    if code in _CHANGE_REFUSED or code in {110, 321}:
        return Meaning.CHANGE_REFUSED
    return Meaning.CANCEL_REFUSED if code in _CANCEL_REFUSED else Meaning.DOUBTFUL


_REQUEST_ERRORS: dict[int, type[BrokerkitError]] = {
    100: PacingViolation,
    101: PacingViolation,
    110: OffTickPrice,
    135: MissingOrder,
    161: OrderCannotBeCancelled,
    200: MissingContract,
    201: OrderRejected,
    203: OrderRejected,
    320: InvalidArgument,
    321: InvalidArgument,
    322: PacingViolation,
    326: ClientIdInUse,
    354: DataPermissionDenied,
    366: ConnectionProblem,
    420: DataPermissionDenied,
    502: CannotConnect,
    504: ConnectionLost,
    507: ConnectionLost,
    1100: ConnectionLost,
    1300: ConnectionLost,
    10089: DataPermissionDenied,
    10090: DataPermissionDenied,
    10091: DataPermissionDenied,
    10147: MissingOrder,
    10148: OrderCannotBeCancelled,
    10168: DataPermissionDenied,
    10182: ConnectionProblem,
    10186: DataPermissionDenied,
    10189: DataPermissionDenied,
    10190: PacingViolation,
    10197: CompetingSession,
    10314: InvalidArgument,
    10339: InvalidArgument,
    104: OrderCannotBeModified,
    105: OrderCannotBeModified,
    2102: OrderCannotBeModified,
    10326: OrderCannotBeModified,
}

_SUBSCRIBE = 'Subscribe to the data in Client Portal, or set `market_data = "delayed"`.'
_REMEDIES: dict[int, str] = {
    100: "Send fewer messages per second; brokerkit itself keeps to 45.",
    101: "Cancel market data that you no longer need, or book more market data lines.",
    326: "Set another `client_id`, or remove it so that a free one is leased.",
    354: _SUBSCRIBE,
    10089: _SUBSCRIBE,
    10090: _SUBSCRIBE,
    10091: _SUBSCRIBE,
    10168: _SUBSCRIBE,
    10186: _SUBSCRIBE,
    10197: "Log out of the other session, in IBKR Mobile, Client Portal or another TWS, which is taking the data.",
}
_HISTORY = "historical market data service"
_HISTORY_CODES: dict[int, type[BrokerkitError]] = {162: ConnectionProblem, 10187: MissingData}
"""Codes of bars and of ticks, and what an unknown text means.

That of bars, perhaps in another language, may mean anything, so it must not count as "no data".
"""
_TEXTS_OF_HISTORY: dict[str, type[BrokerkitError]] = {
    "query returned no data": MissingData,
    "no head time stamp": MissingData,
    "no historical market data": MissingData,
    "no data of type": MissingData,
    "pacing": PacingViolation,
    "different ip": CompetingSession,
    "permission": DataPermissionDenied,
    "subscri": DataPermissionDenied,
    "invalid step": InvalidArgument,
}
_MARGIN = re.compile(r"margin|insufficient|available funds|equity with loan", re.IGNORECASE)
_EXPIRED = re.compile(r"expired|no longer trad", re.IGNORECASE)


def error_for(code: int, text: str, fact: str = "", place: str = "", *, about_order: bool = True) -> BrokerkitError:
    """Return the typed error for a code of IB's, which keeps IB's code and text.

    Args:
        code: IB's error code.
        text: IB's error text.
        fact: What failed; IB's text is appended.
        place: A contract, an order or a request.
        about_order: Whether it is about an order, so that an unknown code is a rejection.

    Example:
        >>> type(error_for(200, "No security definition has been found for the request")).__name__
        'MissingContract'
    """
    return _kind(code, text, about_order=about_order)(
        f"{fact}: IB says: {text}" if fact else f"IB says: {text}",
        place=place,
        remedy=_remedy(code, text),
        broker_code=code,
        broker_message=text,
    )


def _kind(code: int, text: str, *, about_order: bool) -> type[BrokerkitError]:
    lowered = text.lower()
    if is_read_only(code, text):
        return ReadOnlyBroker
    if code in _HISTORY_CODES:
        return _kind_of_history(lowered, _HISTORY_CODES[code])
    if code == 200 and "ambiguous" in lowered:
        return AmbiguousContract
    if code in {201, 203} and _MARGIN.search(text):
        return InsufficientMargin
    if code == 201 and _EXPIRED.search(text):
        return ContractExpired
    return _REQUEST_ERRORS.get(code, OrderRejected if about_order else BrokerkitError)


def _kind_of_history(lowered: str, unknown: type[BrokerkitError]) -> type[BrokerkitError]:
    """Return the error for a code that IB uses for every historical data error, by its text."""
    for words, kind in _TEXTS_OF_HISTORY.items():
        if words in lowered:
            return kind
    return unknown


def _remedy(code: int, text: str) -> str:
    if is_read_only(code, text):
        return "Untick 'Read-Only API' in the Gateway's API settings."
    if code == 162 and _HISTORY not in text.lower():
        return "Tick 'Show API error messages in English' in the Gateway's API settings: error 162 has many causes."
    return _REMEDIES.get(code, "")


def is_read_only(code: int, text: str) -> bool:
    """Return whether IB refuses because the Gateway's API is read-only."""
    return code == 321 and "read-only" in text.lower()
