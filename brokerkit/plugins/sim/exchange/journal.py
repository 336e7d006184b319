"""The event log: one entry for each thing that happened, in order, and its line of text.

The log holds the exchange's own order numbers and never a client's reference, so that the same calls
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
    """An order changed its state, its instruction or its reason."""

    kind: int
    time: int
    live: LiveOrder
    state: OrderState
    order: Order
    fills: int
    reason: str

    def as_view(self) -> BrokerOrder:
        """Return the order as it stood when this happened."""
        return self.live.as_of(self.state, self.fills, self.order, self.reason, self.time)

    def line(self) -> str:
        """Return what happened, without its time."""
        why = f": {self.reason}" if self.reason else ""
        return f"#{self.live.number} {self.state.value} {describe(self.order, self.live.account.name)}{why}"


class Execution(NamedTuple):
    """So many lots of one contract traded at one price."""

    kind: int
    time: int
    live: LiveOrder
    state: OrderState
    number: int
    quantity: int
    price: int
    commission: int
    holding: Holding
    leg: int = 0
    corrects: int = 0
    late: bool = False
    reported: bool = True
    previous: Execution | None = None

    def as_fill(self) -> Fill:
        """Return the execution as the contract's `Fill`."""
        holding, live = self.holding, self.live
        return Fill(
            f"{live.prefix}{self.number}",
            live.order.order_ref,
            holding.listing.contract,
            self.quantity,
            price_of(self.price),
            time_of(self.time),
            holding.account.name,
            self.leg,
            money_of(holding.cash.currency, self.commission) if self.reported else None,
            f"{live.prefix}{self.corrects}" if self.corrects else "",
            self.late,
        )

    @property
    def execution_id(self) -> str:
        """The exchange's id of the execution."""
        return f"{self.live.prefix}{self.number}"

    def as_commission(self) -> CommissionReport:
        """Return what the execution cost."""
        cost = money_of(self.holding.cash.currency, self.commission)
        return CommissionReport(self.execution_id, self.live.order_ref, cost, time_of(self.time))

    def as_view(self) -> BrokerOrder:
        """Return the order as it stood right after this execution."""
        live = self.live
        return live.as_of(self.state, live.executions.index(self) + 1, live.order, live.reason, self.time)

    def line(self) -> str:
        """Return what happened, without its time."""
        text = f"#{self.live.number} fill {self.quantity:+d} {self.holding.listing.name} @ {price_of(self.price)}"
        cost = f" commission {money_of(self.holding.cash.currency, self.commission).amount}" if self.commission else ""
        more = f" corrects {self.corrects}" if self.corrects else ""
        return f"{text}{cost} execution {self.number}{more}{' late' if self.late else ''}, {self.state.value}"


class Settlement(NamedTuple):
    """A position was closed by the end of its contract, at no cost."""

    kind: int
    time: int
    holding: Holding
    quantity: int
    price: int
    realised: int

    def line(self) -> str:
        """Return what happened, without its time."""
        profit = money_of(self.holding.cash.currency, self.realised)
        place = f"{self.holding.listing.name} in {self.holding.account.name}"
        return f"settled {self.quantity:+d} {place} @ {price_of(self.price)}, realised {profit}"


class Line(NamedTuple):
    """The line to the client changed, or was found to have been silent."""

    kind: int
    time: int
    state: ConnectionState
    reason: str
    since: int = 0

    def line(self) -> str:
        """Return what happened, without its time."""
        if self.kind == GAP:
            return f"gap since {stamp(self.since)}: {self.reason}"
        return f"connection {self.state.value}: {self.reason}"


class Repeat(NamedTuple):
    """The client is told only now of an earlier entry."""

    kind: int
    time: int
    entry: Entry

    def line(self) -> str:
        """Return what happened, without its time."""
        what = "commission of " if self.kind == COMMISSION else ""
        return f"told late: {what}{self.entry.line()}"


class Note(NamedTuple):
    """Anything else worth a line, such as a fault at work."""

    kind: int
    time: int
    text: str

    def line(self) -> str:
        """Return what happened, without its time."""
        return self.text


Entry = Status | Execution | Settlement | Line | Repeat | Note


def stamp(nanoseconds: int) -> str:
    """Return an instant as text: ISO 8601, UTC, with a fraction only where there is one.

    Example:
        >>> stamp(0), stamp(1_500_000_000)
        ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.5Z')
    """
    seconds, rest = divmod(nanoseconds, SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{time_of(seconds * SECOND):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def describe(order: Order, account: str) -> str:
    """Return an instruction as text: what, how, how long, for whom."""
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
