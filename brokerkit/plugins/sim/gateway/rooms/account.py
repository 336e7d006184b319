"""Accounts: values, portfolio and summaries. Subscriptions get updates when something has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.sim.gateway.codec.requests import account as requests
from brokerkit.plugins.sim.gateway.codec.responses.account import (
    AccountDownloadEnd,
    AccountSummary,
    AccountSummaryEnd,
    AccountTime,
    AccountUpdateMulti,
    AccountUpdateMultiEnd,
    AccountValue,
    Portfolio,
)
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.refused import RefusedError
from brokerkit.plugins.sim.gateway.rooms.account_values import AccountFigures, Value, account_values
from brokerkit.plugins.sim.gateway.rooms.holdings import Holding, holdings_of, known_account
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

UPDATE_SECONDS = 180.0
"""Seconds on the exchange's clock between updates, unless a position changes."""

MAX_SUMMARIES = 2
LEDGER = (
    *("CashBalance", "TotalCashBalance", "FuturesPNL"),
    *("NetLiquidationByCurrency", "NetLiquidation", "Currency", "ExchangeRate"),
)


@attrs.define(eq=False)
class Subscription:
    """A client's subscription to account values, and the values last sent."""

    req_id: int
    account: str
    tags: frozenset[str] | None = None
    ledger_currency: str = ""
    model: str = ""
    sent: dict[tuple[str, str, str], str] = attrs.field(factory=dict)
    sent_holdings: dict[int, Holding] = attrs.field(factory=dict)

    def changes(self, account: str, values: Iterable[Value]) -> list[Value]:
        """Return the values that differ from those last sent, and record them as sent."""
        found = []
        for tag, value, currency in values:
            key = (account, tag, currency)
            if self._is_included(tag, currency) and self.sent.get(key) != value:
                self.sent[key] = value
                found.append((tag, value, currency))
        return found

    def _is_included(self, tag: str, currency: str) -> bool:
        if self.tags is None or (tag in LEDGER and self.ledger_currency and self.ledger_currency in ("ALL", currency)):
            return True
        return tag in self.tags and currency != "BASE"


class AccountRoom(Room):
    """Serves account values, portfolios and account summaries."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._updates: dict[Session, Subscription] = {}
        self._multi: dict[tuple[Session, int], Subscription] = {}
        self._summaries: dict[tuple[Session, int], Subscription] = {}
        self._updated_at = 0.0

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.AccountUpdatesRequest: self._subscribe,
            requests.AccountUpdatesMultiRequest: self._subscribe_multi,
            requests.CancelAccountUpdatesMulti: lambda s, r: self._multi.pop((s, r.req_id), None),
            requests.AccountSummaryRequest: self._summarise,
            requests.CancelAccountSummary: lambda s, r: self._summaries.pop((s, r.req_id), None),
        }

    # Updates of one account

    def _subscribe(self, session: Session, request: requests.AccountUpdatesRequest) -> None:
        if not request.subscribe:
            self._updates.pop(session, None)
            return
        account = known_account(self.gateway, request.account)
        if session in self._updates and self._updates[session].account != account:
            text = f"API client has been unsubscribed from account data:{self._updates[session].account}"
            session.notice(Code.ACCOUNT_UNSUBSCRIBED, text)
        self._updates[session] = Subscription(-1, account)
        self._send_updates(session, self._updates[session], everything=True)
        session.send(AccountDownloadEnd(account))

    def _send_updates(self, session: Session, subscription: Subscription, *, everything: bool = False) -> None:
        account = subscription.account
        values = subscription.changes(account, self._values(account))
        holdings = {held.listed.con_id: held for held in holdings_of(self.gateway, account)}
        books = self.gateway.orders.fills.books
        gone = {
            number: attrs.evolve(held.closed, realised=books.realised(account, number))
            for number, held in subscription.sent_holdings.items()
            if number not in holdings and held.lots
        }
        changed = [held for number, held in (holdings | gone).items() if subscription.sent_holdings.get(number) != held]
        subscription.sent_holdings = holdings | gone
        if not (values or changed or everything):
            return
        for tag, value, currency in values:
            session.send(AccountValue(tag, value, currency, account))
        for held in changed:
            session.send(self._portfolio(held))
        session.send(AccountTime(f"{self.gateway.now.astimezone(ZoneInfo(self.gateway.settings.time_zone)):%H:%M}"))

    @staticmethod
    def _portfolio(held: Holding) -> Portfolio:
        return Portfolio(
            held.listed.wire,
            held.lots,
            held.price,
            held.value,
            held.average_cost,
            held.unrealised,
            held.realised or 0.0,
            held.account,
        )

    def _values(self, account: str) -> list[Value]:
        return account_values(account, AccountFigures.of(self.gateway, account))

    # Updates of several accounts

    def _subscribe_multi(self, session: Session, request: requests.AccountUpdatesMultiRequest) -> None:
        account = known_account(self.gateway, request.account)
        tags = frozenset(LEDGER) if request.ledger_and_nlv else None
        subscription = Subscription(request.req_id, account, tags, model=request.model)
        self._multi[session, request.req_id] = subscription
        self._send_multi(session, subscription)
        session.send(AccountUpdateMultiEnd(request.req_id))

    def _send_multi(self, session: Session, subscription: Subscription) -> None:
        account = subscription.account
        for tag, value, currency in subscription.changes(account, self._values(account)):
            session.send(AccountUpdateMulti(subscription.req_id, account, subscription.model, tag, value, currency))

    # Summaries

    def _summarise(self, session: Session, request: requests.AccountSummaryRequest) -> None:
        mine = [key for key in self._summaries if key[0] is session and key[1] != request.req_id]
        if len(mine) >= MAX_SUMMARIES:
            text = "Error processing request.-'bZ' : cause - Maximum number of account summary requests exceeded"
            raise RefusedError(Code.ERROR_PROCESSING, text)
        tags = [tag.strip() for tag in request.tags.split(",") if tag.strip()]
        subscription = Subscription(request.req_id, request.group, frozenset(tags))
        ledgers = [tag for tag in tags if tag.startswith("$LEDGER")]
        if ledgers:
            subscription.ledger_currency = ledgers[0].partition(":")[2] or "BASE"
        self._summaries[session, request.req_id] = subscription
        self._send_summary(session, subscription)
        session.send(AccountSummaryEnd(request.req_id))

    def _send_summary(self, session: Session, subscription: Subscription) -> None:
        for account in self.gateway.accounts:
            for tag, value, currency in subscription.changes(account, self._values(account)):
                session.send(AccountSummary(subscription.req_id, account, tag, value, currency))

    # Changes

    def clock_moved(self) -> None:
        """Send subscriptions what has changed, every three minutes."""
        now = self.gateway.now.timestamp()
        if now - self._updated_at >= UPDATE_SECONDS:
            self.update_all()

    def update_all(self) -> None:
        """Send every subscription what has changed since the last update."""
        self._updated_at = self.gateway.now.timestamp()
        for session, subscription in list(self._updates.items()):
            self._send_updates(session, subscription)
        for (session, _), subscription in list(self._multi.items()):
            self._send_multi(session, subscription)
        for (session, _), subscription in list(self._summaries.items()):
            self._send_summary(session, subscription)

    def forget(self, session: Session) -> None:
        """Drop an ended session's subscriptions."""
        self._updates.pop(session, None)
        for table in (self._multi, self._summaries):
            for key in [key for key in table if key[0] is session]:
                del table[key]
