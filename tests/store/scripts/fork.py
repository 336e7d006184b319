"""A process that leases an id and forks; the child closes its copy of the store, then leases one itself.

The child ends when its standard input does, so that it outlives its parent, and no test.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from brokerkit.store import open_store

path = Path(sys.argv[1])
store = open_store(path)
lease = store.client_ids.lease("127.0.0.1:4002")
if os.fork() == 0:
    assert not store.client_ids.release(lease)
    store.close()
    own = open_store(path)
    own.client_ids.lease("127.0.0.1:4002")
    print("child closed its copy of the store", flush=True)
sys.stdin.read()
