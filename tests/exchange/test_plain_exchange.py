"""The exchange beside a plain one that follows docs/sim.md word by word: the same orders, the same outcome.

The same runs are drawn each time; `EXCHANGE_TIMES=50` draws fifty times as many, others each time.
"""

from __future__ import annotations

import os

import pytest
from exchange_machine.machine import ExchangeBesideAPlainOne
from exchange_machine.setting import EVERY_FAULT
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from brokerkit.plugins.sim.exchange import FAULTS

LONGER = int(os.environ.get("EXCHANGE_TIMES", "1"))
SOUND = ""


def test_every_fault_has_its_runs() -> None:
    assert set(EVERY_FAULT) == set(FAULTS)


@pytest.mark.parametrize("fault", [SOUND, *EVERY_FAULT])
@pytest.mark.timeout(0)
def test_exchange_and_plain_exchange_agree(fault: str) -> None:
    machine = type(f"With{fault.title().replace('-', '')}", (ExchangeBesideAPlainOne,), {"fault": fault})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=(6 if fault else 70) * LONGER,
            stateful_step_count=50,
            deadline=None,
            derandomize=LONGER == 1,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
