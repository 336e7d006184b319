"""A simulated exchange: exact, deterministic and fast. It needs no plugin, no pandas and no wall clock.

List contracts, give them bars, open accounts, place orders, move the clock::

    >>> from datetime import datetime, timezone
    >>> from brokerkit.spec.contract import FuturesContract
    >>> from brokerkit.spec.broker_order import Fill
    >>> from brokerkit.spec.order import Order
    >>> gold = FuturesContract("GOLD", "202312")
    >>> exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc), models=Models(commission=PerLot("2.10")))
    >>> exchange.open_account("DU1", {"USD": 100_000})
    >>> exchange.list_contract(ContractTerms(gold, "0.1", currency="USD", multiplier=100, initial_margin=5000))
    >>> minute = 60_000_000_000
    >>> exchange.add_bars(
    ...     gold,
    ...     time=[exchange.now_ns + n * minute for n in range(3)],
    ...     open=[1900.0, 1901.0, 1902.0],
    ...     high=[1901.5, 1902.5, 1903.5],
    ...     low=[1899.0, 1900.0, 1901.0],
    ...     close=[1901.0, 1902.0, 1903.0],
    ...     volume=[50, 2, 50],
    ... )
    >>> exchange.listen(Fill, lambda fill: print(fill.quantity, "at", fill.price))
    >>> entry = exchange.submit(Order.market(gold, 1))      # takes part in the next bar's open
    >>> exchange.advance()                                  # to the end of the next bar
    1 at 1900
    True
    >>> leave = exchange.submit(Order.limit(gold, -3, "1902.5"))
    >>> exchange.run()                                      # to the end of the bars
    -2 at 1902.5
    -1 at 1902.5
    >>> leave.current().state.value, leave.current().filled
    ('filled', (-3,))
    >>> [(one.quantity, str(one.average_price)) for one in exchange.positions()]
    [(-2, '1902.5')]
    >>> str(exchange.cash()["USD"])                         # 100,000 + 2.5 * 100 - 4 * 2.10
    '100,241.6 USD'
    >>> print("\\n".join(exchange.log()))
    2023-01-02T09:00:00Z #1 working +1 GOLD/202312 market DAY DU1
    2023-01-02T09:00:00Z #1 fill +1 GOLD/202312 @ 1900 commission 2.1 execution 1, filled
    2023-01-02T09:01:00Z #2 working -3 GOLD/202312 limit 1902.5 DAY DU1
    2023-01-02T09:02:00Z #2 fill -2 GOLD/202312 @ 1902.5 commission 4.2 execution 2, working
    2023-01-02T09:03:00Z #2 fill -1 GOLD/202312 @ 1902.5 commission 2.1 execution 3, filled

**Time.** The caller moves the clock: `advance_to(time)`, `advance(bars)`, `run()`. A bar has a start and a
length. Its open is known when the clock passes its start, the rest when the clock reaches its end; an
order takes part in the bars that start when it arrives or later. Nothing fills on future information.

**Handles.** `submit` returns a `LiveOrder`, which is an `OrderControl`: `order_ref`, `children`,
`current()`, `wait()`. `order(ref)` finds it again; `modify(ref, OrderChange(...))` and
`cancel(ref)` act on it; `what_if(order)` previews one. `LiveOrder.at_exchange()` is its true state;
`current()` is the client's view, which a fault may delay.

**Events.** `listen(kind, listener)` with the event's class: `BrokerOrder`, `Fill`, `CommissionReport`,
`Position`, `ConnectionChange`, `DataGap`. Events without a listener are never built. Listeners may
call anything here, from any thread.

**Money.** Internally, prices are whole numbers of 10^-8 and money of 10^-12; `cash`, `statement`, `values`,
`margins` and `positions` return exact decimals. An `FxPair` order converts one currency into another.

**Faults.** `Exchange(faults=[fault("duplicate-fill", at=2), fault("late-acknowledgement", rate=0.1)])`, or
`add_fault` later; `FAULTS` lists them. `disconnect` and `reconnect` break and restore the connection. While
it is down, requests raise `ConnectionLost`, and events are delivered after the reconnect, once.
A listener receives a duplicate fill twice: the client must count fills by execution id.
`query(ref)` asks the exchange itself for an order's state.

`docs/sim.md` states the rules by which orders trade, each with an example that is run as a test.
"""

from __future__ import annotations

from brokerkit.plugins.sim.exchange.commission import CommissionModel, NoCommission, PercentOfValue, PerLot, PerOrder
from brokerkit.plugins.sim.exchange.exchange import Exchange
from brokerkit.plugins.sim.exchange.faults import FAULTS, Fault, fault
from brokerkit.plugins.sim.exchange.latency import Latency
from brokerkit.plugins.sim.exchange.liquidity import UnlimitedVolume, VolumeShare
from brokerkit.plugins.sim.exchange.live_order import LiveOrder
from brokerkit.plugins.sim.exchange.margin import Margins
from brokerkit.plugins.sim.exchange.matching import IntrabarPath
from brokerkit.plugins.sim.exchange.models import Models, VolumeCap
from brokerkit.plugins.sim.exchange.queries import Statement
from brokerkit.plugins.sim.exchange.realtime import RealTimeClock
from brokerkit.plugins.sim.exchange.sessions import SessionList, Sessions, WeeklyHours
from brokerkit.plugins.sim.exchange.slippage import (
    NoSlippage,
    PercentSlippage,
    SlippageModel,
    TickSlippage,
    VolumeImpact,
)
from brokerkit.plugins.sim.exchange.terms import ContractTerms, OutsideHours

__all__ = [
    "FAULTS",
    "CommissionModel",
    "ContractTerms",
    "Exchange",
    "Fault",
    "IntrabarPath",
    "Latency",
    "LiveOrder",
    "Margins",
    "Models",
    "NoCommission",
    "NoSlippage",
    "OutsideHours",
    "PerLot",
    "PerOrder",
    "PercentOfValue",
    "PercentSlippage",
    "RealTimeClock",
    "SessionList",
    "Sessions",
    "SlippageModel",
    "Statement",
    "TickSlippage",
    "UnlimitedVolume",
    "VolumeCap",
    "VolumeImpact",
    "VolumeShare",
    "WeeklyHours",
    "fault",
]
