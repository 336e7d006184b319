"""An exchange with the contract data that a gateway needs."""

from __future__ import annotations

import attrs

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.plugins.sim.exchange.units import DAY, nanoseconds, time_of
from brokerkit.plugins.sim.gateway.contracts.book import ContractBook
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed
from brokerkit.plugins.sim.gateway.durations import Duration, start_of
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.history import History, PriceHistory

_LOOK_BACK = (4 * DAY, 40 * DAY, 800 * DAY)


@attrs.define(eq=False)
class Market:
    """An exchange, its contracts in IB's terms, and their history.

    Attributes:
        exchange: The exchange, whose accounts the gateway manages.
        contracts: Its contracts in IB's terms.
        history: Their bars.
    """

    exchange: Exchange
    contracts: ContractBook = attrs.field(factory=ContractBook)
    history: PriceHistory = attrs.field(factory=History)
    _days: dict[int, tuple[tuple[int, int], int]] = attrs.field(factory=dict, init=False)

    def list_contract(self, terms: ContractTerms, card: InstrumentCard, *bars: Bars) -> Listed:
        """List a contract on the exchange and in IB's terms, with its bars; return it.

        Args:
            terms: Its terms on the exchange.
            card: Its instrument in IB's terms.
            bars: Its bars; of several lengths, orders trade on the shortest.
        """
        self.exchange.list_contract(terms)
        listed = self.contracts.add(terms, card)
        if not isinstance(self.history, History):
            return listed
        for each in bars:
            self.history.add(listed, each)
        shortest = self.history.shortest(listed)
        if shortest is not None:
            self._trade_on(terms, shortest)
        return listed

    def _trade_on(self, terms: ContractTerms, bars: Bars) -> None:
        volume = bars.volume if bars.volume.any() else None
        columns = (bars.start, bars.open, bars.high, bars.low, bars.close, volume)
        self.exchange.add_bars(terms.contract, *columns, length=bars.end - bars.start)

    def ready(self, listed: Listed) -> None:
        """Make a contract ready for trading; in this market every contract is."""

    def recent(self, listed: Listed, now: int) -> Bars:
        """Return the shortest bars of a contract's last days with data that have ended by a time."""
        for length in _LOOK_BACK:
            found = self.history.finest(listed, now - length, now)
            if len(found):
                return found
        return self.history.finest(listed, 0, now)

    def day_began(self, listed: Listed, moment: int) -> int:
        """Return the start of the trading day just before a time; midnight UTC for a contract without hours."""
        sessions = listed.terms.sessions
        session = None if sessions is None else sessions.current_or_next(moment - 1)
        if session is None:
            return (moment - 1) // DAY * DAY
        known = self._days.get(listed.con_id)
        if known is None or known[0] != session:
            start = start_of(Duration(1, "D"), time_of(moment), sessions, listed.card.time_zone)
            known = self._days[listed.con_id] = session, nanoseconds(start)
        return known[1]

    def last_bar_end(self, listed: Listed, now: int) -> int | None:
        """Return when a contract's last bar that has ended by a time ended, or None if there is none."""
        found = self.recent(listed, now)
        return int(found.end[-1]) if len(found) else None
