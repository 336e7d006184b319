"""Who owns a lease, and whether that process still lives: the kernel says so, not a process id.

Every process that holds leases keeps something locked that is its own, beside the database: a byte of a
file, or on Windows a file. The system unlocks it when the process ends, however it ends. A process id
that was given to another process, a zombie, a container that sees other process ids: none of them can
make a dead owner look alive, or a living one dead.
"""

from __future__ import annotations

import functools
import os
import secrets
import socket
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import attrs

from brokerkit.spec.services import LeaseOwner, LeaseState

if sys.platform == "win32":
    from brokerkit.store.lock_files import LockFiles as Locks
else:
    from brokerkit.store.byte_locks import ByteLocks as Locks

_own_token = secrets.randbits(62)
_imported = datetime.now(timezone.utc)


def _become_another_process() -> None:
    global _own_token  # a forked child is an owner of its own
    _own_token = secrets.randbits(62)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_become_another_process)


@attrs.frozen
class Claim:
    """A process as the database knows it.

    Attributes:
        token: Its random name, by which it is locked.
        boot: Which start of which machine it runs on; empty where the system does not tell.
        owner: Its host, process id and start.
    """

    token: int
    boot: str
    owner: LeaseOwner


class OwnerLocks:
    """What living owners of leases in a store keep locked."""

    def __init__(self, path: Path) -> None:
        self._locks = Locks(path)

    @property
    def own_token(self) -> int:
        """The token of this process."""
        return _own_token

    def claim(self) -> Claim:
        """Lock what is this process's own, unless it has it already, and return who this process is."""
        self._locks.hold(_own_token)
        return Claim(_own_token, boot_id(), this_process())

    def end_claim(self) -> None:
        """Unlock it: this process holds no lease any more."""
        self._locks.release(_own_token)

    def state_of(self, claim: Claim) -> LeaseState:
        """Return whether a process that claimed leases still lives, as far as this machine can see."""
        is_of_this_boot = claim.boot == boot_id() != ""
        if not is_of_this_boot and claim.owner.host != this_process().host:
            return LeaseState.ELSEWHERE
        is_alive = claim.token == _own_token or self._locks.is_held(claim.token)
        return LeaseState.HELD if is_alive else LeaseState.ORPHANED


@functools.cache
def boot_id() -> str:
    """Return what names this start of this machine, the same in all its containers; empty where nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def this_process() -> LeaseOwner:
    """Return this process as the owner of leases."""
    return LeaseOwner(socket.gethostname(), os.getpid(), _start_of(os.getpid()))


@functools.lru_cache(maxsize=1)
def _start_of(_this_process: int) -> datetime:
    if sys.platform != "linux":
        return _imported  # near enough
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return _imported
    return datetime.fromtimestamp(time.time() - age, timezone.utc).replace(microsecond=0)
