"""Runs a module or a script without what Python lacks on Windows: `python as_on_windows.py SCRIPT ARGUMENT …`.

Nothing here makes a Windows: files, sockets and processes remain those of this machine. The libraries are
imported first, as the platform that they are on; then `sys.platform` says win32, and what is only in
Python on POSIX is gone.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import subprocess
import sys
import time

import click
import exchange_calendars
import ib_insync
import pandas
import platformdirs
import rich.progress
import sqlite_utils
import yaml

LIBRARIES = (asyncio, subprocess, click, exchange_calendars, ib_insync, pandas, platformdirs, rich, sqlite_utils, yaml)
MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
NAMES = {
    os: ("fork", "register_at_fork", "sysconf", "killpg", "getuid", "geteuid", "O_CLOEXEC", "fchmod", "chown", "uname"),
    signal: ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGCHLD", "alarm", "setitimer", "pthread_kill", "pause"),
    time: ("clock_gettime", "CLOCK_BOOTTIME", "tzset"),
}


def _refuse_signal_handlers(*_: object) -> None:
    raise NotImplementedError  # as the loops there do


asyncio.set_event_loop(None)  # asyncio chooses its policy by the platform, from Python 3.14 on when it is first asked
for module in MODULES:
    sys.modules[module] = None  # type: ignore[assignment]
for holder, names in NAMES.items():
    for name in names:
        delattr(holder, name)
asyncio.SelectorEventLoop.add_signal_handler = _refuse_signal_handlers  # type: ignore[assignment, method-assign]
sys.platform = "win32"
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
