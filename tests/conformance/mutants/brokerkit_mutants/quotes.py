"""Mutants whose quotes and ticks are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs

from brokerkit import Quote, QuoteStatus
from brokerkit.errors import MissingContract
from brokerkit_mutants.mutant import Mutant, after, answer

_TICKER = "get_ticker_object_for_contract"
_CANCEL = "cancel_market_data_for_contract"
_TICKS = "get_recent_bid_ask_tick_data_for_contract_object"


class _SpoiltTicker:
    def __init__(self, ticker: Any, spoil: Callable[[Quote], Quote]) -> None:
        self.contract = ticker.contract
        self._ticker = ticker
        self._spoil = spoil

    def quote(self) -> Quote:
        """Return the newest quote, spoilt."""
        return self._spoil(self._ticker.quote())

    def wait_for_quote(self, timeout: float = 10.0) -> Quote:
        """Return the newest quote with two sides, spoilt."""
        return self._spoil(self._ticker.wait_for_quote(timeout))


def _quotes(spoil: Callable[[Quote], Quote]) -> Any:
    return after(_TICKER, lambda ticker: _SpoiltTicker(ticker, spoil))


def _crossed(quote: Quote) -> Quote:
    return attrs.evolve(quote, bid=quote.ask, ask=quote.bid)


def _delayed_in_silence(quote: Quote) -> Quote:
    return attrs.evolve(quote, status=QuoteStatus.DELAYED, reason="")


def _sizes_of_minus_one(quote: Quote) -> Quote:
    return attrs.evolve(quote, bid_size=-1, ask_size=-1)


def _last_off_the_grid(quote: Quote) -> Quote:
    return attrs.evolve(quote, last=(quote.bid or Decimal(0)) + Decimal("0.0000371"))


def _ticker_for_nothing(right: Callable[..., Any], contract: Any) -> Any:
    try:
        return right(contract)
    except MissingContract:
        return right(attrs.evolve(contract, dates="202306"))


def _whole_ask_off_the_grid(quote: Quote) -> Quote:
    return attrs.evolve(quote, ask=(quote.ask or Decimal(0)) + Decimal("0.0000371"))


def _last_of_minus_one(quote: Quote) -> Quote:
    return attrs.evolve(quote, last=Decimal(-1), last_size=None)


def _float_size(quote: Quote) -> Quote:
    return attrs.evolve(quote, bid_size=10.0)


def _float_price(quote: Quote) -> Quote:
    return attrs.evolve(quote, ask=float(quote.ask or 0))


def _last_known(right: Callable[..., Any], contract: Any) -> Any:
    try:
        return right(contract)
    except MissingContract:
        return right(attrs.evolve(contract, dates="202306"))


def _no_matter_what(right: Callable[..., Any], contract: Any) -> Any:
    try:
        return right(contract)
    except MissingContract:
        return contract


def _tomorrow(ticks: Any) -> Any:
    return ticks.set_axis(ticks.index + timedelta(days=1)).rename_axis("time")


MUTANTS = (
    Mutant("ask_off_the_grid", "test_054_quotes_have_two_sides", _quotes(_whole_ask_off_the_grid)),
    Mutant("float_size", "test_054_quotes_have_two_sides", _quotes(_float_size)),
    Mutant("float_price", "test_054_quotes_have_two_sides", _quotes(_float_price)),
    Mutant("last_of_minus_one", "test_056_last_trade_is_whole", _quotes(_last_of_minus_one)),
    Mutant("bid_tick_of_minus_one", "test_055_ticks_are_in_order", after(_TICKS, lambda ticks: ticks.assign(bid=-1.0))),
    Mutant("no_ticks", "test_055_ticks_are_in_order", after(_TICKS, lambda ticks: ticks.iloc[:0])),
    Mutant("ticks_of_tomorrow", "test_055_ticks_are_in_order", after(_TICKS, _tomorrow)),
    Mutant("ticks_of_another_contract", "test_055_ticks_are_in_order", answer(_TICKS, _last_known)),
    Mutant("stream_of_nothing_ended", "test_069_cancelled_market_data_ends", answer(_CANCEL, _no_matter_what)),
    Mutant(
        "stream_that_goes_on",
        "test_069_cancelled_market_data_stays_silent",
        answer(_CANCEL, lambda right, contract: contract),
    ),
    Mutant("crossed_quote", "test_054_quotes_have_two_sides", _quotes(_crossed)),
    Mutant("size_of_minus_one", "test_054_quotes_have_two_sides", _quotes(_sizes_of_minus_one)),
    Mutant("last_off_the_grid", "test_056_last_trade_is_whole", _quotes(_last_off_the_grid)),
    Mutant("delayed_in_silence", "test_073_quotes_say_what_they_are_worth", _quotes(_delayed_in_silence)),
    Mutant("ticker_for_nothing", "test_073_quote_of_a_missing_contract", answer(_TICKER, _ticker_for_nothing)),
    Mutant("unsorted_ticks", "test_055_ticks_are_in_order", after(_TICKS, lambda ticks: ticks[::-1])),
)
