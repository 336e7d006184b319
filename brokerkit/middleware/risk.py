"""Risk limits that are checked before the broker sees an order, and a kill switch."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from brokerkit.errors import (
    CallRefused,
    ConnectionLost,
    InvalidArgument,
    OrderError,
    PacingViolation,
    RiskLimitExceeded,
    StoreError,
)
from brokerkit.middleware.exposure import Book, read_book
from brokerkit.middleware.last_price import last_price, notional_value
from brokerkit.middleware.names import Names
from brokerkit.middleware.proposal import Proposal, proposal_of
from brokerkit.middleware.trading_state import TradingState, state_in_file
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.domains import Domains
from brokerkit.spec.hooks import HookFacts
from brokerkit.spec.middleware import Call, Middleware, Surroundings
from brokerkit.spec.order import Order


def _check_not_negative(instance: Any, attribute: attrs.Attribute[Any], value: Decimal | int | None) -> None:
    if value is not None and value < 0:
        raise InvalidArgument(f"{attribute.name} is {value}; it should be 0 or more.")


_NOT_PLACED = (CallRefused, OrderError, ConnectionLost, PacingViolation, StoreError)
"""What says for certain that a call left nothing with the broker."""


@attrs.define(eq=False)
class Risk(Middleware):
    """Refuses orders, and changes to orders, that exceed a limit. Cancels always pass.

    A limit that cannot be checked counts as exceeded. Orders that threads place at the same time are
    counted together. The exits of a bracket count against what their parent opens, and may not be larger
    than it; their prices are checked like those of any order.

    Attributes:
        max_order: The largest order, in lots of any leg.
        max_position: The largest position in a futures contract, in lots, assuming that every working order
            that can fill does: of orders that cancel each other, only one.
        max_orders_per_minute: The most orders and changes that may be sent in any 60 seconds.
        max_notional: The largest value of an order, by the instrument's currency. An order in a
            currency that is not listed is refused.
        price_collar: The most, in percent, by which a limit or trigger of the order or its exits may differ
            from the last price.
        halt_file: While this file exists, trading is halted; if it contains `reducing`, orders that only
            reduce a position pass.
    """

    max_order: int | None = attrs.field(default=None, validator=_check_not_negative, metadata={"help": "lots"})
    max_position: int | None = attrs.field(
        default=None, validator=_check_not_negative, metadata={"help": "lots in one contract"}
    )
    max_orders_per_minute: int | None = attrs.field(
        default=None, validator=_check_not_negative, metadata={"help": "orders and changes in 60 s"}
    )
    max_notional: Mapping[str, Decimal] = attrs.field(factory=dict, metadata={"help": "amounts, by currency"})
    price_collar: Decimal | None = attrs.field(
        default=None, validator=_check_not_negative, metadata={"help": "percent from the last price"}
    )
    halt_file: Path | None = attrs.field(default=None, metadata={"help": "while it exists, trading is halted"})
    _state: TradingState = attrs.field(default=TradingState.ACTIVE, init=False)
    _reason: str = attrs.field(default="", init=False)
    _broker_name: str = attrs.field(default="", init=False, repr=False)
    _broker: Domains = attrs.field(init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)
    _sent: deque[float] = attrs.field(factory=deque, init=False, repr=False)
    _in_flight: list[Proposal] = attrs.field(factory=list, init=False, repr=False)
    _landed: int = attrs.field(default=0, init=False, repr=False)

    def opened(self, surroundings: Surroundings) -> None:
        """Learn whose orders are checked, and where the halt file is: the program may go to another folder."""
        self.halt_file = self.halt_file and self.halt_file.absolute()
        self._broker_name = surroundings.broker_name
        self._broker = surroundings.broker

    @property
    def state(self) -> TradingState:
        """What passes now: what the calls below set, or what the halt file says, whichever is stricter."""
        return max(self._state, state_in_file(self.halt_file))

    def halt(self, reason: str) -> None:
        """Let only cancels pass from now on."""
        self._state, self._reason = TradingState.HALTED, reason

    def reduce_only(self, reason: str) -> None:
        """Let only cancels pass, and orders that make a position smaller."""
        self._state, self._reason = TradingState.REDUCING, reason

    def resume(self) -> None:
        """Let orders pass again. A halt file still counts while it exists."""
        self._state, self._reason = TradingState.ACTIVE, ""

    def applies(self, hook: HookFacts) -> bool:
        """Return whether the hook can put an order into the market, or change one there."""
        return hook.writes and not hook.cancels

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Check what the call would lead to, and refuse it when that is beyond a limit.

        Raises:
            RiskLimitExceeded: It is; the message names the limit. Nothing was sent.
        """
        self._check_halted(call)
        proposal = proposal_of(call)
        if proposal is None:
            return (yield)
        self._check_order(proposal.order)
        self._check_together(call, proposal)
        try:
            result = yield
        except _NOT_PLACED:
            self._land(lambda each: each is proposal)
            raise
        self._land(lambda each: each.order.order_ref == proposal.order.order_ref)
        return result

    def _check_halted(self, call: Call) -> None:
        if self.state is TradingState.HALTED:
            raise self._refusal(
                f"trading is halted{self._why()}: {call.hook.name} was refused", "resume() it, or remove the halt file."
            )

    def _check_order(self, order: Order) -> None:
        """Check what the order alone tells."""
        largest = max(map(abs, order.quantity))
        if self.max_order is not None and largest > self.max_order:
            raise self._refusal(f"an order of {largest} lots is above max_order = {self.max_order}")
        if self.max_order is not None or self.max_position is not None or self.max_notional:
            self._check_exits(order)
        if self.price_collar is not None:
            self._check_collar(order, self.price_collar)
        if self.max_notional:
            self._check_notional(order)

    def _check_collar(self, order: Order, percent: Decimal) -> None:
        prices = [
            price for each in _family(order) for price in (each.limit_price, each.stop_price) if price is not None
        ]
        if not prices:
            return
        last, scale = last_price(self._broker, order)
        for price in prices:
            if abs(price - last) > scale * percent / 100:
                raise self._refusal(f"a price of {price} is more than {percent} % from the last price, {last}")

    def _check_notional(self, order: Order) -> None:
        value = notional_value(self._broker, order)
        limit = self.max_notional.get(value.currency)
        if limit is None:
            raise self._refusal(f"max_notional has no limit for {value.currency}")
        if value.amount > limit:
            raise self._refusal(f"an order worth {value} is above max_notional = {limit} {value.currency}")

    def _check_together(self, call: Call, proposal: Proposal) -> None:
        """Check what an order leads to together with all others, and count it as sent when it passes."""
        while True:
            landed = self._landed
            book = self._read_book(proposal)
            with self._lock:
                if landed != self._landed:
                    continue  # an order arrived while the broker was asked: what it said may be old
                self._check_halted(call)  # again: asking the broker may take long
                self._check_positions(proposal, book.with_proposals(self._in_flight))
                self._check_frequency()
                self._sent.append(time.monotonic())
                self._in_flight.append(proposal)
                return

    def _read_book(self, proposal: Proposal) -> Book:
        needed = self.max_position is not None or self.state is TradingState.REDUCING
        if needed and isinstance(proposal.order.contract, FuturesContract):
            return read_book(self._broker, proposal, [each.order.order_ref for each in tuple(self._in_flight)])
        return Book({}, {}, (), Names((), self._broker))

    def _check_positions(self, proposal: Proposal, book: Book) -> None:
        if self.state is TradingState.REDUCING and (proposal.is_new and proposal.order.children):
            raise self._refusal(
                f"only orders that make a position smaller pass{self._why()}, and a child opens one again"
            )
        if self.state is TradingState.REDUCING and not (
            book.exposures and all(book.exposures[leg].only_shrinks(lots) for leg, lots in proposal.lots.items())
        ):
            raise self._refusal(f"only orders that make a position smaller pass{self._why()}")
        for contract, exposure in book.exposures.items():
            lots = proposal.lots[contract]
            reach = exposure.with_order(lots).reach(1 if lots > 0 else -1)
            if self.max_position is not None and reach > self.max_position:
                raise self._refusal(
                    f"the position in {contract} could reach {reach} lots, above max_position = {self.max_position}"
                )

    def _check_exits(self, order: Order) -> None:
        """Check what counting a bracket as its entry relies on: its exits close no more than that opens."""
        for each in order.children:
            if any(abs(lots) > abs(entry) for lots, entry in zip(each.quantity, order.quantity, strict=True)):
                raise self._refusal(f"an exit of {each.quantity} lots would turn the position of {order.quantity}")
            self._check_exits(each)

    def _check_frequency(self) -> None:
        if self.max_orders_per_minute is None:
            return
        now = time.monotonic()
        while self._sent and self._sent[0] <= now - 60:
            self._sent.popleft()
        if len(self._sent) >= self.max_orders_per_minute:
            raise self._refusal(
                f"{len(self._sent)} orders were sent in the last 60 s, and max_orders_per_minute = "
                f"{self.max_orders_per_minute}"
            )

    def _land(self, has_landed: Callable[[Proposal], bool]) -> None:
        """Take proposals out of those in flight: from now on the broker itself reports them, or never will."""
        with self._lock:
            self._landed += 1
            self._in_flight = [each for each in self._in_flight if not has_landed(each)]

    def _why(self) -> str:
        return f" ({self._reason})" if self._reason else f" ({self.halt_file} exists)" if self.halt_file else ""

    def _refusal(self, fact: str, remedy: str = "Nothing was sent.") -> RiskLimitExceeded:
        return RiskLimitExceeded(
            f"Broker {self._broker_name!r}: {fact}.", place=f"[brokers.{self._broker_name}.risk]", remedy=remedy
        )


def _family(order: Order) -> Iterator[Order]:
    """Return an order, its children, and theirs."""
    yield order
    for child in order.children:
        yield from _family(child)
