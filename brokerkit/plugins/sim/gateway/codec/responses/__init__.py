"""Every message the server may send, one module a domain; importing this registers them all."""

from brokerkit.plugins.sim.gateway.codec.responses import account, contracts, history, market_data, orders, session

__all__ = ["account", "contracts", "history", "market_data", "orders", "session"]
