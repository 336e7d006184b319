"""Mutants that open, close and declare wrongly."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime, timezone
from typing import Any

import attrs

from brokerkit import AccountKind, ConnectionChange, ConnectionState, Services, Session, unsupported
from brokerkit.errors import BrokerkitError, NotSupported
from brokerkit_mutants.mutant import Mutant, answer

_seeds = itertools.count(1)


def _leaks(session: Session, services: Services) -> Session:
    threading.Thread(target=threading.Event().wait, args=(30,), daemon=True).start()
    return session


def _closes_with_a_bang(session: Session, services: Services) -> Session:
    def close() -> None:
        session.close()

    now = datetime.now(timezone.utc)
    services.emit(ConnectionChange(ConnectionState.DISCONNECTED, "gone", now))
    return attrs.evolve(session, close=close, state=lambda: ConnectionState.DISCONNECTED)


def _declines(reason: str) -> Any:
    def broken(session: Session, services: Services) -> Session:
        for domain in session.domains:
            kind: Any = type(domain)
            if "what_if_order" in vars(kind):
                declined = type(kind.__name__, (kind,), {"__slots__": (), "what_if_order": unsupported(reason)})
                domain.__class__ = declined  # type: ignore[assignment]
        return session

    return broken


def _hangs(right: Any) -> Any:
    threading.Event().wait(30)
    return right()


def _lock_held_while_telling() -> Mutant:
    lock = threading.RLock()

    def emit(tell: Any, event: Any) -> None:
        with lock:
            tell(event)

    def locked(right: Any, *arguments: Any) -> Any:
        with lock:
            return right(*arguments)

    name, caught_by = "lock_held_while_telling", "test_226_a_listener_may_wait_for_another_thread"
    return Mutant(name, caught_by, answer("get_list_of_broker_orders", locked), emit)


def _a_thread_each(right: Any, order: Any) -> Any:
    threading.Thread(target=threading.Event().wait, args=(30,), daemon=True).start()
    return right(order)


def _without_remedy(right: Any, *arguments: Any) -> Any:
    try:
        return right(*arguments)
    except BrokerkitError as error:
        raise type(error)(error.fact) from None


def _refuses_all(right: Any, order: Any) -> Any:
    raise NotSupported("No order of this type can be placed.")


MUTANTS = (
    _lock_held_while_telling(),
    Mutant(
        "a_thread_for_each_order",
        "test_297_after_closing_nothing_is_told",
        answer("put_order_on_stack", _a_thread_each),
    ),
    Mutant(
        "errors_without_remedy",
        "test_209_errors_say_whether_trying_again_helps",
        answer("get_prices_for_contract_object", _without_remedy),
    ),
    Mutant(
        "every_currency_order_refused",
        "test_078_a_currency_order_is_for_a_pair",
        answer("put_fx_order_on_stack", _refuses_all),
    ),
    Mutant(
        "every_order_refused",
        "test_018_every_order_type_rests_or_is_declined",
        answer("put_order_on_stack", _refuses_all),
    ),
    Mutant("thread_left_behind", "test_023_opening_many_times_leaks_nothing", _leaks),
    Mutant("never_connected", "test_021_is_connected_once_opened", _closes_with_a_bang),
    Mutant(
        "kind_of_its_own",
        "test_008_says_whether_money_is_at_stake",
        lambda session, _: attrs.evolve(session, account_kind=AccountKind.PAPER),
    ),
    Mutant("declined_without_a_reason", "test_017_declined_hooks_say_why", _declines(" ")),
    Mutant("simulation_that_declines", "test_282_a_simulation_declines_nothing", _declines("too much work")),
    Mutant("clock_of_its_own", "test_284_the_clock_is_the_callers", settings=lambda: {"speed": 3600.0}),
    Mutant(
        "another_seed_each_time", "test_283_the_same_calls_give_the_same_log", settings=lambda: {"seed": next(_seeds)}
    ),
    Mutant("hook_that_hangs", "test_090_accounts_have_an_id_and_a_kind", answer("get_list_of_accounts", _hangs)),
    Mutant(
        "hook_that_returns_none",
        "test_090_accounts_have_an_id_and_a_kind",
        answer("get_list_of_accounts", lambda right: None),
    ),
    Mutant(
        "result_of_another_type",
        "test_010_results_are_of_the_declared_types",
        answer("get_list_of_instruments", lambda right: right()[0]),
    ),
)
