"""Fork children while threads of the parent write to the journal; print how each child ended."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from pathlib import Path

from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import open_store

GOLD = FuturesContract("GOLD", "202312")
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of just what is tried here
store = open_store(Path(sys.argv[1]), broker="paper", timeout=60)
stop = threading.Event()
writing = threading.Barrier(3)


def write() -> None:
    store.journal.intend(Order.market(GOLD, 1, tag="parent"))
    writing.wait()
    while not stop.is_set():
        store.journal.intend(Order.market(GOLD, 1, tag="parent"))


def open_databases() -> list[str]:
    """Return the files of the store that this process has open, where the system tells."""
    descriptors = Path("/proc/self/fd")
    files = [str(link.resolve()) for link in descriptors.iterdir()] if descriptors.exists() else []
    return [file for file in files if "brokerkit.db" in file]


threads = [threading.Thread(target=write) for _ in range(2)]
for thread in threads:
    thread.start()
writing.wait()
children = []
for _ in range(5):
    child = os.fork()
    if child == 0:
        assert not open_databases(), "the child inherited a connection of its parent"
        for _ in range(20):
            store.journal.intend(Order.market(GOLD, 1, tag="child"))
        os._exit(0)
    children.append(child)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
stop.set()
for thread in threads:
    thread.join()
store.close()
