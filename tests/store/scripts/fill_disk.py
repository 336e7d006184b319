"""Place orders on a disk of a few hundred kilobytes until it is full, make room, and go on.

One line of JSON tells what was refused, and what the journal holds before and after.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from brokerkit.errors import StoreError
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, open_store

folder = Path(sys.argv[1])
ballast = folder / "ballast"
ballast.write_bytes(bytes(64 * 1024))


def place_until_refused(store: LocalStore) -> tuple[list[str], str]:
    written: list[str] = []
    while True:
        order = Order.market(FuturesContract("GOLD", "202312"), 1)
        try:
            store.journal.intend(order)
        except StoreError as error:
            return written, str(error)
        written.append(order.order_ref)


with open_store(folder / "brokerkit.db") as store:
    written, refusal = place_until_refused(store)
    found = [known.order_ref for known in store.journal.orders()]
    ballast.unlink()
    more, _ = place_until_refused(store)
    print(json.dumps({"refusal": refusal, "kept": found == written, "before": len(written), "after": len(more)}))
