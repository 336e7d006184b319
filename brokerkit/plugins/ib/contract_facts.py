"""IB's facts about a contract, as typed values."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from brokerkit.errors import OffTickPrice
from brokerkit.plugins.ib.contract_rules import Candidate
from brokerkit.plugins.ib.instrument_table import InstrumentRow
from brokerkit.plugins.ib.times import Expiry
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.contracts import ContractWithBrokerData


@attrs.frozen
class ContractQuery:
    """The contracts to request from IB.

    Attributes:
        symbol: IB's symbol.
        exchange: IB's name of the exchange; empty for any.
        currency: Empty for any.
        multiplier: IB's multiplier as text; empty for any.
        date: `YYYYMM`, `YYYYMMDD`, or empty for the whole chain.
        con_id: A contract's id, which identifies it without the rest.
        security_type: `FUT` or `CASH`.
        include_expired: Whether to include contracts that no longer trade.
    """

    symbol: str = ""
    exchange: str = ""
    currency: str = ""
    multiplier: str = ""
    date: str = ""
    con_id: int = 0
    security_type: str = "FUT"
    include_expired: bool = True


@attrs.frozen
class ContractFacts:
    """One contract as IB describes it.

    Attributes:
        con_id: IB's contract id.
        symbol: IB's symbol.
        security_type: `FUT` or `CASH`.
        exchange: The exchange it is routed to.
        currency: Its currency.
        multiplier: None where IB reports none.
        local_symbol: The exchange's own symbol.
        trading_class: IB's trading class within the symbol.
        contract_month: The month it is named by, `YYYYMM`; empty where IB reports none.
        expiry: When it stops trading; None for a currency pair.
        min_tick: The smallest price increment at any price.
        price_magnifier: The factor of quoted prices over prices in currency.
        zone_id: IB's name of the zone of its hours.
        hours_text: IB's text of its trading hours.
        market_rule_ids: One per valid exchange.
        valid_exchanges: The exchanges it can be routed to.
        long_name: A description.
    """

    con_id: int
    symbol: str
    security_type: str
    exchange: str
    currency: str
    multiplier: Decimal | None
    local_symbol: str
    trading_class: str
    contract_month: str
    expiry: Expiry | None
    min_tick: Decimal
    price_magnifier: Decimal
    zone_id: str
    hours_text: str
    market_rule_ids: tuple[int, ...] = ()
    valid_exchanges: tuple[str, ...] = ()
    long_name: str = ""

    @property
    def as_candidate(self) -> Candidate:
        """The input of a contract rule."""
        if self.expiry is None:
            raise ValueError(f"{self.local_symbol} has no expiry")
        return Candidate(self.local_symbol, self.expiry.day)

    def market_rule_id(self) -> int:
        """Return the id of the market rule on its own exchange; 0 if IB reports none."""
        by_exchange = dict(zip(self.valid_exchanges, self.market_rule_ids, strict=False))
        return by_exchange.get(self.exchange, self.market_rule_ids[0] if self.market_rule_ids else 0)


@attrs.frozen
class PriceSteps:
    """The price increments of a contract, which for some are larger at higher prices.

    Attributes:
        steps: Pairs of the price from which an increment applies, and the increment, in ascending order.
    """

    steps: tuple[tuple[Decimal, Decimal], ...]

    @property
    def smallest(self) -> Decimal:
        """The smallest increment at any price."""
        return min(step for _, step in self.steps)

    def at(self, price: Decimal) -> Decimal:
        """Return the increment at a price, which for a negative price is that of its absolute value."""
        held = [step for edge, step in self.steps if edge <= abs(price)]
        return held[-1] if held else self.steps[0][1]

    def check(self, price: Decimal | None, what: str, place: str) -> None:
        """Raise unless a price is a multiple of its increment.

        Raises:
            OffTickPrice: It is between two valid prices; both are named.
        """
        if price is None:
            return
        step = self.at(price)
        below = price // step * step
        if price < below:  # Decimal division truncates towards zero
            below -= step
        if below != price:
            raise OffTickPrice(
                f"{what} {price} is not a multiple of the tick {step}.",
                place=place,
                remedy=f"The nearest valid prices are {below} and {below + step}.",
                candidates=(below, below + step),
            )


@attrs.frozen
class ResolvedContract:
    """A contract of ours with IB's facts about it.

    Attributes:
        contract: Our contract, named by month, or by expiry where a month has several.
        row: Its instrument's row in the table.
        facts: IB's facts.
        steps: Its price increments.
        read: When the facts were requested, aware UTC.
    """

    contract: FuturesContract
    row: InstrumentRow
    facts: ContractFacts
    steps: PriceSteps
    read: datetime

    @property
    def expiry(self) -> Expiry:
        """When it stops trading."""
        if self.facts.expiry is None:
            raise ValueError(f"{self.contract} has no expiry")
        return self.facts.expiry

    def is_expired_at(self, moment: datetime) -> bool:
        """Return whether it no longer trades at an aware time."""
        expiry = self.expiry
        return expiry.moment <= moment if expiry.moment is not None else expiry.day < moment.date()

    def as_broker_data(self, moment: datetime) -> ContractWithBrokerData:
        """Return the contract with broker data as of an aware time."""
        return ContractWithBrokerData(
            contract=self.contract,
            instrument=self.row.as_instrument(),
            broker_id=str(self.facts.con_id),
            expiry=self.expiry.day,
            tick_size=self.steps.smallest,
            last_trade=self.expiry.moment,
            is_expired=self.is_expired_at(moment),
        )
