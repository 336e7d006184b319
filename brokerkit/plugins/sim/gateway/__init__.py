"""A simulated IB Gateway: the simulated exchange on a socket, speaking the TWS API protocol.

Any client of Interactive Brokers' API can connect to it, unmodified, without an account or a login::

    with simulated_gateway(sample_market(), clock=EagerClock()) as gateway:
        ib = ib_insync.IB()
        ib.connect("127.0.0.1", gateway.port, clientId=1)
"""

from __future__ import annotations

from brokerkit.plugins.sim.gateway.clock import Clock, EagerClock, ManualClock, RealTimeClock
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.market import Bars, History, Market, sample_market
from brokerkit.plugins.sim.gateway.recorder import RecordedFrame, Recorder, read_record
from brokerkit.plugins.sim.gateway.server import GatewayServer
from brokerkit.plugins.sim.gateway.settings import GatewaySettings, Limits
from brokerkit.plugins.sim.gateway.simulated import SimulatedGateway, simulated_gateway

__all__ = [
    "Bars",
    "Clock",
    "EagerClock",
    "Gateway",
    "GatewayServer",
    "GatewaySettings",
    "History",
    "InstrumentCard",
    "Limits",
    "Listed",
    "ManualClock",
    "Market",
    "RealTimeClock",
    "RecordedFrame",
    "Recorder",
    "SimulatedGateway",
    "read_record",
    "sample_market",
    "simulated_gateway",
]
