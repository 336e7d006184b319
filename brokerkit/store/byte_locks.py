"""A file whose bytes living owners keep locked, a byte each: where the kernel locks bytes for processes, as POSIX asks.

The kernel unlocks them at the instant the process ends, by SIGKILL too, and when the machine goes down.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from pathlib import Path

from brokerkit.store.faults import store_errors

assert sys.platform != "win32"  # there `lock_files` takes its place

_guard = threading.Lock()
_descriptors: dict[tuple[int, int], int] = {}


def _become_another_process() -> None:
    global _guard  # the parent's may be held by a thread that the child does not have
    _guard = threading.Lock()
    for descriptor in _descriptors.values():
        os.close(descriptor)
    _descriptors.clear()


os.register_at_fork(after_in_child=_become_another_process)


class ByteLocks:
    """The locks of owners, by their tokens.

    The locks end when any descriptor of the file is closed by this process. So there is one for the
    whole process, and it stays open.

    Args:
        path: The file; it is made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def hold(self, token: int) -> None:
        """Lock this process's own byte, unless it has it already."""
        with _guard, store_errors(self._path):
            fcntl.lockf(self._descriptor(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, token)

    def release(self, token: int) -> None:
        """Unlock this process's own byte."""
        with _guard, store_errors(self._path):
            fcntl.lockf(self._descriptor(), fcntl.LOCK_UN, 1, token)

    def is_held(self, token: int) -> bool:
        """Return whether another process has the byte locked."""
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
