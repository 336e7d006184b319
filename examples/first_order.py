"""Open a broker by its name, place an order, and say what became of it.

Run it as `python examples/first_order.py [BROKER]`; without a name it trades on the simulated broker.
"""

from __future__ import annotations

import sys

from brokerkit import FuturesContract, Order, open_broker


def main(name: str) -> None:
    """Buy two lots of the front gold contract."""
    with open_broker(name) as broker:
        front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
        order = Order.market(FuturesContract("GOLD", front), 2, tag="first")
        done = broker.orders.put_order_on_stack(order).wait(timeout=3600)
        print(f"{order.order_ref}: {done.state.value}, {done.filled[0]} lots at {done.average_price()}")
        for fill in done.fills:
            print(
                f"  {fill.time:%Y-%m-%d %H:%M:%S} UTC  {fill.quantity:+d} at {fill.price}, commission {fill.commission}"
            )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sim")
