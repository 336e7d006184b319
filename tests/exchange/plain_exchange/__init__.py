"""A plain exchange: docs/sim.md written down a second time, as naively as can be, to hold the real one against.

It looks at every bar of every contract, walks each tick by tick, and at each tick asks every order whether it can
act. It counts money in fractions, from nothing but what was traded, each time anybody asks. It looks ahead at
nothing, keeps nothing sorted, and shares no code with the exchange: only the contract's own `Order`.
"""

from __future__ import annotations

from plain_exchange.contract import PlainBar, PlainContract, PlainSpread
from plain_exchange.exchange import PlainExchange
from plain_exchange.line import PlainFault
from plain_exchange.models import PlainModels
from plain_exchange.order import PlainFill, PlainOrder

__all__ = [
    "PlainBar",
    "PlainContract",
    "PlainExchange",
    "PlainFault",
    "PlainFill",
    "PlainModels",
    "PlainOrder",
    "PlainSpread",
]
