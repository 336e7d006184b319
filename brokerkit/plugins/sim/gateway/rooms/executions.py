"""The day's executions, with filters."""

from __future__ import annotations

from collections.abc import Mapping

from brokerkit.plugins.sim.gateway.codec import MessageError
from brokerkit.plugins.sim.gateway.codec.requests.account import ExecutionsRequest
from brokerkit.plugins.sim.gateway.codec.responses.account import ExecutionsEnd
from brokerkit.plugins.sim.gateway.orders.executions import ExecutionRecord
from brokerkit.plugins.sim.gateway.refused import invalid
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session
from brokerkit.plugins.sim.gateway.times import parse_time

_SIDES = {"BUY": 1, "BOT": 1, "B": 1, "SELL": -1, "SLD": -1, "S": -1}


class ExecutionRoom(Room):
    """Serves the day's executions."""

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {ExecutionsRequest: self._executions}

    def _executions(self, session: Session, request: ExecutionsRequest) -> None:
        try:
            since = parse_time(request.time, self.gateway.settings.zone) if request.time else None
        except MessageError as error:
            raise invalid(error.fact, "bG") from error
        wanted = [
            record
            for record in self.gateway.orders.fills.executions.values()
            if (since is None or record.time >= since) and _matches(record, request)
        ]
        for record in wanted:
            session.send(record.details(request.req_id, session.version, self.gateway.settings))
        for record in wanted:
            if record.commission is not None:
                session.send(record.report())
        session.send(ExecutionsEnd(request.req_id))


def _matches(record: ExecutionRecord, asked: ExecutionsRequest) -> bool:
    order, contract = record.order, record.contract
    side = _SIDES.get(asked.side.upper(), 0)
    return (
        asked.client_id in (0, order.client_id)
        and asked.account in ("", order.terms.account)
        and asked.symbol in ("", contract.symbol)
        and asked.sec_type in ("", contract.sec_type)
        and asked.exchange in ("", contract.exchange)
        and (not side or side * record.quantity > 0)
    )
