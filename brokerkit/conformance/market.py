"""The part of a broker's market that the suite looks at: one instrument, its contracts, its prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from brokerkit import AccountKind, FuturesContract, FxPair, Quote
from brokerkit.conformance.capability import trades_currency_only
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.outcomes import blocked
from brokerkit.errors import BrokerkitError, MissingData

if TYPE_CHECKING:
    import pandas as pd

    from brokerkit import Broker

_WEEKS_AHEAD = timedelta(days=14)
_INSTRUMENTS_TRIED = 8
_AN_HOUR = 3600.0
_UNITS_OF_A_PAIR = 25_000
_DIGITS_OF_A_RATE = 4


class Market:
    """What the suite reads and trades, found by asking the broker where the author does not say.

    Attributes:
        broker: The opened broker.
        facts: What the author says.

    Args:
        known: The contract, when it was found already; otherwise it is looked for.
    """

    def __init__(self, broker: Broker, facts: Facts, known: FuturesContract | None = None) -> None:
        self.broker = broker
        self.facts = facts
        self._known = facts.contract or known

    @cached_property
    def instrument(self) -> str:
        """The code of the instrument that is looked at."""
        if self._known is not None:
            return self._known.instrument_code
        return self.facts.instrument or self._first_that_trades()

    @cached_property
    def contract(self) -> FuturesContract:
        """The contract that is looked at and traded: the first that does not end within two weeks."""
        if self._known is not None:
            return self._known
        dates = self.dates
        return next(
            (each for each in map(self.dated, dates[:6]) if self.expiry(each) - self.today > _WEEKS_AHEAD),
            self.dated(dates[-1]),
        )

    @cached_property
    def traded(self) -> FuturesContract | FxPair:
        """What orders are for: the contract, or the pair where the broker trades currency only."""
        return FxPair(self.fx_code) if trades_currency_only(self.broker) else self.contract

    def lots(self, count: int) -> int:
        """Return the quantity of an order for so many lots; a lot of a pair is taken to be 25,000 units."""
        return count * _UNITS_OF_A_PAIR if isinstance(self.traded, FxPair) else count

    @property
    def found(self) -> FuturesContract | None:
        """The contract, if it is known or was looked for."""
        found: FuturesContract | None = vars(self).get("contract", self._known)
        return found

    @cached_property
    def expiring_contract(self) -> FuturesContract:
        """The contract that trades now and ends first, of the instruments that may be looked at."""
        return min(self._that_end_tomorrow_or_later(), key=self.expiry, default=self.contract)

    @cached_property
    def next_contract(self) -> FuturesContract:
        """The contract after it, for spreads."""
        later = [day for day in self.dates if day > self.contract.date]
        return self.dated(later[0]) if later else blocked(f"{self.instrument} has one contract only")

    @cached_property
    def spread(self) -> FuturesContract:
        """The two contracts as one spread."""
        return FuturesContract(self.instrument, (self.contract.date, self.next_contract.date))

    @cached_property
    def expired_contract(self) -> FuturesContract:
        """A contract that no longer trades."""
        everything = self.broker.contracts.get_list_of_contract_dates_for_instrument_code(
            self.instrument, allow_expired=True
        )
        gone = [day for day in everything if day not in self.dates]
        return self.dated(gone[-1]) if gone else blocked(f"no contract of {self.instrument} has expired")

    @cached_property
    def missing_contract(self) -> FuturesContract:
        """A contract that never was."""
        return FuturesContract(self.instrument, "190001")

    @cached_property
    def dates(self) -> list[str]:
        """The dates of the instrument's contracts."""
        return self.broker.contracts.get_list_of_contract_dates_for_instrument_code(self.instrument)

    @cached_property
    def tick(self) -> Decimal:
        """The price step of the contract."""
        return self.broker.contracts.get_min_tick_size_for_contract(self.contract)

    @cached_property
    def _step(self) -> Decimal:
        """A price step on which every order may be priced: the tick; of a pair, the fourth digit of its rate."""
        if isinstance(self.traded, FxPair):
            return Decimal(1).scaleb(self._rate.adjusted() + 1 - _DIGITS_OF_A_RATE)
        return self.tick

    @cached_property
    def _rate(self) -> Decimal:
        return Decimal(str(self.broker.fx.get_fx_prices(self.fx_code).iloc[-1]))

    @cached_property
    def fx_code(self) -> str:
        """The currency pair that is looked at."""
        return self.facts.fx_code or self.broker.fx.get_list_of_fxcodes()[0]

    @cached_property
    def account(self) -> str:
        """The account that is traded in."""
        return self.facts.account or self.broker.capital.get_list_of_accounts()[0].account_id

    @cached_property
    def patience(self) -> float:
        """Seconds that any one wait may take, by the broker's clock."""
        return _AN_HOUR if self.broker.account_kind is AccountKind.SIMULATED else self.facts.timeout

    @property
    def today(self) -> date:
        """The day, by the broker's clock as far as it can be told."""
        return self.now.date()

    @property
    def now(self) -> datetime:
        """The time, by the broker's clock: that of the session that is on, or else of this machine."""
        if self.broker.supports("get_ticker_object_for_contract") and (clock := self._clock_contract) is not None:
            try:
                return self.broker.prices.get_ticker_object_for_contract(clock).quote().time
            except BrokerkitError:
                pass
        return datetime.now(timezone.utc)

    @cached_property
    def _clock_contract(self) -> FuturesContract | None:
        return self._known or (self.dated(self.dates[0]) if self.dates else None)

    def until_closing(self) -> float:
        """Return for how many seconds the market stays open; 0 when it is closed."""
        now = self.now
        sessions = self.broker.contracts.get_trading_hours_for_contract(self.contract)
        open_now = [each for each in sessions if each.opening_time <= now < each.closing_time]
        return (open_now[0].closing_time - now).total_seconds() if open_now else 0.0

    def dated(self, day: str) -> FuturesContract:
        """Return the instrument's contract of that date."""
        return FuturesContract(self.instrument, day)

    def expiry(self, contract: FuturesContract) -> date:
        """Return the day a contract ends."""
        return self.broker.contracts.get_actual_expiry_date_for_single_contract(contract)

    def daily_bars(self) -> pd.DataFrame:
        """Return a copy of the contract's daily bars, which are asked for once: brokers count such questions."""
        bars: pd.DataFrame = self._daily_bars.copy()
        return bars

    @cached_property
    def _daily_bars(self) -> pd.DataFrame:
        return self.broker.prices.get_prices_for_contract_object(self.contract)

    def quote(self) -> Quote:
        """Return a quote of the contract with both sides."""
        ticker = self.broker.prices.get_ticker_object_for_contract(self.contract)
        return ticker.wait_for_quote(self.patience)

    def bid_ask(self) -> tuple[Decimal, Decimal]:
        """Return the best prices; a step around the last close or rate, where the broker gives no quote."""
        if isinstance(self.traded, FxPair):
            rate = self.on_grid(self._rate)
            return rate - self._step, rate + self._step
        if self.broker.supports("get_ticker_object_for_contract"):
            try:
                quote = self.quote()
            except MissingData:
                pass
            else:
                if quote.bid is not None and quote.ask is not None:
                    return quote.bid, quote.ask
        close = self.on_grid(Decimal(str(self.daily_bars()["close"].iloc[-1])))
        return close - self.tick, close + self.tick

    def on_grid(self, price: Decimal, *, up: bool = False) -> Decimal:
        """Return the nearest price on the tick grid below, or above."""
        rounding = ROUND_CEILING if up else ROUND_FLOOR
        return (price / self._step).to_integral_value(rounding) * self._step

    def resting_buy(self, part: int = 1) -> Decimal:
        """Return a price at which a limit order to buy rests; each `part` is one distance further."""
        bid, _ = self.bid_ask()
        return self.on_grid(bid - part * self._distance(bid))

    def resting_sell(self, part: int = 1) -> Decimal:
        """Return a price at which a limit order to sell rests."""
        _, ask = self.bid_ask()
        return self.on_grid(ask + part * self._distance(ask), up=True)

    def crossing_buy(self) -> Decimal:
        """Return a price at which a limit order to buy trades at once."""
        _, ask = self.bid_ask()
        return self.on_grid(ask + self._distance(ask) / 5, up=True)

    def crossing_sell(self) -> Decimal:
        """Return a price at which a limit order to sell trades at once."""
        bid, _ = self.bid_ask()
        return self.on_grid(bid - self._distance(bid) / 5)

    def _distance(self, price: Decimal) -> Decimal:
        return max(abs(price) * Decimal(str(self.facts.distance)), 20 * self._step)

    def _that_end_tomorrow_or_later(self) -> Iterator[FuturesContract]:
        chosen = self.facts.instrument or self.facts.contract is not None
        for code in (
            [self.instrument] if chosen else self.broker.prices.get_instruments_with_price_data()[:_INSTRUMENTS_TRIED]
        ):
            dates = self.broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
            for contract in (FuturesContract(code, day) for day in dates[:2]):
                if self.expiry(contract) > self.today and self.broker.contracts.is_contract_okay_to_trade(contract):
                    yield contract

    def _first_that_trades(self) -> str:
        codes = self.broker.prices.get_instruments_with_price_data()
        for code in codes[:_INSTRUMENTS_TRIED]:
            try:
                dates = self.broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
                if dates and self.broker.contracts.is_contract_okay_to_trade(FuturesContract(code, dates[0])):
                    return code
            except BrokerkitError:
                continue
        return codes[0] if codes else blocked("the broker lists no instrument with prices")
