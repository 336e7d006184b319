"""Failures of a real gateway, on demand, by name and seed."""

from brokerkit.plugins.sim.gateway.faults.faults import FAULTS, Faults, fault_named
from brokerkit.plugins.sim.gateway.faults.line import CutFrame, LoseRequest, SlowDrip, Stall
from brokerkit.plugins.sim.gateway.faults.messages import (
    LateCommission,
    LoseMessage,
    MissingCommission,
    NoStatusOnFill,
    Reorder,
    RepeatMessage,
)
from brokerkit.plugins.sim.gateway.faults.refusals import FalseCancelError, FalseModifyError, TifNotice
from brokerkit.plugins.sim.gateway.faults.stages import (
    ClientIdInUse,
    CompetingSession,
    ConnectivityLost,
    CorrectExecution,
    FarmBroken,
    Maintenance,
    Restart,
    RollBackIds,
    StalePositions,
)

__all__ = [
    "FAULTS",
    "ClientIdInUse",
    "CompetingSession",
    "ConnectivityLost",
    "CorrectExecution",
    "CutFrame",
    "FalseCancelError",
    "FalseModifyError",
    "FarmBroken",
    "Faults",
    "LateCommission",
    "LoseMessage",
    "LoseRequest",
    "Maintenance",
    "MissingCommission",
    "NoStatusOnFill",
    "Reorder",
    "RepeatMessage",
    "Restart",
    "RollBackIds",
    "SlowDrip",
    "StalePositions",
    "Stall",
    "TifNotice",
    "fault_named",
]
