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
class Allowance:
    """How many lines may be open at a time, of all kinds that count in it and of all clients: it is the login's.

    Attributes:
        limit: How many; None for any number.
        code: What a client is told that wants more.
        text: In which words.
        used: How many are open.
    """

    limit: int | None
    code: Code = Code.TICKER_LIMIT
    text: str = "Max number of tickers has been reached"
    used: int = 0


@attrs.define(eq=False)
class Lines(Generic[L]):
    """Subscriptions of one kind by session and request id, and the allowance that they count in."""

    _allowance: Allowance
    _open: dict[tuple[Session, int], L] = attrs.field(factory=dict, init=False)

    def check(self, session: Session, req_id: int) -> None:
        """Refuse a line under an id that a session has a line under, or one too many."""
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
        """Close a line; refuse to if there is none."""
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
        available, what = "available" if delayed else "not available", f"{symbol} {listed.card.exchange}"
        raise RefusedError(Code.NOT_SUBSCRIBED, NOT_SUBSCRIBED.format(available=available, what=what))
    session.error(req_id, Code.DELAYED_SHOWN, DELAYED_SHOWN)
    return DELAYED_FROZEN if asked == DELAYED_FROZEN and closed else DELAYED
