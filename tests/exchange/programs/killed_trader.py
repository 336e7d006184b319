"""Trades on an exchange with a state file, telling on stdout what it was told, until it is killed."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

from brokerkit.errors import BrokerkitError
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Models, PerLot
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, TimeInForce

MINUTE = 60_000_000_000
GOLD = FuturesContract("GOLD", "202312")
START = datetime(2023, 1, 2, tzinfo=timezone.utc)
BARS = 5000


def say(*words: object) -> None:
    """Tell the parent; what was told must be found again after the kill."""
    print(*words, flush=True)


def opened(path: str) -> Exchange:
    """Return the exchange, new or as it was left."""
    exchange = Exchange(START, state=path, models=Models(commission=PerLot("2.07")))
    exchange.open_account("DU1", {"USD": 1_000_000})
    exchange.list_contract(ContractTerms(GOLD, "0.1", multiplier=100))
    begin = int(START.timestamp()) * 1_000_000_000
    levels = [1000 + (at * 7 % 13) - 6 for at in range(BARS)]
    exchange.add_bars(
        GOLD,
        [begin + at * MINUTE for at in range(BARS)],
        [level / 10 for level in levels],
        [(level + 9) / 10 for level in levels],
        [(level - 9) / 10 for level in levels],
        [(level + 2) / 10 for level in levels],
        [5] * BARS,
    )
    return exchange


def main() -> None:
    """Trade bar by bar from wherever the clock stands."""
    exchange = opened(sys.argv[1])
    exchange.listen(Fill, lambda fill: say("fill", fill.execution_id, fill.quantity, fill.price))
    exchange.listen(BrokerOrder, lambda view: say("order", view.order_ref, view.state.value, view.filled[0]))
    say("ready")
    at = len(exchange.orders())
    while exchange.advance():
        at += 1
        side = 1 if at % 2 else -1
        held = Order.limit(GOLD, 7 * side, 100 - side / 2, time_in_force=TimeInForce.GTC)
        for order in (held.with_bracket(take_profit=100 + side, stop_loss=100 - 3 * side), Order.market(GOLD, side)):
            exchange.submit(order)
            say("sent", order.order_ref)
        if at % 5 == 0:
            try:
                exchange.cancel(held.order_ref)
            except BrokerkitError:
                continue


if __name__ == "__main__":
    main()
