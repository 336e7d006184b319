"""Interactive Brokers, through a Gateway or TWS and ib_insync or ib_async."""

from __future__ import annotations

from brokerkit.plugins.ib.settings import IBSettings
from brokerkit.spec.lifecycle import BrokerPlugin, Services, Session

__all__ = ["IBSettings", "plugin"]


def _open(settings: IBSettings, services: Services) -> Session:
    from brokerkit.plugins.ib.opening import open_session  # because listing plugins must not cost pandas and numpy

    return open_session(settings, services)


plugin = BrokerPlugin(
    open=_open,
    settings=IBSettings,
    summary="Interactive Brokers, through a Gateway or TWS",
    is_simulation=False,
)
