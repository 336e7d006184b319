"""Do something with a store as a user who has no rights there, and print the error it meets.

The rights of root are given up first: root may write anywhere.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from brokerkit.errors import StoreError
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import open_store

if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    with open_store(Path(sys.argv[1])) as store:
        store.journal.intend(Order.market(FuturesContract("GOLD", "202312"), 1))
        print("written")
except StoreError as error:
    print(error)
