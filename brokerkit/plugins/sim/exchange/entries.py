"""The entries of the event log: one class per kind of event, and its line of text.

The log contains the exchange's own order numbers and never a client's reference, so that the same calls
with the same seed give the same bytes in any process.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from brokerkit.plugins.sim.exchange.units import PRICE_DECIMALS, SECOND, money_of, plain, price_of, price_units, time_of
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.events import CommissionReport, ConnectionState
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Holding
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder

STATUS, FILL, COMMISSION, POSITION, CONNECTION, GAP, NOTE = range(7)


class Status(NamedTuple):
    """An order's state, instruction or reason changed."""

    kind: int
    time: int
    live: LiveOrder
    state: OrderState
    order: Order
    fills: int
    reason: str

    def as_view(self) -> BrokerOrder:
        """Return the order as it was at this entry."""
        return self.live.as_of(self.state, self.fills, self.order, self.reason, self.time)

    def line(self) -> str:
        """Return the entry's text, without its time."""
        why = f": {self.reason}" if self.reason else ""
        return f"#{self.live.number} {self.state.value} {describe(self.order, self.live.account.name)}{why}"


ExecutionRow = tuple[int, int, int, str, int, int, int, int, int, int, bool, "ExecutionRow | None"]
"""FILL, time, order number, order state after it, execution number, signed lots, price, commission, leg,
number of the execution that it corrects, whether it was late, and the row of the order's previous execution."""


def fill_of(live: LiveOrder, row: ExecutionRow, *, reported: bool = True) -> Fill:
    """Return an execution as a `Fill`, without its commission unless that is reported."""
    _, time, _, _, number, quantity, price, commission, leg, corrects, late, _ = row
    prefix, holding = live.venue.execution_prefix, live.holding_of(leg)
    return Fill(
        f"{prefix}{number}",
        live.order.order_ref,
        holding.contract,
        quantity,
        price_of(price),
        time_of(time),
        live.account.name,
        leg,
        money_of(holding.currency, commission) if reported else None,
        f"{prefix}{corrects}" if corrects else "",
        late,
    )


class Execution(NamedTuple):
    """Lots of one contract traded at one price."""

    kind: int
    time: int
    live: LiveOrder
    row: ExecutionRow
    reported: bool = True

    @property
    def state(self) -> OrderState:
        """The order's state immediately after it."""
        return OrderState(self.row[3])

    @property
    def number(self) -> int:
        """The exchange's number for the execution."""
        return self.row[4]

    @property
    def quantity(self) -> int:
        """Signed lots."""
        return self.row[5]

    @property
    def price(self) -> int:
        """The price, in price units."""
        return self.row[6]

    @property
    def commission(self) -> int:
        """The commission, in money units."""
        return self.row[7]

    @property
    def leg(self) -> int:
        """The position of the contract among its order's legs."""
        return self.row[8]

    @property
    def corrects(self) -> int:
        """The number of the execution that this one replaces; 0 for a new execution."""
        return self.row[9]

    @property
    def late(self) -> bool:
        """Whether it arrived after the order's final state."""
        return self.row[10]

    @property
    def holding(self) -> Holding:
        """The holding that it was booked to."""
        return self.live.holding_of(self.row[8])

    @property
    def execution_id(self) -> str:
        """The exchange's id for the execution."""
        return f"{self.live.venue.execution_prefix}{self.number}"

    def as_fill(self) -> Fill:
        """Return the execution as a `Fill`."""
        return fill_of(self.live, self.row, reported=self.reported)

    def as_commission(self) -> CommissionReport:
        """Return the execution's commission report."""
        cost = money_of(self.holding.cash.currency, self.commission)
        return CommissionReport(self.execution_id, self.live.order_ref, cost, time_of(self.time))

    def as_view(self) -> BrokerOrder:
        """Return the order as it was immediately after this execution."""
        live = self.live
        count = sum(one.number <= self.number for one in live.executions)
        return live.as_of(self.state, count, live.order, live.reason, self.time)

    def line(self) -> str:
        """Return the entry's text, without its time."""
        holding = self.holding
        text = f"#{self.live.number} fill {self.quantity:+d} {holding.listing.name} @ {price_of(self.price)}"
        cost = f" commission {money_of(holding.cash.currency, self.commission).amount}" if self.commission else ""
        more = f" corrects {self.corrects}" if self.corrects else ""
        return f"{text}{cost} execution {self.number}{more}{' late' if self.late else ''}, {self.state.value}"


class Settlement(NamedTuple):
    """A position was closed at the end of its contract, at no cost."""

    kind: int
    time: int
    holding: Holding
    quantity: int
    price: int
    realised: int

    def line(self) -> str:
        """Return the entry's text, without its time."""
        profit = money_of(self.holding.cash.currency, self.realised)
        place = f"{self.holding.listing.name} in {self.holding.account.name}"
        return f"settled {self.quantity:+d} {place} @ {price_of(self.price)}, realised {profit}"


class Connection(NamedTuple):
    """The state of the client's connection changed, or a silent stall was detected."""

    kind: int
    time: int
    state: ConnectionState
    reason: str
    since: int = 0

    def line(self) -> str:
        """Return the entry's text, without its time."""
        if self.kind == GAP:
            return f"gap since {stamp(self.since)}: {self.reason}"
        return f"connection {self.state.value}: {self.reason}"


class Repeat(NamedTuple):
    """An earlier entry reaches the client only now."""

    kind: int
    time: int
    entry: Entry

    def line(self) -> str:
        """Return the entry's text, without its time."""
        what = "commission of " if self.kind == COMMISSION else ""
        return f"told late: {what}{self.entry.line()}"


class Note(NamedTuple):
    """Any other event worth logging, such as a fault that occurred."""

    kind: int
    time: int
    text: str

    def line(self) -> str:
        """Return the entry's text, without its time."""
        return self.text


Entry = Status | Execution | Settlement | Connection | Repeat | Note


def stamp(nanoseconds: int) -> str:
    """Return an instant as ISO 8601 text in UTC, with a fraction only if there is one.

    Example:
        >>> stamp(0), stamp(1_500_000_000)
        ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.5Z')
    """
    seconds, rest = divmod(nanoseconds, SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{time_of(seconds * SECOND):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def describe(order: Order, account: str) -> str:
    """Return an instruction as text: quantity, contract, type, prices, time in force and account."""
    quantity = ",".join(f"{lots:+d}" for lots in order.quantity)
    words = [quantity, str(order.contract), order.order_type.value, *_prices(order), order.time_in_force.value, account]
    return " ".join(words)


def _prices(order: Order) -> list[str]:
    words = []
    if order.trail_amount is not None:
        words.append(f"by {_short(order.trail_amount)}")
    if order.trail_percent is not None:
        words.append(f"by {_short(order.trail_percent)}%")
    if order.stop_price is not None:
        words.append(_short(order.stop_price))
    if order.limit_price is not None:
        words.append(_short(order.limit_price) if order.stop_price is None else f"limit {_short(order.limit_price)}")
    return words


def _short(price: Decimal) -> str:
    return str(plain(price_units(price), PRICE_DECIMALS))


def render(entry: Entry) -> str:
    """Return an entry as one line of the event log."""
    return f"{stamp(entry.time)} {entry.line()}"
