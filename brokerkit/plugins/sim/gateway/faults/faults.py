"""Active faults, and faults by name."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.faults import line, messages, refusals, stages
from brokerkit.plugins.sim.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder
    from brokerkit.plugins.sim.gateway.session import Session

_log = logging.getLogger("brokerkit.gateway")

FAULTS: Mapping[str, type[Fault]] = {
    "lose": messages.LoseMessage,
    "repeat": messages.RepeatMessage,
    "reorder": messages.Reorder,
    "preview-warning": messages.PreviewWarning,
    "no-status-on-fill": messages.NoStatusOnFill,
    "late-commission": messages.LateCommission,
    "missing-commission": messages.MissingCommission,
    "cut": line.CutFrame,
    "lose-request": line.LoseRequest,
    "drip": line.SlowDrip,
    "stall": line.Stall,
    "modify-error": refusals.FalseModifyError,
    "cancel-error": refusals.FalseCancelError,
    "tif-notice": refusals.TifNotice,
    "connectivity": stages.ConnectivityLost,
    "farm": stages.FarmBroken,
    "client-id-in-use": stages.ClientIdInUse,
    "roll-back-ids": stages.RollBackIds,
    "maintenance": stages.Maintenance,
    "competing-session": stages.CompetingSession,
    "stale-positions": stages.StalePositions,
    "correct-execution": stages.CorrectExecution,
    "restart": stages.Restart,
}
"""Every fault, by name."""


def fault_named(name: str, options: Mapping[str, str]) -> Fault:
    """Return a fault by its name, with options as text.

    Raises:
        InvalidArgument: No fault has that name, it has no such option, or the option's value has the wrong type.

    Example:
        >>> type(fault_named("lose", {"message": "execDetails", "count": "2"})).__name__
        'LoseMessage'
    """
    kind = FAULTS.get(name)
    if kind is None:
        raise InvalidArgument(f"No fault is called {name!r}.", given=name, candidates=FAULTS)
    known = inspect.signature(kind).parameters
    for option in options:
        if option not in known:
            raise InvalidArgument(f"Fault {name!r} has no option {option!r}.", given=option, candidates=known)
    return kind(**{option: _value(name, option, text, known[option].default) for option, text in options.items()})


def _value(fault: str, option: str, text: str, default: Any) -> Any:
    kind = float if default is None else type(default)
    try:
        if kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        return int(text) if issubclass(kind, int) else kind(text)
    except (ValueError, KeyError):
        raise InvalidArgument(
            f"Option {option} of fault {fault!r} must be of type {kind.__name__}, not {text!r}."
        ) from None


class Faults:
    """The active faults."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._active: list[Fault] = []

    @property
    def market_data_stopped(self) -> bool:
        """Whether market data are stopped, by a fault or because the exchange cannot be reached."""
        return any(fault.stops_market_data for fault in self._active) or not self._gateway.is_linked

    @property
    def contracts_hidden(self) -> bool:
        """Whether every contract is unknown."""
        return any(fault.hides_contracts for fault in self._active)

    @property
    def competing_session(self) -> bool:
        """Whether another login has the market data."""
        return any(fault.takes_market_data for fault in self._active)

    @property
    def holds_back_positions(self) -> bool:
        """Whether position updates are held back."""
        return any(fault.holds_back_positions for fault in self._active)

    def begin(self, fault: Fault) -> None:
        """Start a fault."""
        _log.info("fault on: %s", type(fault).__name__)
        if not fault.spent:
            self._active.append(fault)
        fault.begin(self._gateway)

    def end(self, fault: Fault) -> None:
        """End a fault, unless it has ended, and repair what it broke."""
        if fault in self._active:
            _log.info("fault off: %s", type(fault).__name__)
            self._active.remove(fault)
            fault.end(self._gateway)

    def end_all(self) -> None:
        """End every fault."""
        for fault in list(self._active):
            self.end(fault)

    def loses(self, session: Session, request: Any) -> bool:
        """Return whether a request is lost before the gateway handles it."""
        lost = any(fault.incoming(session, request) for fault in self._active)
        self._drop_spent()
        return lost

    def outgoing(self, session: Session, message: Any) -> None:
        """Send a message as changed by the active faults."""
        if not self._active:
            session.deliver(message)
            return
        remaining = [message]
        for fault in self._active:
            remaining = fault.outgoing(session, remaining)
        for each in remaining:
            session.deliver(each)
        self._drop_spent()

    def refuses_client_ids(self) -> bool:
        """Return whether a fault refuses a client id now."""
        found = [fault for fault in self._active if isinstance(fault, stages.ClientIdInUse)]
        refused = any(fault.refuses() for fault in found)
        self._drop_spent()
        return refused

    def answers_modify(self, session: Session, order: GatewayOrder) -> bool:
        """Return whether a modification was answered with a false error."""
        return self._answer_falsely(refusals.FalseModifyError, session, order)

    def answers_cancel(self, session: Session, order: GatewayOrder) -> bool:
        """Return whether a cancel was answered with a false error."""
        return self._answer_falsely(refusals.FalseCancelError, session, order)

    def _answer_falsely(
        self, kind: type[refusals.FalseModifyError | refusals.FalseCancelError], session: Session, order: GatewayOrder
    ) -> bool:
        answered = any(fault.answer(session, order) for fault in self._active if isinstance(fault, kind))
        self._drop_spent()
        return answered

    def after_placing(self, session: Session, order: GatewayOrder) -> None:
        """Send the notices that faults add to a new order."""
        for fault in self._active:
            if isinstance(fault, refusals.TifNotice):
                fault.after_placing(session, order)

    def _drop_spent(self) -> None:
        if any(fault.spent for fault in self._active):
            self._active = [fault for fault in self._active if not fault.spent]
