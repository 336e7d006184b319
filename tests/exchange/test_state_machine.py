"""Every fault by chance, several at once and over restarts: what holds whatever strikes, and however orders trade.

Nothing is lost, told twice or outside its bar, and money is what the executions say, counted in fractions. That
orders trade as docs/sim.md says is for `test_plain_exchange`. `EXCHANGE_TIMES=10` runs it ten times as long.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from brokerkit.errors import BrokerkitError, MissingOrder, OutcomeUnknown
from brokerkit.plugins.sim.exchange import FAULTS, ContractTerms, Exchange, Fault, LiveOrder, Models, PerLot, fault
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, TimeInForce
from brokerkit.spec.orders import OrderChange

MINUTE = 60_000_000_000
START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
GOLD, DAX = FuturesContract("GOLD", "202312"), FuturesContract("DAX", "202312")
POINT = {GOLD: Fraction(100), DAX: Fraction(25)}
CURRENCY = {GOLD: "USD", DAX: "EUR"}
FEE = Fraction("2.07")
FINAL = {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}
NEVER_AFTER_WORKING = {OrderState.PENDING, OrderState.REJECTED}
UNANSWERED = {"stale-positions", "failed-positions", "pacing"}

ticks = st.integers(min_value=-8, max_value=8)
sizes = st.integers(min_value=1, max_value=9)
contracts = st.sampled_from([GOLD, DAX])
bar_moves = st.tuples(ticks, ticks, st.integers(0, 5), st.integers(0, 5), st.integers(0, 12))


class Bar:
    """One bar, in ticks of 0.1."""

    def __init__(self, start: int, first: int, up: int, down: int, last: int, volume: int | None) -> None:
        self.start, self.end, self.volume = start, start + MINUTE, volume
        self.open, self.close = first, last
        self.high, self.low = max(first, last) + up, min(first, last) - down


class ExchangeMachine(RuleBasedStateMachine):
    """Drives an exchange and checks it against the model after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.dropped: list[Exchange] = []
        self.faults: list[Fault] = []
        self.bars: dict[FuturesContract, list[Bar]] = {GOLD: [], DAX: []}
        self.at = {GOLD: 1000, DAX: 1000}
        self.sent: dict[str, Order] = {}
        self.asked: dict[str, list[Decimal]] = defaultdict(list)
        self.told: dict[str, list[OrderState]] = defaultdict(list)
        self.heard: list[str] = []
        self.volumes = False

    @initialize(
        names=st.lists(st.sampled_from(sorted(FAULTS)), max_size=4), seed=st.integers(0, 99), volumes=st.booleans()
    )
    def open(self, names: list[str], seed: int, volumes: bool) -> None:
        self.faults = [fault(name, rate=0.3) for name in names]
        self.volumes = volumes
        self.exchange = self.opened(seed)
        self.seed = seed

    def opened(self, seed: int) -> Exchange:
        exchange = Exchange(
            START,
            seed=seed,
            models=Models(commission=PerLot("2.07")),
            faults=self.faults,
            state=Path(self.folder.name) / "state.sqlite",
        )
        exchange.open_account("DU1", {"USD": 1_000_000, "EUR": 500_000})
        exchange.list_contract(ContractTerms(GOLD, "0.1", "USD", multiplier=100))
        exchange.list_contract(ContractTerms(DAX, "0.1", "EUR", multiplier=25))
        exchange.listen(BrokerOrder, lambda view: self.told[view.order_ref].append(view.state))
        exchange.listen(Fill, lambda fill: self.heard.append(fill.execution_id))
        return exchange

    # -- what a client may do ----------------------------------------------------------------

    @rule(moves=st.lists(bar_moves, min_size=2, max_size=2))
    def bar(self, moves: tuple[tuple[int, int, int, int, int], ...]) -> None:
        """Give both contracts their next bar, and move the clock to its end."""
        now = self.exchange.now_ns
        start = -(-now // MINUTE) * MINUTE
        for contract, (gap, move, up, down, volume) in zip((GOLD, DAX), moves, strict=True):
            first = self.at[contract] + gap
            bar = Bar(start, first, up, down, first + move, volume if self.volumes else None)
            self.bars[contract].append(bar)
            self.at[contract] = bar.close
            first_price, high, low, close = (Decimal(price) / 10 for price in (bar.open, bar.high, bar.low, bar.close))
            self.exchange.add_bar(contract, start, first_price, high, low, close, bar.volume)
        self.exchange.advance_to(start + MINUTE)

    @rule(seconds=st.integers(0, 90))
    def clock(self, seconds: int) -> None:
        self.exchange.advance_to(self.exchange.now + timedelta(seconds=seconds))

    @rule(
        contract=contracts,
        lots=sizes,
        buys=st.booleans(),
        kind=st.sampled_from(list(OrderType)),
        held=st.sampled_from([TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        away=ticks,
        more=ticks,
        group=st.sampled_from(["", "", "g"]),
        bracket=st.booleans(),
    )
    def submit(
        self, contract: FuturesContract, lots: int, buys: bool, kind: OrderType, held: TimeInForce, away: int,
        more: int, group: str, bracket: bool,
    ) -> None:  # fmt: skip
        prices: dict[str, Any] = {}
        level = self.at[contract] + away
        if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED):
            prices["limit_price"] = Decimal(level) / 10
        if kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED):
            prices["stop_price"] = Decimal(level + more) / 10
        if kind is OrderType.TRAILING_STOP:
            prices["trail_amount"] = Decimal(abs(away) + 1) / 10
        order = Order(contract, lots if buys else -lots, kind, time_in_force=held, oco_group=group, **prices)
        if bracket:
            side = 1 if buys else -1
            better, worse = max(6, 1 + side * away), max(6, 1 - side * away)  # on either side of a limit too
            profit = Decimal(self.at[contract] + better * side) / 10
            order = order.with_bracket(take_profit=profit, stop_loss=Decimal(self.at[contract] - worse * side) / 10)
        try:
            self.exchange.submit(order)
        except OutcomeUnknown:
            pass
        except BrokerkitError:
            return
        for one in (order, *order.children):
            self.sent[one.order_ref] = one
            if one.limit_price is not None:
                self.asked[one.order_ref].append(one.limit_price)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), away=ticks, lots=sizes)
    def modify(self, data: st.DataObject, away: int, lots: int) -> None:
        live = self.any_order(data)
        if live is None:
            return
        before = live.order
        side = 1 if before.quantity[0] > 0 else -1
        price = Decimal(self.at[live.listing.contract] + away) / 10  # type: ignore[index]  # because no pair is listed here
        change = OrderChange(limit_price=price if before.limit_price is not None else None, quantity=side * lots)
        try:
            self.exchange.modify(live.order_ref, change)
        except BrokerkitError:
            assert live.order is before
            return
        if change.limit_price is not None:
            self.asked[live.order_ref].append(price)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        live = self.any_order(data)
        if live is not None:
            try:
                self.exchange.cancel(live.order_ref)
            except BrokerkitError:
                return

    @rule()
    def restart(self) -> None:
        """Drop the exchange as SIGKILL would, and open what it kept."""
        before = self.snapshot(self.exchange)
        self.dropped.append(self.exchange)
        self.exchange.abandon()
        self.exchange = self.opened(self.seed)
        if self.exchange.is_connected:
            assert self.snapshot(self.exchange) == before

    @rule()
    def disconnect(self) -> None:
        self.exchange.disconnect("by the test", timedelta(seconds=30))

    # -- what must hold ----------------------------------------------------------------------

    def any_order(self, data: st.DataObject) -> LiveOrder | None:
        ref = data.draw(st.sampled_from(sorted(self.sent, key=list(self.sent).index)))
        try:
            return self.exchange.order(ref)
        except MissingOrder:
            return None

    def answers(self) -> bool:
        try:
            self.exchange.check_line()
        except BrokerkitError:
            return False
        return True

    def snapshot(self, exchange: Exchange) -> object:
        views = [live.at_exchange() for live in exchange.orders()]
        return (
            exchange.now_ns,
            [(view.order, view.state, view.fills, view.reason) for view in views],
            exchange.cash(),
            exchange.values(),
        )

    def fills(self) -> list[Fill]:
        return [fill for live in self.exchange.orders() for fill in live.at_exchange().fills]

    @invariant()
    def cash_and_positions_are_those_of_the_model(self) -> None:
        if not hasattr(self, "exchange"):
            return
        lots: dict[object, int] = defaultdict(int)
        flow: dict[str, Fraction] = {"USD": Fraction(1_000_000), "EUR": Fraction(500_000)}
        for fill in self.fills():
            contract = fill.contract
            assert isinstance(contract, FuturesContract)
            lots[contract] += fill.quantity
            flow[CURRENCY[contract]] -= fill.quantity * Fraction(fill.price) * POINT[contract] + FEE * abs(
                fill.quantity
            )
        for contract in (GOLD, DAX):
            last = self.exchange.last_price(contract)
            if last is not None:
                flow[CURRENCY[contract]] += lots[contract] * Fraction(last) * POINT[contract]
            else:
                assert lots[contract] == 0
        values = {code: Fraction(money.amount) for code, money in self.exchange.values().items()}
        assert values == flow
        for statement in self.exchange.statement().values():
            parts = statement.deposited + statement.realised + statement.converted - statement.commission
            assert parts == statement.cash
        if self.answers() and not {one.name for one in self.faults} & UNANSWERED:
            held = {one.contract: one.quantity for one in self.exchange.positions()}
            assert held == {contract: count for contract, count in lots.items() if count}

    @invariant()
    def fills_add_up_inside_their_bars(self) -> None:
        if not hasattr(self, "exchange"):
            return
        seen: set[str] = set()
        for live in self.exchange.orders():
            view = live.at_exchange()
            assert abs(view.filled[0]) <= abs(view.order.quantity[0])
            if view.state is OrderState.FILLED:
                assert view.remaining == (0,)
            for fill in view.fills:
                assert fill.execution_id not in seen
                seen.add(fill.execution_id)
                assert (fill.quantity > 0) is (view.order.quantity[0] > 0)
                if not fill.late and not fill.corrects:
                    self.check_fill(live, fill)

    def check_fill(self, live: LiveOrder, fill: Fill) -> None:
        """A fill is at the open of a bar, or inside one that has ended, that began after the order came."""
        assert isinstance(fill.contract, FuturesContract)
        assert view_time(live.submitted) <= fill.time <= self.exchange.now
        side = 1 if fill.quantity > 0 else -1
        asked = self.asked.get(live.order_ref)
        assert not asked or fill.price * side <= max(limit * side for limit in asked)
        stop = live.order.stop_price
        if live.order.order_type is OrderType.STOP and stop is not None and not self.volumes:
            assert fill.price * side >= stop * side
        price = int(fill.price * 10)
        opened = [bar for bar in self.bars[fill.contract] if view_time(bar.start) == fill.time and bar.open == price]
        inside = [
            bar
            for bar in self.bars[fill.contract]
            if view_time(bar.end) == fill.time
            and bar.low <= price <= bar.high
            and (bar.start >= live.submitted or live.parent is not None)
        ]
        assert opened or inside

    @invariant()
    def told_states_are_legal(self) -> None:
        for states in self.told.values():
            for before, after in pairwise(states):
                assert before not in FINAL or after is before
                assert before is not OrderState.WORKING or after not in NEVER_AFTER_WORKING

    @invariant()
    def every_fill_is_told_once_unless_a_fault_says_otherwise(self) -> None:
        names = {one.name for one in self.faults}
        if "duplicate-fill" not in names:
            assert len(self.heard) == len(set(self.heard))

    def teardown(self) -> None:
        if hasattr(self, "exchange"):
            for exchange in [*self.dropped, self.exchange]:
                exchange.close()
        self.folder.cleanup()


def view_time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, tz=timezone.utc)


TestExchangeMachine = ExchangeMachine.TestCase
TestExchangeMachine.settings = settings(
    max_examples=40 * int(os.environ.get("EXCHANGE_TIMES", "1")),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
