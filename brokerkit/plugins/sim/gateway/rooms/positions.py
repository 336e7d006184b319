"""Positions: sent on request, and again when they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.codec.requests import account as requests
from brokerkit.plugins.sim.gateway.codec.responses.account import (
    Position,
    PositionEnd,
    PositionMulti,
    PositionMultiEnd,
)
from brokerkit.plugins.sim.gateway.rooms.holdings import Holding, holdings_of, known_account, valued
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.spec import positions as spec

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

Key = tuple[str, int]


class PositionRoom(Room):
    """Serves positions."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._all: dict[Session, dict[Key, tuple[float, float]]] = {}
        self._multi: dict[tuple[Session, int], requests.PositionsMultiRequest] = {}
        self._changed = False

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.PositionsRequest: self._subscribe,
            requests.CancelPositions: lambda s, r: self._all.pop(s, None),
            requests.PositionsMultiRequest: self._subscribe_multi,
            requests.CancelPositionsMulti: lambda s, r: self._multi.pop((s, r.req_id), None),
        }

    def _subscribe(self, session: Session, request: requests.PositionsRequest) -> None:
        self._all[session] = {}
        for held in self.gateway.holdings():
            self._send(session, held)
        session.send(PositionEnd())

    def _send(self, session: Session, held: Holding) -> None:
        sent = self._all[session]
        key, now = (held.account, held.listed.con_id), (held.lots, held.average_cost)
        if sent.get(key) != now:
            sent[key] = now
            contract = attrs.evolve(
                held.listed.wire, exchange="" if held.listed.is_future else held.listed.card.exchange
            )
            session.send(Position(held.account, contract, held.lots, held.average_cost))

    def _subscribe_multi(self, session: Session, request: requests.PositionsMultiRequest) -> None:
        known_account(self.gateway, request.account)
        self._multi[session, request.req_id] = request
        for held in holdings_of(self.gateway, request.account):
            self._send_multi(session, request, held)
        session.send(PositionMultiEnd(request.req_id))

    @staticmethod
    def _send_multi(session: Session, request: requests.PositionsMultiRequest, held: Holding) -> None:
        contract = attrs.evolve(held.listed.wire, exchange="")
        session.send(PositionMulti(request.req_id, held.account, contract, held.lots, held.average_cost, request.model))

    def on_position(self, position: spec.Position) -> None:
        """Send a changed position to subscriptions."""
        self._changed = True
        if not (self._all or self._multi) or self.gateway.faults.holds_back_positions:
            return
        held = valued(self.gateway, position)
        for session in list(self._all):
            self._send(session, held)
        for (session, _), request in list(self._multi.items()):
            if request.account in ("", position.account):
                self._send_multi(session, request, held)

    def clock_moved(self) -> None:
        """Send account values too once a position has changed."""
        if self._changed:
            self._changed = False
            self.gateway.account_room.update_all()

    def forget(self, session: Session) -> None:
        """Drop an ended session's subscriptions."""
        self._all.pop(session, None)
        for key in [key for key in self._multi if key[0] is session]:
            del self._multi[key]
