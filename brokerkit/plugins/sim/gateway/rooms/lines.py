"""Market data lines: which contract a client watches under which request id, within the limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.codes import AMBIGUOUS, DELAYED_SHOWN, NO_DEFINITION, NOT_SUBSCRIBED, Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed

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

    def admit(self, session: Session, req_id: int) -> bool:
        """Return whether a session may open a line under an id; tell it why if not."""
        if (session, req_id) in self._open:
            session.error(req_id, Code.DUPLICATE_TICKER, "Duplicate ticker id")
            return False
        if self.limit is not None and sum(1 for owner, _ in self._open if owner is session) >= self.limit:
            session.error(req_id, self.limit_code, self.limit_text)
            return False
        return True

    def open(self, session: Session, req_id: int, line: L) -> None:
        """Open a line."""
        self._open[session, req_id] = line

    def close(self, session: Session, req_id: int) -> None:
        """Close a line; tell the session if there is none."""
        if self._open.pop((session, req_id), None) is None:
            session.error(req_id, Code.UNKNOWN_TICKER, f"Can't find EId with tickerId:{req_id}")

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


def watched(gateway: Gateway, session: Session, req_id: int, asked: Contract) -> Listed | None:
    """Return the one contract a client wants to watch, or None after telling it why not."""
    found = gateway.find(asked)
    if len(found) == 1:
        return found[0]
    text = AMBIGUOUS.format(symbol=asked.symbol) if found else NO_DEFINITION
    session.error(req_id, Code.NO_CONTRACT, text)
    return None


def data_type(gateway: Gateway, session: Session, req_id: int, listed: Listed) -> int | None:
    """Return the kind of data that a client gets of a contract, or None after telling it that it gets none.

    What it asked for last decides, as far as the login has subscribed: without live data, asking for delayed
    data gives them with error 10167, and asking for live data gives error 354.
    """
    asked = session.market_data_type
    symbol, settings = listed.card.symbol, gateway.settings
    closed = not gateway.is_open(listed)
    if settings.live_data is None or symbol in settings.live_data:
        return FROZEN if asked in (FROZEN, DELAYED_FROZEN) and closed else LIVE
    delayed = settings.delayed_data is None or symbol in settings.delayed_data
    if asked in (DELAYED, DELAYED_FROZEN) and delayed:
        session.error(req_id, Code.DELAYED_SHOWN, DELAYED_SHOWN)
        return DELAYED_FROZEN if asked == DELAYED_FROZEN and closed else DELAYED
    session.error(req_id, Code.NOT_SUBSCRIBED, NOT_SUBSCRIBED.format(what=f"{symbol} {listed.card.exchange}"))
    return None
