"""Places an order exactly once: checks it, journals the intent, sends it, and waits for IB's response."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import attrs

from brokerkit.errors import (
    BrokerkitError,
    ContractExpired,
    DuplicateOrder,
    InvalidOrder,
    OrderRejected,
    OutcomeUnknown,
    ReadOnlyBroker,
    StoreError,
)
from brokerkit.plugins.ib.broker_parameters import check_broker_parameters
from brokerkit.plugins.ib.clients.orders import OrdersClient, Parcel
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.contract_facts import ResolvedContract
from brokerkit.plugins.ib.departure import Departure
from brokerkit.plugins.ib.fx_pairs import FxPairs
from brokerkit.plugins.ib.order_checks import check_size, check_texts
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.plugins.ib.order_terms import OrderTerms, terms_of
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerIds, OrderState
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.events import ConnectionState
from brokerkit.spec.order import Order
from brokerkit.spec.services import OrderJournal

_log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class Prepared:
    """An order or child order that passed every check, with IB's contract for it.

    Attributes:
        order: The order.
        parent: The index of its parent in the bracket; None for the parent itself.
        terms: The order's terms in IB's fields.
        contract: The library's contract object.
        leg_of_con_id: A spread's legs by IB's contract id.
    """

    order: Order
    parent: int | None
    terms: OrderTerms
    contract: Any
    leg_of_con_id: dict[int, int]


class OrderPlacing:
    """Places orders. Everything that can be checked before sending is checked before sending."""

    def __init__(
        self,
        desk: OrderDesk,
        directory: ContractDirectory,
        pairs: FxPairs,
        journal: Callable[[], OrderJournal],
        check_lock: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._client: OrdersClient = desk.client
        self._connection = desk.client.ib_connection
        self._directory = directory
        self._pairs = pairs
        self._journal = journal
        self._check_lock = check_lock

    def place(self, order: Order) -> TrackedOrder:
        """Send an order with its children, exactly once, and return it tracked.

        Raises:
            InvalidOrder: It contradicts its contract, or IB cannot express it; nothing was sent.
            ConnectionLost: The connection is down; nothing was sent.
            DuplicateOrder: Its order reference was used before; nothing was sent.
            OrderRejected: IB rejected it.
            OutcomeUnknown: It was sent, and it is not known yet whether it arrived.
        """
        self._connection.require_up(f"order {order.order_ref}")
        self._require_writable(order)
        family = self.prepare(order)
        if self._desk.book.get(order.order_ref) is not None:
            raise _duplicate(order)
        with self._client.turn:  # IB refuses an order id lower than one it has seen
            session, order_ids = self._client.next_order_ids(len(family))
            tracked = self._tracked(family, order_ids)
            self._journal().intend(order, {each.order.order_ref: each.ids for each in tracked})
            self._send(family, order_ids, session, tracked)
        return self._await_response(tracked[0], session)

    def prepare(self, order: Order) -> list[Prepared]:
        """Return an order and its children, checked and in IB's terms, parents first.

        Raises:
            BrokerkitError: A check failed; nothing was sent.
        """
        check_size(order, self._connection.settings.max_order_quantity)
        account = self.account_for(order)
        contract, legs, found = self._contract(order)
        family: list[Prepared] = []
        self._collect(order, None, account, contract, legs, found, family)
        return family

    def account_for(self, order: Order) -> str:
        """Return the account that an order is for.

        Raises:
            InvalidOrder: It names an account that this login does not have, or none although there are several.
        """
        accounts = self._connection.accounts
        account = order.account or self._connection.settings.account
        if not account and len(accounts) == 1:
            return accounts[0]
        if account in accounts:
            return account
        fact = (
            f"This login has no account {account!r}: it has"
            if account
            else "The order names no account; this login has"
        )
        raise InvalidOrder(f"{fact} {', '.join(accounts)}.", place=order.order_ref, given=account, candidates=accounts)

    # Checks

    def _require_writable(self, order: Order) -> None:
        if self._connection.refuses_orders:
            raise ReadOnlyBroker(
                "The Gateway's API is read-only.",
                place=order.order_ref,
                remedy="Untick 'Read-Only API' in its API settings, clear `api_read_only`, and reopen the broker.",
            )
        if isinstance(order.contract, FuturesContract):
            self._check_lock(order.contract.instrument_code)

    def _contract(self, order: Order) -> tuple[Any, dict[int, int], list[ResolvedContract]]:
        if isinstance(order.contract, FxPair):
            return self._pairs.contract(order.contract), {}, []
        found = [self._directory.resolve(leg) for leg in order.contract.legs]
        now = self._connection.clock.recent()
        for each in found:
            if each.is_expired_at(now):
                raise ContractExpired(f"{each.contract} expired on {each.expiry.day}.", place=order.order_ref)
        if len(found) == 1:
            return self._client.contracts.contract_of(found[0].facts), {}, found
        facts = [each.facts for each in found]
        contract = self._client.spread_contract(found[0].row, facts, terms_of(order, ""))
        return contract, {each.con_id: leg for leg, each in enumerate(facts)}, found

    def _collect(
        self,
        order: Order,
        parent: int | None,
        account: str,
        contract: Any,
        legs: dict[int, int],
        found: list[ResolvedContract],
        family: list[Prepared],
    ) -> None:
        if len(found) == 1:  # a spread's tick is often finer than its legs', so IB checks it
            found[0].steps.check(order.limit_price, "The limit price", str(order.contract))
            found[0].steps.check(order.stop_price, "The stop price", str(order.contract))
        check_broker_parameters(order, self._client.order_class)
        terms = terms_of(order, account)
        check_texts(order, terms)
        family.append(Prepared(order, parent, terms, contract, legs))
        place = len(family) - 1
        for child in order.children:
            self._collect(child, place, account, contract, legs, found, family)

    # Journalling and sending

    def _tracked(self, family: list[Prepared], order_ids: list[int]) -> list[TrackedOrder]:
        """Return the tracked orders of a bracket."""
        client_id = self._connection.client_id()
        return [
            TrackedOrder(
                each.order,
                ids=BrokerIds(each.terms.fields["account"], client_id, str(order_id)),
                updated=datetime.now(timezone.utc),
                parent_ref="" if each.parent is None else family[each.parent].order.order_ref,
                leg_of_con_id=each.leg_of_con_id,
                is_unsent=True,
                is_recent=True,
            )
            for each, order_id in zip(family, order_ids, strict=True)
        ]

    def _send(self, family: list[Prepared], order_ids: list[int], session: int, tracked: list[TrackedOrder]) -> None:
        """Track the journalled orders, then send them: a response may come before the send returns."""
        departure = Departure()

        def on_first() -> None:
            departure.leave()
            for each in tracked:
                each.submitted = now = datetime.now(timezone.utc)
                each.submitted_there = self._connection.clock.at(now)
                each.is_unsent = False
                each.changed()

        try:
            for each in tracked:
                self._desk.book.add(each)
            parcels = self._parcels(family, order_ids)
            for each, parcel in zip(tracked, parcels, strict=True):
                each.ib_order, each.ib_contract = parcel.order, parcel.contract
            self._client.send(parcels, session, on_first)
        except BaseException as error:
            if departure.give_up():
                self._take_back(tracked)
                raise
            self._mark_unknown(tracked, f"sending was interrupted: {error!r}")
            if not isinstance(error, Exception):  # Ctrl-C ends the program, not only this call
                raise
            raise self._unknown(tracked[0]) from error
        refs = [each.order.order_ref for each in tracked]
        self._desk.worker.post(lambda: self._desk.writer.sent(refs))

    def _parcels(self, family: list[Prepared], order_ids: list[int]) -> list[Parcel]:
        """Return a bracket's parcels; only the last has the transmit flag, which transmits them all."""
        last = len(family) - 1
        return [
            self._client.parcel(
                each.terms,
                each.contract,
                order_ids[place],
                0 if each.parent is None else order_ids[each.parent],
                transmit=place == last,
            )
            for place, each in enumerate(family)
        ]

    def _take_back(self, tracked: list[TrackedOrder]) -> None:
        """Withdraw orders that were certainly not sent, so that they may be placed again."""
        for each in tracked:
            self._desk.book.remove(each.order.order_ref)
        try:
            self._journal().withdraw(tracked[0].order.order_ref)
        except StoreError as error:  # the reason it was not sent matters more, above all Ctrl-C
            _log.warning("Order %s was not sent, but its reference stays used: %s", tracked[0].order.order_ref, error)

    # Waiting for the first response

    def _await_response(self, tracked: TrackedOrder, session: int) -> TrackedOrder:
        timeout = self._connection.settings.order_timeout
        self._desk.book.wait(lambda: tracked.is_answered or self._is_broken(session), timeout)
        if not tracked.is_answered:
            self._mark_unknown([tracked], "IB did not respond after it was sent")
            raise self._unknown(tracked)
        if tracked.state is OrderState.REJECTED:
            raise tracked.refusal or OrderRejected(
                f"IB rejected the order: {tracked.reason}", place=str(tracked.order.contract)
            )
        return tracked

    def _is_broken(self, session: int) -> bool:
        return session != self._connection.session or self._connection.state is not ConnectionState.CONNECTED

    def _mark_unknown(self, tracked: list[TrackedOrder], reason: str) -> None:
        for each in tracked:
            self._desk.settle(each, OrderState.UNKNOWN, reason)
        self._desk.doubt(f"{tracked[0].order.order_ref}: {reason}")

    def _unknown(self, tracked: TrackedOrder) -> BrokerkitError:
        return OutcomeUnknown(
            f"Order {tracked.order.order_ref} was sent, but it is not known yet whether it arrived.",
            place=str(tracked.order.contract),
            remedy="Never send it again: the plugin looks for it at IB, and reports the outcome as an event.",
        )


def _duplicate(order: Order) -> DuplicateOrder:
    return DuplicateOrder(
        f"An order with the reference {order.order_ref!r} was placed before; nothing was sent.",
        remedy="Create a new Order for a new trade.",
    )
