"""The order journal: what is written down of an order, and what is found again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import attrs
import pytest

from brokerkit.errors import DuplicateOrder, InvalidArgument, MissingOrder, OrderCannotBeCancelled
from brokerkit.spec.broker_order import BrokerIds, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, open_store

GOLD = FuturesContract("GOLD", "202312")
MakeFill = Callable[..., Fill]


def refs(orders: tuple[object, ...]) -> list[str]:
    return [getattr(order, "order_ref") for order in orders]  # noqa: B009 because several types have it


def test_an_intent_is_found_by_another_process_before_anything_was_sent(store: LocalStore, order: Order) -> None:
    store.journal.intend(order, {order.order_ref: BrokerIds("DU1", 100, "41")})
    with open_store(store.path, broker="paper") as other:
        [known] = other.journal.unresolved_orders()
    assert known.order == order
    assert (known.state, known.submitted) == (OrderState.PENDING, None)
    assert known.ids == BrokerIds("DU1", 100, "41")


def test_half_a_character_is_kept_as_it_is(store: LocalStore, order: Order) -> None:
    told = attrs.evolve(order, tag="a byte that is no text: \udc80")
    store.journal.intend(told)
    assert store.journal.order(order.order_ref).order == told


def test_the_same_order_is_intended_once(store: LocalStore, order: Order) -> None:
    store.journal.intend(order)
    store.journal.update(order.order_ref, OrderState.WORKING)
    with pytest.raises(DuplicateOrder, match=order.order_ref):
        store.journal.intend(attrs.evolve(order, quantity=5))
    assert store.journal.order(order.order_ref).order == order
    assert store.journal.order(order.order_ref).state is OrderState.WORKING


def test_a_bracket_with_a_known_child_is_refused_whole(store: LocalStore, order: Order) -> None:
    bracket = order.with_bracket(take_profit=1960, stop_loss=1940)
    store.journal.intend(attrs.evolve(bracket.children[1]))
    with pytest.raises(DuplicateOrder):
        store.journal.intend(bracket)
    assert refs(store.journal.orders()) == [bracket.children[1].order_ref]


def test_each_broker_has_a_journal_of_its_own(store: LocalStore, order: Order) -> None:
    store.journal.intend(order)
    with open_store(store.path, broker="live") as live:
        assert live.journal.orders() == ()
        live.journal.intend(order)
        live.journal.update(order.order_ref, OrderState.REJECTED, reason="no margin")
    assert store.journal.order(order.order_ref).state is OrderState.PENDING


def test_the_story_of_an_order_is_told_step_by_step(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    ref = order.order_ref
    store.journal.intend(order, {ref: BrokerIds("DU1", 100, "41")})
    store.journal.sent(ref)
    store.journal.update(ref, OrderState.WORKING, BrokerIds(perm_id="7001"))
    store.journal.amend(attrs.evolve(order, limit_price="1950.2"))
    store.journal.update(ref, OrderState.PENDING_CANCEL)
    store.journal.update(ref, OrderState.CANCELLED, reason="by the user")
    steps = store.journal.history(ref)
    told = ["intended", "sent", "working", "amended", "pending_cancel", "cancelled"]
    assert [step.step for step in steps] == told
    assert steps[0].detail == "account=DU1 client_id=100 order_id=41"
    assert (steps[2].detail, steps[5].detail) == ("perm_id=7001", "by the user")
    assert [step.time for step in steps] == sorted(step.time for step in steps)
    known = store.journal.order(ref)
    assert (known.order.limit_price, known.reason) == (
        attrs.evolve(order, limit_price="1950.2").limit_price,
        "by the user",
    )
    assert known.ids == BrokerIds("DU1", 100, "41", "7001")
    assert known.submitted == steps[1].time
    assert known.updated == steps[5].time


def test_an_update_is_news_once(store: LocalStore, order: Order) -> None:
    ref = order.order_ref
    store.journal.intend(order)
    assert store.journal.update(ref, OrderState.WORKING, BrokerIds(perm_id="1"))
    assert not store.journal.update(ref, OrderState.WORKING, BrokerIds(perm_id="1"))
    assert not store.journal.update(ref, OrderState.WORKING)
    assert store.journal.update(ref, OrderState.WORKING, reason="held until the open")
    assert store.journal.update(ref, OrderState.UNKNOWN)
    assert store.journal.update(ref, OrderState.WORKING)


def test_a_reason_is_news_once_and_stays_when_the_broker_repeats_itself_without_it(
    store: LocalStore, order: Order
) -> None:
    store.journal.intend(order)
    told = [store.journal.update(order.order_ref, OrderState.REJECTED, reason=reason) for reason in ("No.", "No.", "")]
    assert told == [True, False, False]
    assert store.journal.order(order.order_ref).reason == "No."


@pytest.mark.parametrize("final", [state for state in OrderState if state.is_final])
def test_a_final_state_stays(store: LocalStore, order: Order, final: OrderState) -> None:
    ref = order.order_ref
    store.journal.intend(order)
    assert store.journal.update(ref, final, reason="first")
    for later in OrderState:
        if later is not final:
            assert not store.journal.update(ref, later, reason="later")
    assert store.journal.update(ref, OrderState.WORKING, BrokerIds(perm_id="late id"))
    known = store.journal.order(ref)
    assert (known.state, known.reason, known.ids.perm_id) == (final, "first", "late id")


def test_unknown_is_not_final_and_is_asked_about(store: LocalStore) -> None:
    orders = {state: Order.market(GOLD, 1) for state in OrderState}
    for state, order in orders.items():
        store.journal.intend(order)
        store.journal.update(order.order_ref, state)
    unresolved = {OrderState.PENDING, OrderState.UNKNOWN}
    opened = unresolved | {OrderState.WORKING, OrderState.PENDING_CANCEL}
    assert refs(store.journal.unresolved_orders()) == [orders[s].order_ref for s in OrderState if s in unresolved]
    assert refs(store.journal.open_orders()) == [orders[s].order_ref for s in OrderState if s in opened]


def test_orders_are_found_by_time_oldest_first(store: LocalStore) -> None:
    early, late = Order.market(GOLD, 1), Order.market(GOLD, 1)
    store.journal.intend(early)
    between = datetime.now(timezone(timedelta(hours=-5)))
    store.journal.intend(late)
    assert refs(store.journal.orders()) == [early.order_ref, late.order_ref]
    assert refs(store.journal.orders(since=between)) == [late.order_ref]
    with pytest.raises(InvalidArgument, match="time zone"):
        store.journal.orders(since=datetime(2023, 1, 1))  # noqa: DTZ001 because that is what is refused


def test_an_order_is_found_by_its_perm_id_the_newest_first(store: LocalStore) -> None:
    for _ in range(2):
        order = Order.market(GOLD, 1)
        store.journal.intend(order)
        store.journal.update(order.order_ref, OrderState.WORKING, BrokerIds(perm_id="7001"))
    store.journal.intend(Order.market(GOLD, 1))
    assert store.journal.order_with_perm_id("7001").order_ref == order.order_ref
    for unknown in ("7002", ""):
        with pytest.raises(MissingOrder):
            store.journal.order_with_perm_id(unknown)


def test_what_is_not_in_the_journal_is_missing(store: LocalStore, order: Order) -> None:
    for ask in (
        lambda: store.journal.order("nobody"),
        lambda: store.journal.sent("nobody"),
        lambda: store.journal.update("nobody", OrderState.FILLED),
        lambda: store.journal.withdraw("nobody"),
        lambda: store.journal.amend(order),
    ):
        with pytest.raises(MissingOrder):
            ask()
    assert store.journal.history("nobody") == ()


def test_sent_marks_all_or_none(store: LocalStore, order: Order) -> None:
    store.journal.intend(order)
    with pytest.raises(MissingOrder):
        store.journal.sent(order.order_ref, "nobody")
    assert store.journal.order(order.order_ref).submitted is None


def test_a_bracket_is_found_whole_and_by_its_parts(store: LocalStore, order: Order) -> None:
    bracket = order.with_bracket(take_profit=1960, stop_loss=1940)
    profit, loss = bracket.children
    store.journal.intend(bracket, {profit.order_ref: BrokerIds(order_id="2"), loss.order_ref: BrokerIds(order_id="3")})
    assert store.journal.order(bracket.order_ref).order == bracket
    assert store.journal.order(loss.order_ref).order == loss
    assert [known.ids.order_id for known in store.journal.orders()] == ["", "2", "3"]


def test_a_changed_child_is_changed_in_its_parent_too(store: LocalStore, order: Order) -> None:
    bracket = order.with_bracket(take_profit=1960, stop_loss=1940)
    store.journal.intend(bracket)
    moved = attrs.evolve(bracket.children[1], stop_price="1945")
    intended = store.journal.order(moved.order_ref).updated
    store.journal.amend(moved)
    assert store.journal.order(bracket.order_ref).order.children == (bracket.children[0], moved)
    known = store.journal.order(moved.order_ref)
    assert known.order == moved
    assert intended is not None
    assert known.updated is not None
    assert known.updated > intended


def test_a_changed_grandchild_is_changed_all_the_way_up(store: LocalStore, order: Order) -> None:
    child = Order.stop(GOLD, -2, "1940")
    nested = attrs.evolve(order, children=(attrs.evolve(child, children=(Order.limit(GOLD, 2, "1930"),)),))
    store.journal.intend(nested)
    moved = attrs.evolve(nested.children[0].children[0], limit_price="1925")
    store.journal.amend(moved)
    assert store.journal.order(nested.order_ref).order.children[0].children == (moved,)


def test_an_intent_that_never_left_is_withdrawn_and_may_come_again(store: LocalStore, order: Order) -> None:
    bracket = order.with_bracket(take_profit=1960)
    store.journal.intend(bracket)
    store.journal.withdraw(bracket.order_ref)
    assert store.journal.orders() == ()
    store.journal.intend(bracket)
    assert [step.step for step in store.journal.history(bracket.order_ref)] == ["intended", "withdrawn", "intended"]


@pytest.mark.parametrize("trace", ["sent", "working", "perm id", "fill", "child sent"])
def test_an_order_that_may_have_left_is_not_withdrawn(
    store: LocalStore, order: Order, fill_of: MakeFill, trace: str
) -> None:
    bracket = order.with_bracket(take_profit=1960)
    store.journal.intend(bracket)
    leave: dict[str, Callable[[], object]] = {
        "sent": lambda: store.journal.sent(order.order_ref),
        "working": lambda: store.journal.update(order.order_ref, OrderState.WORKING),
        "perm id": lambda: store.journal.update(order.order_ref, OrderState.PENDING, BrokerIds(perm_id="1")),
        "fill": lambda: store.journal.record_fills([fill_of(order, "1")]),
        "child sent": lambda: store.journal.sent(bracket.children[0].order_ref),
    }
    leave[trace]()
    with pytest.raises(OrderCannotBeCancelled, match="may have left"):
        store.journal.withdraw(bracket.order_ref)
    assert len(store.journal.orders()) == 2


def test_an_order_that_cannot_be_stored_is_refused_and_nothing_written(store: LocalStore, store_path: Path) -> None:
    order = Order.market(GOLD, 1, broker_parameters={"conditions": [object()]})
    with pytest.raises(InvalidArgument, match=r"Order\.broker_parameters\['conditions'\]\[0\] is a builtins\.object"):
        store.journal.intend(order)
    assert store.journal.orders() == ()


def test_the_highest_order_id_only_rises(store: LocalStore, order: Order) -> None:
    assert store.journal.highest_order_id(100) == 0
    store.journal.intend(order, {order.order_ref: BrokerIds(client_id=100, order_id="41")})
    store.journal.saw_order_id(100, 17)
    store.journal.saw_order_id(101, 5)
    store.journal.update(order.order_ref, OrderState.WORKING, BrokerIds(client_id=100, order_id="x-3"))
    store.journal.update(order.order_ref, OrderState.WORKING, BrokerIds(order_id="9000"))  # nobody knows whose
    assert [store.journal.highest_order_id(client_id) for client_id in range(99, 104)] == [0, 41, 5, 0, 0]
    store.journal.update(order.order_ref, OrderState.WORKING, BrokerIds(client_id=100, order_id="52"))
    assert store.journal.highest_order_id(100) == 52
    store.journal.saw_order_id(100, 60)
    with open_store(store.path, broker="live") as live:
        assert live.journal.highest_order_id(100) == 60


def test_what_is_written_together_is_written_whole_or_not_at_all(store: LocalStore, order: Order) -> None:
    store.journal.intend(order)

    def fail_halfway() -> None:
        with store.journal.together():
            store.journal.update(order.order_ref, OrderState.WORKING)
            store.journal.sent("nobody")

    with pytest.raises(MissingOrder):
        fail_halfway()
    assert store.journal.order(order.order_ref).state is OrderState.PENDING
    with store.journal.together():
        store.journal.sent(order.order_ref)
        store.journal.update(order.order_ref, OrderState.WORKING)
    assert store.journal.order(order.order_ref).state is OrderState.WORKING


def test_an_intent_and_its_end_are_refused_where_they_would_not_survive_the_loss_of_power(
    store: LocalStore, order: Order
) -> None:
    with pytest.raises(InvalidArgument, match="survive the loss of power"), store.journal.together():
        store.journal.intend(order)
    assert store.journal.orders() == ()
    store.journal.intend(order)
    with pytest.raises(InvalidArgument, match="survive the loss of power"), store.journal.together():
        store.journal.withdraw(order.order_ref)
    assert refs(store.journal.orders()) == [order.order_ref]


def test_what_was_not_told_is_found_until_it_is_marked(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    journal, fill = store.journal, fill_of(order, "a.01", quantity=2)
    journal.intend(order)
    journal.update(order.order_ref, OrderState.WORKING)
    assert (journal.untold_fills(), journal.untold_orders()) == ((), ())
    journal.record_fills([fill])
    journal.update(order.order_ref, OrderState.FILLED)
    with open_store(store.path, broker="paper") as after_a_crash:
        assert after_a_crash.journal.untold_fills() == (fill,)
        assert refs(after_a_crash.journal.untold_orders()) == [order.order_ref]
    journal.mark_told([fill.execution_id, "of nobody"], [order.order_ref, "nobody"])
    assert (journal.untold_fills(), journal.untold_orders()) == ((), ())
    assert journal.update(order.order_ref, OrderState.FILLED, BrokerIds(perm_id="7001"))  # an id, and no other end
    assert journal.untold_orders() == ()


def ended(store: LocalStore, order: Order) -> None:
    for member in (order, *order.children):
        store.journal.update(member.order_ref, OrderState.CANCELLED)
        store.journal.mark_told(order_refs=[member.order_ref])


def test_old_orders_that_ended_are_pruned_and_nothing_else(store: LocalStore, order: Order, fill_of: MakeFill) -> None:
    journal = store.journal
    working, untold, half = (attrs.evolve(order, order_ref=ref) for ref in ("working", "untold", "half"))
    half = half.with_bracket(take_profit="2000", stop_loss="1900")
    for each in (order, working, untold, half):
        journal.intend(each, {each.order_ref: BrokerIds(client_id=7, order_id="41")})
    ended(store, order)
    ended(store, half)
    by_hand = [attrs.evolve(fill_of(order, name), order_ref="of nobody") for name in ("d", "e")]
    journal.record_fills([fill_of(order, "a"), fill_of(untold, "b"), fill_of(working, "c"), *by_hand])
    journal.mark_told(["a", "c", "d"])
    journal.update(untold.order_ref, OrderState.FILLED)
    later = datetime.now(timezone.utc) + timedelta(seconds=1)
    journal.intend(other := Order.market(GOLD, 1))
    ended(store, other)
    assert journal.prune(datetime(2023, 1, 1, tzinfo=timezone.utc)) == 0
    assert len(journal.fills()) == 5
    assert journal.prune(later) == 5
    assert refs(journal.orders()) == ["working", "untold"]
    assert [fill.execution_id for fill in journal.fills()] == ["b", "c", "e"]
    assert journal.history(order.order_ref) == ()
    assert journal.highest_order_id(7) == 41
    journal.intend(order)  # a pruned reference is a new one
