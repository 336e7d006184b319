"""A whole strategy in one run, as a scheduler would start it once a day: data, signals, targets, orders.

Long what closed above its average of forty days, short what closed below it, one lot each. It reads what is held,
and trades only the difference. Run it as `python examples/follow_the_trend.py [BROKER]`.
"""

from __future__ import annotations

import sys

from brokerkit import Broker, FuturesContract, Order, errors, open_broker

DAYS = 40
UNIVERSE = ("CORN", "CRUDE_W", "EDOLLAR", "GOLD")


def target(broker: Broker, contract: FuturesContract) -> int:
    """Return the lots to hold of a contract: 1, 0 or -1."""
    closes = broker.prices.get_prices_for_contract_object(contract)["close"]
    if len(closes) < DAYS:
        return 0
    return 1 if closes.iloc[-1] > closes.iloc[-DAYS:].mean() else -1


def trade_towards(broker: Broker, contract: FuturesContract, wanted: int) -> str:
    """Send the order that is missing to reach a target, and return what happened."""
    positions = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    held = sum(position.quantity for position in positions if position.contract == contract)
    if wanted == held:
        return f"holds {held:+d}, nothing to do"
    if not broker.contracts.is_contract_okay_to_trade(contract):
        return f"wants {wanted:+d}, but the market is closed"
    try:
        order = Order.market(contract, wanted - held, tag="trend")
        done = broker.orders.put_order_on_stack(order).wait(timeout=3600)
    except errors.OutcomeUnknown as error:
        return f"stop and look: {error}"  # never sent again: its fate comes as an event
    except errors.BrokerkitError as error:
        return str(error)
    return f"{done.state.value} {done.filled[0]:+d} at {done.average_price()}"


def main(name: str) -> None:
    """Bring every instrument of the universe to its target."""
    with open_broker(name) as broker:
        for code in sorted(set(UNIVERSE) & set(broker.instruments.get_list_of_instruments())):
            front = broker.contracts.get_list_of_contract_dates_for_instrument_code(code)[0]
            contract = FuturesContract(code, front)
            print(f"{contract}: {trade_towards(broker, contract, target(broker, contract))}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sim")
