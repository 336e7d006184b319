"""A process that leases client ids, over and over, until it is told to stop or is killed.

It is told what to do by lines: `churn` takes and gives back ids until it is killed; `hold ROUNDS` does so
that often and then keeps one; `release` gives that one back. A file, one byte an id, is its witness: the
kernel lets one process at a time lock a byte, so an id that two hold is seen without asking the store.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from brokerkit.spec.services import ClientIdLease
from brokerkit.store import open_store

path, first, stop, witness_path = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
# Opened before the store: when the process dies, descriptors are closed in their order, the witness first.
witness = os.open(witness_path, os.O_RDWR | os.O_CREAT)
store = open_store(path, timeout=60)


def take() -> ClientIdLease:
    lease = store.client_ids.lease("127.0.0.1:4002", ids=range(first, stop))
    try:
        fcntl.lockf(witness, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, lease.client_id)
    except OSError:
        print(f"twice {lease.client_id}", flush=True)
        raise
    return lease


def give_back(lease: ClientIdLease) -> None:
    fcntl.lockf(witness, fcntl.LOCK_UN, 1, lease.client_id)
    assert store.client_ids.release(lease)


print("ready", flush=True)
task = sys.stdin.readline().split()
if task[0] == "churn":
    print("churning", flush=True)
    while True:
        give_back(take())
for _ in range(int(task[1])):
    give_back(take())
kept = take()
print(f"held {kept.client_id}", flush=True)
if sys.stdin.readline().strip() == "release":
    give_back(kept)
    print("released", flush=True)
