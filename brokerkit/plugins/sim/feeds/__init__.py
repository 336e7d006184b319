"""Where the simulation's data comes from: generated, a folder of bars, or a folder in pysystemtrade's layout.

`open_feed` picks one. Every feed answers the same queries (`Feed`) in numpy columns; `FedExchange`
is a simulated exchange that a feed fills. `docs/data.md` describes what each feed accepts and produces.
"""

from __future__ import annotations

from brokerkit.plugins.sim.feeds.bars import Bars
from brokerkit.plugins.sim.feeds.choice import open_feed
from brokerkit.plugins.sim.feeds.fed_exchange import FedExchange
from brokerkit.plugins.sim.feeds.feed import Feed, InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.house_rules import HouseRules
from brokerkit.plugins.sim.feeds.synthetic import SyntheticFeed

__all__ = [
    "Bars",
    "FedExchange",
    "Feed",
    "HouseRules",
    "InstrumentFacts",
    "ListedContract",
    "SyntheticFeed",
    "open_feed",
]
