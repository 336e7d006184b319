"""The exchange beside a plain one that follows docs/sim.md word by word: the same orders, the same outcome.

`EXCHANGE_EXAMPLES=5000` runs it longer.
"""

from __future__ import annotations

import os

from exchange_machine.machine import ExchangeBesideAPlainOne
from exchange_machine.setting import EVERY_FAULT
from hypothesis import HealthCheck, settings

from brokerkit.plugins.sim.exchange import FAULTS

TestExchangeBesideAPlainOne = ExchangeBesideAPlainOne.TestCase
TestExchangeBesideAPlainOne.settings = settings(
    max_examples=int(os.environ.get("EXCHANGE_EXAMPLES", "200")),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_every_fault_is_drawn() -> None:
    assert set(EVERY_FAULT) == set(FAULTS)
