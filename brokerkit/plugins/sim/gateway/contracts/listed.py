"""One of the exchange's contracts in IB's terms: contract id, symbol, exchange, last trading day."""

from __future__ import annotations

import zlib
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.codec.wire import write_number, write_size
from brokerkit.spec.contract import FuturesContract, FxPair

MONTH_CODES = "FGHJKMNQUVXZ"


@attrs.frozen
class InstrumentCard:
    """An instrument in IB's terms.

    Attributes:
        code: The instrument code, or a pair's six letters.
        symbol: IB's symbol.
        exchange: The exchange on which it trades.
        multiplier: IB's multiplier; blank for the exchange's.
        long_name: Its full name.
        trading_class: IB's trading class; blank for the symbol.
        local_symbol: The local symbol of the only contract with this card, such as a weekly or daily, whose symbol is
            not class, month and year. Blank builds it from those.
        time_zone: IANA name of its exchange's zone.
        industry: Its industry; blank if it has none.
    """

    code: str
    symbol: str
    exchange: str
    multiplier: str = ""
    long_name: str = ""
    trading_class: str = ""
    local_symbol: str = ""
    time_zone: str = "UTC"
    industry: str = ""


def contract_number(name: str) -> int:
    """Return the contract id derived from a name: the same in every process, between 100 million and 1 billion.

    Example:
        >>> contract_number("CORN/202312") == contract_number("CORN/202312")
        True
    """
    return 100_000_000 + zlib.crc32(name.encode()) % 900_000_000


@attrs.frozen(eq=False, slots=False)  # for its cached properties
class Listed:
    """A listed contract: its terms on the exchange, and its instrument in IB's terms.

    Attributes:
        since: The start of its first day, before which it is not found; None for always.
    """

    con_id: int
    terms: ContractTerms
    card: InstrumentCard
    since: datetime | None = None

    @cached_property
    def is_future(self) -> bool:
        """Whether it is a future; otherwise it is a currency pair."""
        return isinstance(self.terms.contract, FuturesContract)

    @property
    def sec_type(self) -> str:
        """IB's security type."""
        return "FUT" if self.is_future else "CASH"

    @property
    def contract_month(self) -> str:
        """The contract month, `yyyymm`; blank for a pair."""
        contract = self.terms.contract
        return contract.date[:6] if isinstance(contract, FuturesContract) else ""

    @cached_property
    def last_trade_date(self) -> str:
        """The last trading day, `yyyymmdd`, in its exchange's zone; blank for a pair."""
        contract = self.terms.contract
        if not isinstance(contract, FuturesContract):
            return ""
        if self.terms.expiry is None:
            return contract.date if len(contract.date) == 8 else contract.date + "01"
        return f"{self.terms.expiry.astimezone(ZoneInfo(self.card.time_zone)):%Y%m%d}"

    @cached_property
    def local_symbol(self) -> str:
        """The local symbol, such as `ESZ3`, or `EUR.USD` for a pair."""
        contract = self.terms.contract
        if isinstance(contract, FxPair):
            return f"{contract.base}.{contract.quote}"
        if self.card.local_symbol:
            return self.card.local_symbol
        month = MONTH_CODES[int(contract.date[4:6]) - 1]
        day = contract.date[6:]
        return f"{self.trading_class}{month}{contract.date[3]}{day}"

    @cached_property
    def trading_class(self) -> str:
        """IB's trading class."""
        if isinstance(self.terms.contract, FxPair):
            return self.local_symbol
        return self.card.trading_class or self.card.symbol

    @cached_property
    def multiplier(self) -> str:
        """IB's multiplier as text; blank for a pair."""
        return (self.card.multiplier or write_size(float(self.terms.multiplier))) if self.is_future else ""

    @cached_property
    def market_rule(self) -> int:
        """The id of the market rule with its price increment."""
        return market_rule_of(self.terms.tick_size)

    def has_date(self, asked: str) -> bool:
        """Return whether a client's date is its last trading day or its month; blank is any."""
        text = asked.split(" ")[0]
        return not text or text in (self.last_trade_date, self.contract_month)

    def expired(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.terms.expiry is not None and self.terms.expiry <= now

    @cached_property
    def wire(self) -> Contract:
        """The contract as sent to clients."""
        return Contract(
            con_id=self.con_id,
            symbol=self.card.symbol,
            sec_type=self.sec_type,
            last_trade_date=self.last_trade_date,
            multiplier=self.multiplier,
            exchange=self.card.exchange,
            primary_exchange=self.card.exchange,
            currency=self.terms.currency,
            local_symbol=self.local_symbol,
            trading_class=self.trading_class,
        )

    @cached_property
    def traded(self) -> Contract:
        """The contract as sent with orders: without its primary exchange."""
        return attrs.evolve(self.wire, primary_exchange="")


def market_rule_of(tick: Decimal) -> int:
    """Return the id of the market rule for a price increment: the same for equal increments."""
    return 1 + zlib.crc32(write_number(float(tick)).encode()) % 9000
