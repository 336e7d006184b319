"""The market that a gateway serves: an exchange, its contracts and their history."""

from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.history import History, PriceHistory
from brokerkit.plugins.sim.gateway.market.market import Market
from brokerkit.plugins.sim.gateway.market.sample import sample_market

__all__ = ["Bars", "History", "Market", "PriceHistory", "sample_market"]
