"""An exchange with everything a gateway needs to know about what trades there."""

from __future__ import annotations

from datetime import datetime

import attrs

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.gateway.contracts.book import ContractBook
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.history import History


@attrs.frozen
class Market:
    """An exchange, the names of its contracts at IB, and their past.

    Attributes:
        exchange: Where orders trade. Its accounts are those that the gateway manages.
        contracts: Its contracts by IB's names.
        history: Their bars.
    """

    exchange: Exchange
    contracts: ContractBook = attrs.field(factory=ContractBook)
    history: History = attrs.field(factory=History)

    def list_contract(self, terms: ContractTerms, card: InstrumentCard, *bars: Bars) -> Listed:
        """List a contract on the exchange and under its IB names, with its bars; return it.

        Args:
            terms: Its terms on the exchange.
            card: What IB calls its instrument.
            bars: Its bars; the shortest of several lengths are those it trades on.
        """
        self.exchange.list_contract(terms)
        listed = self.contracts.add(terms, card)
        for each in bars:
            self.history.add(listed, each)
        finest = self.history.finest(listed)
        if finest is not None:
            self.exchange.add_bars(
                terms.contract,
                finest.start,
                finest.open,
                finest.high,
                finest.low,
                finest.close,
                finest.volume if finest.volume.any() else None,
                length=finest.end - finest.start,
            )
        return listed

    def last_bar_end(self, listed: Listed, now: datetime) -> int | None:
        """Return when the last bar of a contract that has ended did so, nanoseconds UTC, or None without one."""
        bars = self.history.finest(listed)
        if bars is None:
            return None
        ended = bars.ended_between(0, nanoseconds(now))
        return int(ended.end[-1]) if len(ended) else None
