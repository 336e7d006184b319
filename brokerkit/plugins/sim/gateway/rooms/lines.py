"""Market data lines: which contract a client watches under which request id, within the limits."""

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
class Lines(Generic[L]):
    """Subscriptions of one kind by session and request id.

    Attributes:
        limit: How many a session may have; None for any number.
        limit_code: What a session is told that wants more.
        limit_text: In which words.
    """

    limit: int | None = None
    limit_code: Code = Code.TICKER_LIMIT
    limit_text: str = "Max number of tickers has been reached"
    _open: dict[tuple[Session, int], L] = attrs.field(factory=dict, init=False)

    def check(self, session: Session, req_id: int) -> None:
        """Refuse a line under an id that a session has a line under, or one too many."""
        if (session, req_id) in self._open:
            raise RefusedError(Code.DUPLICATE_TICKER, "Duplicate ticker id")
        if self.limit is not None and sum(1 for owner, _ in self._open if owner is session) >= self.limit:
            raise RefusedError(self.limit_code, self.limit_text)

    def open(self, session: Session, req_id: int, line: L) -> None:
        """Open a line."""
        self._open[session, req_id] = line

    def close(self, session: Session, req_id: int) -> None:
        """Close a line; refuse to if there is none."""
        if self._open.pop((session, req_id), None) is None:
            raise RefusedError(Code.UNKNOWN_TICKER, f"Can't find EId with tickerId:{req_id}")

    def forget(self, session: Session) -> None:
        """Close every line of a session."""
        for key in [key for key in self._open if key[0] is session]:
            del self._open[key]

    def clear(self) -> None:
        """Close every line."""
        self._open.clear()

    def __iter__(self) -> Iterator[tuple[Session, int, L]]:
        """Yield session, request id and line of each."""
        return iter([(session, req_id, line) for (session, req_id), line in self._open.items()])


def data_contract(gateway: Gateway, asked: Contract, *, include_expired: bool = False) -> Listed:
    """Return the one contract that a client wants data of.

    Raises:
        RefusedError: There is none, or more than one; or no exchange is named, as in contracts of positions.
    """
    if not asked.exchange:
        raise invalid("Please enter exchange", "bQ")
    return gateway.the_one(asked, include_expired=include_expired)


def data_type(gateway: Gateway, session: Session, req_id: int, listed: Listed) -> int:
    """Return the kind of data that a client gets of a contract.

    What it asked for last decides, as far as the login has subscribed: without live data, asking for delayed
    data gives them with error 10167, and asking for live data gives error 354.

    Raises:
        RefusedError: It gets none.
    """
    asked = session.market_data_type
    symbol, settings = listed.card.symbol, gateway.settings
    closed = not gateway.is_open(listed)
    if settings.live_data is None or symbol in settings.live_data:
        return FROZEN if asked in (FROZEN, DELAYED_FROZEN) and closed else LIVE
    delayed = settings.delayed_data is None or symbol in settings.delayed_data
    if asked not in (DELAYED, DELAYED_FROZEN) or not delayed:
        raise RefusedError(Code.NOT_SUBSCRIBED, NOT_SUBSCRIBED.format(what=f"{symbol} {listed.card.exchange}"))
    session.error(req_id, Code.DELAYED_SHOWN, DELAYED_SHOWN)
    return DELAYED_FROZEN if asked == DELAYED_FROZEN and closed else DELAYED
