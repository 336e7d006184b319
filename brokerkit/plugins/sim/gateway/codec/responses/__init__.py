"""Every message that the server can send, one module per domain; importing this registers them all."""

from brokerkit.plugins.sim.gateway.codec.responses import account, contracts, history, market_data, orders, session

__all__ = ["account", "contracts", "history", "market_data", "orders", "session"]
