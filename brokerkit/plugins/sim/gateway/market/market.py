"""An exchange with everything a gateway needs to know about what trades there."""

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
    """An exchange, the names of its contracts at IB, and their past.

    Attributes:
        exchange: Where orders trade. Its accounts are those that the gateway manages.
        contracts: Its contracts by IB's names.
        history: Their bars.
    """

    exchange: Exchange
    contracts: ContractBook = attrs.field(factory=ContractBook)
    history: PriceHistory = attrs.field(factory=History)
    _days: dict[int, tuple[tuple[int, int], int]] = attrs.field(factory=dict, init=False)

    def list_contract(self, terms: ContractTerms, card: InstrumentCard, *bars: Bars) -> Listed:
        """List a contract on the exchange and under its IB names, with its bars; return it.

        Args:
            terms: Its terms on the exchange.
            card: What IB calls its instrument.
            bars: Its bars; the shortest of several lengths are those it trades on.
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
        """Have a contract ready to be traded; every contract of this market is."""

    def recent(self, listed: Listed, now: int) -> Bars:
        """Return the shortest bars of a contract's last days with bars, as far as they have ended by a moment."""
        for length in _LOOK_BACK:
            found = self.history.finest(listed, now - length, now)
            if len(found):
                return found
        return self.history.finest(listed, 0, now)

    def day_began(self, listed: Listed, moment: int) -> int:
        """Return when the trading day began that was under way before a moment; midnight UTC for one without hours."""
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
        """Return when the last bar of a contract that has ended by a moment did so, or None without one."""
        found = self.recent(listed, now)
        return int(found.end[-1]) if len(found) else None
