"""Listen to fills, and put a stop-loss under each one while the strategy is busy elsewhere.

Run it as `python examples/protect_every_fill.py [BROKER]`.
"""

from __future__ import annotations

import sys

from brokerkit import Broker, Fill, FuturesContract, Order, TimeInForce, open_broker

TICKS_OF_RISK = 40


class StopLosses:
    """Places a stop against every execution, for a strategy that leaves closing to its stops."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.stops: list[Order] = []

    def on_fill(self, fill: Fill) -> None:
        """Protect one execution, unless a stop of ours made it, or it corrects one that has its stop."""
        if fill.order_ref in {stop.order_ref for stop in self.stops} or not isinstance(fill.contract, FuturesContract):
            return
        if fill.corrects:
            return
        tick = self._broker.contracts.get_min_tick_size_for_contract(fill.contract)
        direction = 1 if fill.quantity > 0 else -1
        trigger = fill.price // tick * tick - direction * TICKS_OF_RISK * tick
        stop = Order.stop(
            fill.contract,
            -fill.quantity,
            trigger,
            time_in_force=TimeInForce.GTC,
            outside_hours=True,  # by night, too
        )
        self.stops.append(stop)
        self._broker.orders.put_order_on_stack(stop)


def main(name: str) -> None:
    """Buy corn, and show the stops that came up by themselves."""
    with open_broker(name) as broker:
        guard = StopLosses(broker)
        front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
        with broker.subscribe(on_fill=guard.on_fill):
            order = Order.market(FuturesContract("CORN", front), 3)
            bought = broker.orders.put_order_on_stack(order).wait(timeout=3600)
        print(f"bought {bought.filled[0]} lots at {bought.average_price()}")
        for stop in guard.stops:
            view = broker.orders.match_db_broker_order_to_order_from_brokers(stop)
            print(f"stop {stop.quantity[0]:+d} at {stop.stop_price}: {view.state.value}")
        broker.orders.cancel_all_orders()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sim")
