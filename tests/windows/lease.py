"""A process that leases a client id, prints it, and gives it back when it is told to; then it waits for its end."""

from __future__ import annotations

import sys
from pathlib import Path

from brokerkit.store import open_store

with open_store(Path(sys.argv[1])) as store:
    lease = store.client_ids.lease("127.0.0.1:4002")
    print(lease.client_id, flush=True)
    if sys.stdin.readline():
        store.client_ids.release(lease)
        print("released", flush=True)
        sys.stdin.readline()
