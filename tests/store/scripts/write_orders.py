"""Write orders from two threads at once: some of their own, and some that every writer tries to write."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from brokerkit.errors import DuplicateOrder
from brokerkit.spec.broker_order import BrokerIds
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import open_store

GOLD = FuturesContract("GOLD", "202312")
path, count = Path(sys.argv[1]), int(sys.argv[2])

with open_store(path, broker="paper", timeout=60) as store:

    def write(numbers: Iterable[int]) -> tuple[int, int, int]:
        own = won = lost = 0
        for number in numbers:
            store.journal.intend(Order.market(GOLD, 1))
            own += 1
            shared = Order.market(GOLD, 1, order_ref=f"shared-{number}")
            try:
                store.journal.intend(shared, {shared.order_ref: BrokerIds(client_id=7, order_id=str(number))})
                won += 1
            except DuplicateOrder:
                lost += 1
        return own, won, lost

    with ThreadPoolExecutor(2) as pool:
        print(*map(sum, zip(*pool.map(write, [range(count)] * 2), strict=True)))
