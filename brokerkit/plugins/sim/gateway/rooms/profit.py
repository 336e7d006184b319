"""The day's profit and loss of an account, and of one contract in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.codec.requests import account as requests
from brokerkit.plugins.sim.gateway.codec.responses.account import Pnl, PnlSingle
from brokerkit.plugins.sim.gateway.rooms.account_values import AccountFigures
from brokerkit.plugins.sim.gateway.rooms.holdings import holdings_of, known_account
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


@attrs.define(eq=False)
class Subscription:
    """A subscription to the profit and loss of an account, or of one contract in it, as last sent."""

    request: requests.PnlRequest | requests.PnlSingleRequest
    account: str
    sent: Pnl | PnlSingle | None = None


@attrs.frozen
class DayStart:
    """Values at the start of the day: of each account, and the unrealised profit of each of its positions."""

    day: int
    worth: Mapping[str, Decimal]
    unrealised: Mapping[tuple[str, int], float]

    @classmethod
    def of(cls, gateway: Gateway) -> DayStart:
        """Return the current values."""
        return cls(
            gateway.day,
            {account: AccountFigures.of(gateway, account).net_liquidation for account in gateway.accounts},
            {(held.account, held.listed.con_id): held.unrealised for held in holdings_of(gateway)},
        )


class ProfitRoom(Room):
    """Serves profit and loss."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._subscriptions: dict[tuple[Session, int], Subscription] = {}
        self._start = DayStart.of(gateway)

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.PnlRequest: self._subscribe,
            requests.PnlSingleRequest: self._subscribe,
            requests.CancelPnl: lambda s, r: self._subscriptions.pop((s, r.req_id), None),
            requests.CancelPnlSingle: lambda s, r: self._subscriptions.pop((s, r.req_id), None),
        }

    def _subscribe(self, session: Session, request: requests.PnlRequest | requests.PnlSingleRequest) -> None:
        subscription = Subscription(request, known_account(self.gateway, request.account))
        self._subscriptions[session, request.req_id] = subscription
        self._send_change(session, subscription)

    def _send_change(self, session: Session, subscription: Subscription) -> None:
        request = subscription.request
        now = (
            self._single(request, subscription.account)
            if isinstance(request, requests.PnlSingleRequest)
            else self._total(request.req_id, subscription.account)
        )
        if now != subscription.sent:
            subscription.sent = now
            session.send(now)

    def _total(self, req_id: int, account: str) -> Pnl:
        figures = AccountFigures.of(self.gateway, account)
        worth = figures.net_liquidation
        return Pnl(
            req_id,
            float(worth - self._start.worth.get(account, worth)),
            float(figures.total("unrealised")),
            float(figures.total("realised")),
        )

    def _single(self, request: requests.PnlSingleRequest, account: str) -> PnlSingle:
        realised = self.gateway.orders.fills.books.realised(account, request.con_id)
        closed = (realised or 0.0) - self._start.unrealised.get((account, request.con_id), 0.0)
        for held in holdings_of(self.gateway, account):
            if held.listed.con_id == request.con_id:
                daily = round(closed + held.unrealised, 6)
                return PnlSingle(request.req_id, held.lots, daily, held.unrealised, realised, held.value)
        return PnlSingle(request.req_id, 0.0, closed, 0.0, realised, 0.0)

    def clock_moved(self) -> None:
        """Send subscriptions what has changed; start over if a new day has begun."""
        if self._start.day != self.gateway.day:
            self._start = DayStart.of(self.gateway)
        for (session, _), subscription in list(self._subscriptions.items()):
            self._send_change(session, subscription)

    def forget(self, session: Session) -> None:
        """Drop an ended session's subscriptions."""
        for key in [key for key in self._subscriptions if key[0] is session]:
            del self._subscriptions[key]
