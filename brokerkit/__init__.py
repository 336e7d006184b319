"""One typed contract between trading strategies and any broker.

    >>> import brokerkit
    >>> with brokerkit.open_broker("sim") as broker:
    ...     broker.account_kind.value
    'simulated'

Importing this package imports nothing else: each name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brokerkit import errors as errors
    from brokerkit.broker import Broker
    from brokerkit.errors import BrokerkitError
    from brokerkit.registry.dispatch import Subscription
    from brokerkit.registry.opening import open_broker
    from brokerkit.registry.setting import Origin, Setting
    from brokerkit.spec.broker_order import (
        BrokerIds,
        BrokerOrder,
        Fill,
        HasOrderRef,
        OrderControl,
        OrderOrigin,
        OrderState,
    )
    from brokerkit.spec.capability import Capability, Support
    from brokerkit.spec.capital import Account, AccountKind, Capital
    from brokerkit.spec.contract import FuturesContract, FxPair
    from brokerkit.spec.contracts import Contracts, ContractWithBrokerData, TradingHours
    from brokerkit.spec.domains import Domains
    from brokerkit.spec.events import CommissionReport, ConnectionChange, ConnectionState, DataGap, Event, Events
    from brokerkit.spec.fx import Fx
    from brokerkit.spec.hooks import HookFacts, hookimpl, unsupported
    from brokerkit.spec.instruments import FuturesInstrument, Instruments
    from brokerkit.spec.lifecycle import BrokerPlugin, NoSettings, Services, Session
    from brokerkit.spec.middleware import Call, Middleware, Surroundings
    from brokerkit.spec.money import Money
    from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce, new_order_ref
    from brokerkit.spec.orders import OrderChange, Orders, WhatIf
    from brokerkit.spec.positions import Position, Positions
    from brokerkit.spec.prices import ContractPrices, Frequency, Prices, Quote, QuoteStatus, Ticker
    from brokerkit.spec.secret import Secret

__all__ = [
    "Account",
    "AccountKind",
    "Broker",
    "BrokerIds",
    "BrokerOrder",
    "BrokerPlugin",
    "BrokerkitError",
    "Call",
    "Capability",
    "Capital",
    "CommissionReport",
    "ConnectionChange",
    "ConnectionState",
    "ContractPrices",
    "ContractWithBrokerData",
    "Contracts",
    "DataGap",
    "Domains",
    "Event",
    "Events",
    "Fill",
    "Frequency",
    "FuturesContract",
    "FuturesInstrument",
    "Fx",
    "FxPair",
    "HasOrderRef",
    "HookFacts",
    "Instruments",
    "Middleware",
    "Money",
    "NoSettings",
    "Order",
    "OrderChange",
    "OrderControl",
    "OrderOrigin",
    "OrderState",
    "OrderType",
    "Orders",
    "Origin",
    "Position",
    "Positions",
    "Prices",
    "Quote",
    "QuoteStatus",
    "Secret",
    "Services",
    "Session",
    "Setting",
    "SpreadFill",
    "Subscription",
    "Support",
    "Surroundings",
    "Ticker",
    "TimeInForce",
    "TradingHours",
    "WhatIf",
    "__version__",
    "errors",
    "hookimpl",
    "new_order_ref",
    "open_broker",
    "unsupported",
]

__version__ = "0.1.0"

_HOME = {
    "brokerkit.broker": ("Broker",),
    "brokerkit.errors": ("BrokerkitError",),
    "brokerkit.registry.dispatch": ("Subscription",),
    "brokerkit.registry.opening": ("open_broker",),
    "brokerkit.registry.setting": ("Origin", "Setting"),
    "brokerkit.spec.broker_order": (
        "BrokerIds",
        "BrokerOrder",
        "Fill",
        "HasOrderRef",
        "OrderControl",
        "OrderOrigin",
        "OrderState",
    ),
    "brokerkit.spec.capability": ("Capability", "Support"),
    "brokerkit.spec.capital": ("Account", "AccountKind", "Capital"),
    "brokerkit.spec.contract": ("FuturesContract", "FxPair"),
    "brokerkit.spec.contracts": ("ContractWithBrokerData", "Contracts", "TradingHours"),
    "brokerkit.spec.domains": ("Domains",),
    "brokerkit.spec.events": ("CommissionReport", "ConnectionChange", "ConnectionState", "DataGap", "Event", "Events"),
    "brokerkit.spec.fx": ("Fx",),
    "brokerkit.spec.hooks": ("HookFacts", "hookimpl", "unsupported"),
    "brokerkit.spec.instruments": ("FuturesInstrument", "Instruments"),
    "brokerkit.spec.lifecycle": ("BrokerPlugin", "NoSettings", "Services", "Session"),
    "brokerkit.spec.middleware": ("Call", "Middleware", "Surroundings"),
    "brokerkit.spec.money": ("Money",),
    "brokerkit.spec.order": ("Order", "OrderType", "SpreadFill", "TimeInForce", "new_order_ref"),
    "brokerkit.spec.orders": ("OrderChange", "Orders", "WhatIf"),
    "brokerkit.spec.positions": ("Position", "Positions"),
    "brokerkit.spec.prices": ("ContractPrices", "Frequency", "Prices", "Quote", "QuoteStatus", "Ticker"),
    "brokerkit.spec.secret": ("Secret",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in, once."""
    if name == "errors":
        return importlib.import_module("brokerkit.errors")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'brokerkit' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted(__all__)
