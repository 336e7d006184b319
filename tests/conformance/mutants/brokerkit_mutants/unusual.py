"""Brokers that are right, and unlike the simulation: each passes the tests that are likeliest to be wrong about it."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from brokerkit import BrokerOrder, CommissionReport, Event, Fill, Order, OrderType, Services, Session, unsupported
from brokerkit.errors import NotSupported
from brokerkit_mutants.mutant import Mutant, after, answer, both, every_view, orders_of

_HELD = "get_all_current_positions_as_list_with_contract_objects"
_PARTS = 3
_SOON = 5.0


@attrs.frozen
class Unusual:
    """A broker that is right.

    Attributes:
        mutant: The simulated broker, made unusual.
        passes: The tests of the suite that it must pass.
    """

    mutant: Mutant
    passes: tuple[str, ...]


def _long(given: str) -> str:
    """Return an id of 40 characters."""
    return hashlib.sha1(given.encode(), usedforsecurity=False).hexdigest()


def _in_parts(fills: Iterable[Fill]) -> list[Fill]:
    """Return fills in three parts each, where they are large enough, with ids of 40 characters."""
    return [part for fill in fills for part in _parts_of(fill)]


def _parts_of(fill: Fill) -> list[Fill]:
    lots = _shares(fill.quantity)
    cost = fill.commission
    return [
        attrs.evolve(
            fill,
            execution_id=_long(f"{fill.execution_id}/{place}"),
            quantity=each,
            commission=cost and attrs.evolve(cost, amount=cost.amount * each / fill.quantity),
        )
        for place, each in enumerate(lots)
    ]


def _shares(quantity: int) -> list[int]:
    if abs(quantity) < _PARTS:
        return [quantity]
    share = int(quantity / _PARTS)
    return [share, share, quantity - 2 * share]


def _view_in_parts(view: BrokerOrder) -> BrokerOrder:
    ids = attrs.evolve(view.ids, order_id=_long(view.order_ref))
    return attrs.evolve(view, fills=tuple(_in_parts(view.fills)), ids=ids)


class _Teller:
    """Tells events from a thread of its own; commissions come after their fills."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._queue: queue.SimpleQueue[Event | threading.Event | None] = queue.SimpleQueue()
        self._lots: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Tell an event soon."""
        self._queue.put(event)

    def hear_out(self) -> None:
        """Return once everything was told, unless it is asked by a listener."""
        if threading.current_thread() is not self._thread:
            told = threading.Event()
            self._queue.put(told)
            told.wait(_SOON)

    def close(self) -> None:
        """End the thread."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(_SOON)

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            if isinstance(event, threading.Event):
                event.set()
                continue
            for each in self._made_of(event):
                self._tell(each)

    def _made_of(self, event: Event) -> list[Any]:
        if isinstance(event, BrokerOrder):
            return [_view_in_parts(event)]
        if isinstance(event, Fill):
            self._lots[event.execution_id] = event.quantity
            return [attrs.evolve(part, commission=None) for part in _parts_of(event)]
        return self._reports(event) if isinstance(event, CommissionReport) else [event]

    def _reports(self, report: CommissionReport) -> list[CommissionReport]:
        whole = self._lots[report.execution_id]
        return [
            attrs.evolve(
                report,
                execution_id=_long(f"{report.execution_id}/{place}"),
                commission=attrs.evolve(report.commission, amount=report.commission.amount * each / whole),
            )
            for place, each in enumerate(_shares(whole))
        ]


class _Heard:
    """A handle that waits until a teller has told all."""

    def __init__(self, handle: Any, teller: _Teller) -> None:
        self._handle = handle
        self._teller = teller

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def wait(self, timeout: float = 60.0) -> Any:
        """Return the final view once it was told."""
        view = self._handle.wait(timeout)
        self._teller.hear_out()
        return view


def _told_in_parts() -> Mutant:
    tellers: dict[Any, _Teller] = {}

    def teller_of(tell: Callable[[Any], None]) -> _Teller:
        if tell not in tellers:
            tellers[tell] = _Teller(tell)
        return tellers[tell]

    def emit(tell: Callable[[Any], None], event: Any) -> None:
        teller_of(tell).put(event)

    def broken(session: Session, services: Services) -> Session:
        teller = teller_of(services.emit)
        spoilt = both(
            every_view(_view_in_parts),
            after("get_list_of_fills", _in_parts),
            after("put_order_on_stack", lambda handle: _Heard(handle, teller)),
            after("get_contract_object_with_broker_data", _with_a_long_id),
        )(session, services)

        def close() -> None:
            session.close()
            teller.close()

        return attrs.evolve(spoilt, close=close, hear_out=teller.hear_out)

    return Mutant("told_in_parts_by_a_thread", "", broken, emit)


def _with_a_long_id(found: Any) -> Any:
    return attrs.evolve(found, broker_id=_long(found.broker_id))


def _currency_only(session: Session, services: Services) -> Session:
    fx = tuple(domain for domain in session.domains if hasattr(domain, "get_fx_prices"))
    return attrs.evolve(session, domains=fx, others=unsupported("this venue changes currency and nothing else"))


def currency_venue(session: Session, services: Services) -> Session:
    """Return a session without futures, whose currency orders can be followed and cancelled."""
    asked = ("get_fx_prices", "get_list_of_broker_orders", "get_list_of_accounts")
    kept = tuple(domain for domain in session.domains if any(hasattr(domain, hook) for hook in asked))
    for domain in kept:
        if hasattr(domain, "put_order_on_stack"):
            _decline(domain, put_order_on_stack="no futures here", what_if_order="no previews")
    return attrs.evolve(session, domains=kept, others=unsupported("this venue trades currency and nothing else"))


def _decline(domain: Any, **reasons: str) -> None:
    declined = {hook: unsupported(reason) for hook, reason in reasons.items()}
    domain.__class__ = type(type(domain).__name__, (type(domain),), {"__slots__": (), **declined})


def _changes_nothing(session: Session, services: Services) -> Session:
    why = "cancel, and place a new order"
    _decline(orders_of(session), modify_limit_price_given_control_object=why, modify_order_given_control_object=why)
    return answer("check_order_can_be_modified_given_control_object", lambda right, control: False)(session, services)


def _says_not_what_is_held(session: Session, services: Services) -> Session:
    positions = next(domain for domain in session.domains if hasattr(domain, _HELD))
    _decline(positions, **{_HELD: "only the statement of the day says what is held"})
    return session


def _market_orders_only(right: Callable[[Order], Any], order: Order) -> Any:
    if order.order_type is not OrderType.MARKET:
        raise NotSupported(f"No {order.order_type.value} orders.")
    return right(order)


def _cancels_nothing(session: Session, services: Services) -> Session:
    _decline(orders_of(session), cancel_order_on_stack="cancels are made by telephone")
    return session


UNUSUAL = {
    each.mutant.name: each
    for each in (
        Unusual(
            Mutant("clock_that_runs", "", settings=lambda: {"speed": 60.0}),
            ("test_069_cancelled_market_data_ends", "test_060_no_bar_is_unfinished"),
        ),
        Unusual(
            Mutant("currency_only", "", _currency_only),
            ("test_078_currency_is_changed_as_ordered", "test_078_a_currency_order_is_for_a_pair"),
        ),
        Unusual(
            Mutant("currency_venue", "", currency_venue),
            (
                "test_081_cash_in_each_currency_changes_by_the_right_amount",
                "test_084_every_fill_has_its_commission",
                "test_104_market_buy_fills",
                "test_114_limit_buy_rests",
                "test_127_order_reads_back_as_it_was_placed",
                "test_144_new_buy_price_is_read_back",
                "test_159_a_cancelled_order_is_gone",
                "test_167_a_fill_that_wins_the_race_counts_once",
                "test_210_who_has_waited_has_heard",
                "test_212_fills_are_told_before_the_state_that_they_lead_to",
                "test_213_fills_have_the_orders_sign",
                "test_221_listed_fills_agree_with_the_order",
                "test_263_one_reference_is_one_order",
                "test_298_the_account_is_left_as_it_was_found",
            ),
        ),
        Unusual(
            Mutant("changes_nothing", "", _changes_nothing),
            ("test_153_a_working_order_can_be_changed",),
        ),
        Unusual(
            Mutant("market_orders_only", "", answer("put_order_on_stack", _market_orders_only)),
            (
                "test_018_every_order_type_rests_or_is_declined",
                "test_224_a_listener_may_trade",
                "test_225_events_of_one_order_are_in_order",
            ),
        ),
        Unusual(
            Mutant("cancels_nothing", "", _cancels_nothing),
            ("test_104_market_buy_fills", "test_225_events_of_one_order_are_in_order"),
        ),
        Unusual(
            Mutant("says_not_what_is_held", "", _says_not_what_is_held),
            ("test_104_market_buy_fills", "test_298_the_account_is_left_as_it_was_found"),
        ),
        Unusual(
            _told_in_parts(),
            (
                "test_040_one_broker_id_for_one_contract",
                "test_084_every_fill_has_its_commission",
                "test_085_commission_is_as_declared",
                "test_094_average_price_is_that_of_the_fills",
                "test_110_fills_add_up_to_the_order",
                "test_113_every_order_has_a_broker_id_of_its_own",
                "test_210_who_has_waited_has_heard",
                "test_212_filled_is_told_once",
                "test_212_fills_are_told_before_the_state_that_they_lead_to",
                "test_213_fills_have_the_orders_sign",
                "test_221_listed_fills_agree_with_the_order",
                "test_297_after_closing_nothing_is_told",
            ),
        ),
    )
}
