"""The session itself: start, ids, accounts, server time."""

from __future__ import annotations

from collections.abc import Mapping

from brokerkit.plugins.sim.gateway.codec.requests import session as requests
from brokerkit.plugins.sim.gateway.codec.responses.session import (
    CurrentTime,
    FamilyCode,
    FamilyCodes,
    ManagedAccounts,
    NewsProviders,
    NextValidId,
    SoftDollarTiers,
    UserInfo,
)
from brokerkit.plugins.sim.gateway.codes import FARM_NOTICES, IN_USE, Code
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room, ignore
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.plugins.sim.gateway.times import epoch_seconds


class SessionRoom(Room):
    """Starts sessions, and serves requests outside the other domains."""

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.StartApi: self._start,
            requests.IdsRequest: self._ids,
            requests.ManagedAccountsRequest: self._accounts,
            requests.CurrentTimeRequest: self._time,
            requests.SetServerLogLevel: ignore,
            requests.NewsBulletinsRequest: ignore,
            requests.CancelNewsBulletins: ignore,
            requests.UserInfoRequest: lambda session, asked: session.send(UserInfo(asked.req_id)),
            requests.SoftDollarTiersRequest: lambda session, asked: session.send(SoftDollarTiers(asked.req_id)),
            requests.NewsProvidersRequest: lambda session, asked: session.send(NewsProviders()),
            requests.FamilyCodesRequest: self._families,
        }

    def _start(self, session: Session, request: requests.StartApi) -> None:
        if session.started:
            return
        if not self.gateway.admit(session, request.client_id):
            session.notice(Code.CLIENT_ID_IN_USE, IN_USE)
            session.connection.close()
            return
        if self.gateway.settings.open_orders_first:
            self.gateway.orders.send_open_orders(session)
        self._accounts(session)
        self._ids(session)
        for code, text in FARM_NOTICES:
            session.notice(code, text)

    def _ids(self, session: Session, request: requests.IdsRequest | None = None) -> None:
        session.send(NextValidId(self.gateway.orders.next_valid_id(session.client_id)))

    def _accounts(self, session: Session, request: requests.ManagedAccountsRequest | None = None) -> None:
        session.send(ManagedAccounts(",".join(self.gateway.accounts)))

    def _time(self, session: Session, request: requests.CurrentTimeRequest) -> None:
        session.send(CurrentTime(epoch_seconds(self.gateway.now)))

    def _families(self, session: Session, request: requests.FamilyCodesRequest) -> None:
        session.send(FamilyCodes(tuple(FamilyCode(account, "") for account in self.gateway.accounts)))
