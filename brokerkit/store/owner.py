"""Who owns a lease, and whether that process still lives: the kernel says so, not a process id.

Every process that holds leases keeps one byte of a file beside the database locked, a byte of its own.
The kernel unlocks it at the instant the process ends, by SIGKILL too, and when the machine goes down.
A process id that was given to another process, a zombie, a container that sees other process ids: none
of them can make a dead owner look alive, or a living one dead.
"""

from __future__ import annotations

import fcntl
import functools
import os
import secrets
import socket
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

import attrs

from brokerkit.spec.services import LeaseOwner, LeaseState
from brokerkit.store.faults import store_errors

_guard = threading.Lock()
_descriptors: dict[tuple[int, int], int] = {}
_own_token = secrets.randbits(62)
_imported = datetime.now(timezone.utc)


def _become_another_process() -> None:
    global _guard, _own_token  # a forked child is an owner of its own
    _guard = threading.Lock()
    _own_token = secrets.randbits(62)
    for descriptor in _descriptors.values():
        os.close(descriptor)
    _descriptors.clear()


os.register_at_fork(after_in_child=_become_another_process)


@attrs.frozen
class Claim:
    """A process as the database knows it.

    Attributes:
        token: Its random name: the byte of the lock file that it holds.
        boot: Which start of which machine it runs on; empty where the system does not tell.
        owner: Its host, process id and start.
    """

    token: int
    boot: str
    owner: LeaseOwner


class OwnerLocks:
    """The file whose bytes living owners keep locked.

    The locks end when any descriptor of the file is closed by this process. So there is one for the
    whole process, and it stays open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def own_token(self) -> int:
        """The token of this process."""
        return _own_token

    def claim(self) -> Claim:
        """Lock this process's own byte, unless it has it already, and return who this process is."""
        with _guard, store_errors(self._path):
            fcntl.lockf(self._descriptor(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _own_token)
        return Claim(_own_token, boot_id(), this_process())

    def state_of(self, claim: Claim) -> LeaseState:
        """Return whether a process that claimed leases still lives, as far as this machine can see."""
        if claim.boot != boot_id() and claim.owner.host != this_process().host:
            return LeaseState.ELSEWHERE
        return LeaseState.HELD if self._is_locked(claim.token) else LeaseState.ORPHANED

    def _is_locked(self, token: int) -> bool:
        if token == _own_token:
            return True
        with _guard, store_errors(self._path):
            descriptor = self._descriptor()
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, token)
            except (BlockingIOError, PermissionError):  # POSIX allows either
                return True
            fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, token)
            return False

    def _descriptor(self) -> int:
        """Return the one descriptor of the file; it must not be opened while it is open."""
        while True:
            try:
                status = self._path.stat()
            except FileNotFoundError:
                self._path.touch(mode=0o600)
                continue
            identity = (status.st_dev, status.st_ino)
            if identity not in _descriptors:
                _descriptors[identity] = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            return _descriptors[identity]


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
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):  # no Linux: the time at which this module was imported is near enough
        return _imported
    return datetime.fromtimestamp(time.time() - age, timezone.utc).replace(microsecond=0)
