"""A client that listens, and knows nothing but what it has heard: that must be legal at once, and whole in the end."""

from __future__ import annotations

from collections import Counter

from brokerkit.plugins.sim.exchange import Exchange, LiveOrder
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.events import CommissionReport, ConnectionChange, ConnectionState, DataGap
from brokerkit.spec.money import Money
from brokerkit.spec.positions import Position

PENDING, WORKING, UNKNOWN = OrderState.PENDING, OrderState.WORKING, OrderState.UNKNOWN
PENDING_CANCEL = OrderState.PENDING_CANCEL
ENDS = {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED}
ENDED_EARLY = {OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}
LEGAL = {
    PENDING: {PENDING, UNKNOWN, WORKING, PENDING_CANCEL, OrderState.REJECTED, *ENDS},
    UNKNOWN: {UNKNOWN, WORKING, PENDING_CANCEL, OrderState.REJECTED, *ENDS},
    WORKING: {WORKING, PENDING_CANCEL, *ENDS},
    PENDING_CANCEL: {PENDING_CANCEL, OrderState.REJECTED, *ENDS},
    **{state: {state} for state in (*ENDS, OrderState.REJECTED)},
}
"""What a client may be told after what; a final state stays."""

MAY_COME_BACK = "lost-cancel"
"""With it, a client that has asked for a cancel may yet hear that the order works."""

LATE = {"late-acknowledgement", "fill-before-acknowledgement"}


class Client:
    """What was heard since the client last asked for everything."""

    def __init__(self, exchange: Exchange, faults: set[str]) -> None:
        self.exchange = exchange
        self.faults = faults
        self.fills: dict[str, Fill] = {}
        self.heard: Counter[str] = Counter()
        self.costs: dict[str, Money] = {}
        self.states: dict[str, OrderState] = {}
        self.views: dict[str, BrokerOrder] = {}
        self.positions: dict[tuple[str, object], Position] = {}
        self.taken: set[str] = set()
        self.acknowledged: set[str] = set()
        self.changed: set[str] = set()
        self.is_up = True
        self.gaps = 0
        for live in exchange.orders():
            self._resume(live)
        exchange.listen(Fill, self._on_fill)
        exchange.listen(BrokerOrder, self._on_order)
        exchange.listen(CommissionReport, self._on_cost)
        exchange.listen(Position, self._on_position)
        exchange.listen(ConnectionChange, self._on_line)
        exchange.listen(DataGap, self._on_gap)

    def _resume(self, live: LiveOrder) -> None:
        """Take over what is known of an order at a restart."""
        view = live.at_exchange()
        self.states[live.order_ref] = view.state
        for fill in view.fills:
            self.fills[fill.execution_id] = fill
            if fill.commission is not None:
                self.costs[fill.execution_id] = fill.commission

    # -- what is told ----------------------------------------------------------------------

    def _on_fill(self, fill: Fill) -> None:
        assert self.is_up, fill
        self.heard[fill.execution_id] += 1
        assert self.heard[fill.execution_id] == 1 or "duplicate-fill" in self.faults, fill
        self.fills[fill.execution_id] = fill
        if fill.commission is not None:
            self.costs[fill.execution_id] = fill.commission

    def _on_order(self, view: BrokerOrder) -> None:
        assert self.is_up, view
        before, ref = self.states.get(view.order_ref), view.order_ref
        came_back = before is PENDING_CANCEL and view.state is WORKING and MAY_COME_BACK in self.faults
        assert before is None or came_back or view.state in LEGAL[before], (ref, before, view.state)
        self.states[ref], self.views[ref] = view.state, view
        if view.state is WORKING:
            self.taken.add(ref)
            if not view.fills and ref not in self.changed:
                self.acknowledged.add(ref)
        assert view.state is not OrderState.REJECTED or ref not in self.taken, view
        assert len({fill.execution_id for fill in view.fills}) == len(view.fills)
        for done, ordered in zip(view.filled, view.order.quantity, strict=True):
            assert abs(done) <= abs(ordered), view
        if view.state is OrderState.FILLED:
            assert not any(view.remaining), view

    def _on_cost(self, report: CommissionReport) -> None:
        known = self.costs.setdefault(report.execution_id, report.commission)
        assert known == report.commission, report

    def _on_position(self, position: Position) -> None:
        assert self.is_up, position
        self.positions[position.account, position.contract] = position

    def _on_line(self, change: ConnectionChange) -> None:
        self.is_up = change.state is ConnectionState.CONNECTED

    def _on_gap(self, gap: DataGap) -> None:
        assert self.is_up
        assert gap.start <= gap.end == self.exchange.now
        self.gaps += 1

    def forget(self) -> None:
        """Let go of fills of orders that the exchange has let go of; it may tell of some afterwards."""
        known = {live.order_ref for live in self.exchange.orders()}
        gone = [one for one, fill in self.fills.items() if fill.order_ref not in known]
        for one in gone:
            del self.fills[one]

    def check_lost_acknowledgements(self) -> None:
        """Nobody heard that an order works, where the exchange's log says that this was lost, and not also late."""
        if self.faults & LATE:
            return
        struck = [line for line in self.exchange.log() if "fault lost-acknowledgement at #" in line]
        numbers = {int(line.rpartition("#")[2]) for line in struck}
        lost = {live.order_ref for live in self.exchange.orders() if live.number in numbers and live.parent is None}
        assert not lost & self.acknowledged

    # -- what must be known by then --------------------------------------------------------

    def check_everything(self) -> None:
        """Once nothing more is on its way, the client knows all that is true."""
        self.forget()
        lives = self.exchange.orders()
        replaced = {fill.corrects for fill in self.fills.values()}
        standing = {one for one in self.fills if one not in replaced}
        assert standing == {fill.execution_id for live in lives for fill in live.at_exchange().fills}
        for live in lives:
            self._check_order(live)
        held = {(one.account, one.contract): one.quantity for one in self.exchange.positions()}
        for key, told in self.positions.items():
            assert told.quantity == held.get(key, 0), told

    def _check_order(self, live: LiveOrder) -> None:
        truth, known = live.at_exchange(), live.current()
        if truth.state in ENDED_EARLY and not self.faults:
            assert self.views.get(live.order_ref, truth) == truth
        for fill in truth.fills:
            heard = self.fills[fill.execution_id]
            assert (heard.quantity, heard.price, heard.time) == (fill.quantity, fill.price, fill.time)
            if "missing-commission" not in self.faults:
                assert self.costs[fill.execution_id] == fill.commission
        assert {one.execution_id for one in known.fills} == {one.execution_id for one in truth.fills}, live
        if "lost-statuses" not in self.faults:
            assert known.state.is_final is truth.state.is_final, (live, known.state)
            assert not truth.state.is_final or known.state is truth.state, (live, known.state)
            assert not truth.state.is_final or known.order == truth.order, (known, truth)
