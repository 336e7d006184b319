"""Market data lines: subscriptions by session and request id, within the limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.codes import DELAYED_SHOWN, NOT_SUBSCRIBED, Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session

L = TypeVar("L")

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4


@attrs.define(eq=False)
class Allowance:
    """The login's limit on open lines, shared by all clients and by every kind of line that counts towards it.

    Attributes:
        limit: The most lines open at once; None for no limit.
        code: The error code when it is exceeded.
        text: The error text.
        used: The number of open lines.
    """

    limit: int | None
    code: Code = Code.TICKER_LIMIT
    text: str = "Max number of tickers has been reached"
    used: int = 0


@attrs.define(eq=False)
class Lines(Generic[L]):
    """Subscriptions of one kind, by session and request id, and the allowance that they count towards."""

    _allowance: Allowance
    _open: dict[tuple[Session, int], L] = attrs.field(factory=dict, init=False)

    def check(self, session: Session, req_id: int) -> None:
        """Refuse a line whose request id is in use, or that exceeds the limit."""
        if (session, req_id) in self._open:
            raise RefusedError(Code.DUPLICATE_TICKER, "Duplicate ticker id")
        allowance = self._allowance
        if allowance.limit is not None and allowance.used >= allowance.limit:
            raise RefusedError(allowance.code, allowance.text)

    def open(self, session: Session, req_id: int, line: L) -> None:
        """Open a line."""
        self._open[session, req_id] = line
        self._allowance.used += 1

    def close(self, session: Session, req_id: int) -> None:
        """Close a line; refuse if there is none."""
        if (session, req_id) not in self._open:
            raise RefusedError(Code.UNKNOWN_TICKER, f"Can't find EId with tickerId:{req_id}")
        self._drop([(session, req_id)])

    def forget(self, session: Session) -> None:
        """Close every line of a session."""
        self._drop([key for key in self._open if key[0] is session])

    def clear(self) -> None:
        """Close every line."""
        self._drop(list(self._open))

    def _drop(self, keys: list[tuple[Session, int]]) -> None:
        for key in keys:
            del self._open[key]
        self._allowance.used -= len(keys)

    def __iter__(self) -> Iterator[tuple[Session, int, L]]:
        """Yield the session, request id and line of each."""
        return iter([(session, req_id, line) for (session, req_id), line in self._open.items()])


def data_contract(gateway: Gateway, asked: Contract, *, include_expired: bool = False) -> Listed:
    """Return the one contract for which a client requests data.

    Raises:
        RefusedError: No contract matches, or more than one; or no exchange is given, as in contracts from positions.
    """
    if not asked.exchange:
        raise invalid("Please enter exchange", "bQ")
    return gateway.the_one(asked, include_expired=include_expired)


def data_type(gateway: Gateway, session: Session, req_id: int, listed: Listed) -> int:
    """Return the market data type that a client gets for a contract.

    It depends on the type last requested and on the login's subscriptions: without live data, a request for delayed
    data gets them with error 10167, and a request for live data gets error 354.

    Raises:
        RefusedError: It gets no data.
    """
    asked = session.market_data_type
    symbol, settings = listed.card.symbol, gateway.settings
    closed = not gateway.is_open(listed)
    if settings.live_data is None or symbol in settings.live_data:
        return FROZEN if asked in (FROZEN, DELAYED_FROZEN) and closed else LIVE
    delayed = settings.delayed_data is None or symbol in settings.delayed_data
    if asked not in (DELAYED, DELAYED_FROZEN) or not delayed:
        available, what = "available" if delayed else "not available", f"{symbol} {listed.card.exchange}"
        raise RefusedError(Code.NOT_SUBSCRIBED, NOT_SUBSCRIBED.format(available=available, what=what))
    session.error(req_id, Code.DELAYED_SHOWN, DELAYED_SHOWN)
    return DELAYED_FROZEN if asked == DELAYED_FROZEN and closed else DELAYED
