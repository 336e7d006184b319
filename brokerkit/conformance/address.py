"""How a plugin is sent to another address, so that a dead or silent one can be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokerkit.conformance.outcomes import blocked

if TYPE_CHECKING:
    from brokerkit import Broker


def settings_for(broker: Broker, host: str, port: int) -> dict[str, Any]:
    """Return the settings that send a broker to a host and port; blocked where it has none such."""
    if {"host", "port"} <= set(broker.settings):
        return {"host": host, "port": port}
    if "url" in broker.settings:
        return {"url": f"http://{host}:{port}"}
    return blocked("the plugin has no settings host and port, nor url")
