"""Hold the front contract, and roll it into the next one by a spread order: both legs, or neither.

Run it as `python examples/roll_with_a_spread.py [BROKER]`.
"""

from __future__ import annotations

import sys

from brokerkit import FuturesContract, Order, open_broker


def main(name: str) -> None:
    """Buy the front contract of corn, then move the position to the next one."""
    with open_broker(name) as broker:
        front, following = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[:2]
        broker.orders.put_order_on_stack(Order.market(FuturesContract("CORN", front), 2)).wait(timeout=3600)

        spread = FuturesContract("CORN", [front, following])
        rolled = broker.orders.put_order_on_stack(Order.market(spread, (-2, 2))).wait(timeout=3600)
        print(f"{spread}: {rolled.state.value}, legs {rolled.filled}")
        for fill in rolled.fills:
            print(f"  {fill.contract} {fill.quantity:+d} at {fill.price}")

        for position in broker.positions.get_all_current_positions_as_list_with_contract_objects():
            print(f"holds {position.quantity:+d} of {position.contract} at {position.average_price}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sim")
