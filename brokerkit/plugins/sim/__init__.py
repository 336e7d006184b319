"""The simulated broker: a full exchange, on synthetic prices, your own, or pysystemtrade's. No account is needed."""

from __future__ import annotations

from brokerkit.plugins.sim.settings import SimSettings
from brokerkit.spec.lifecycle import BrokerPlugin, Services, Session


def _open(settings: SimSettings, services: Services) -> Session:
    from brokerkit.plugins.sim.session import open_session  # imported here because it imports numpy

    return open_session(settings, services)


plugin = BrokerPlugin(
    open=_open,
    settings=SimSettings,
    summary="A simulated exchange with a clock you move, on synthetic or real prices",
    is_simulation=True,
)
