"""What tests of several areas share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest


@pytest.fixture
def outcome_in_a_child() -> Callable[[Callable[[], object]], str]:
    """Return a function that returns the name of the error that an action raises in a forked child, and a full stop."""

    def outcome(action: Callable[[], object]) -> str:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that hangs is killed, and has told nothing
            raised = ""
            try:
                action()
            except BaseException as error:  # noqa: BLE001 because the parent is told whatever it is
                raised = type(error).__name__
            os.write(write_end, f"{raised}.".encode())
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        return told

    return outcome
