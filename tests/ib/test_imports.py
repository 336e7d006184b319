"""What a new process need not import before its first answer."""

from __future__ import annotations

import subprocess
import sys

import pytest

from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.store import open_store

OPEN = """
import sys
from brokerkit import FuturesContract, open_broker
with open_broker("ib", port=int(sys.argv[1])) as broker:
    broker.native.server_time()
    assert broker.orders.get_list_of_broker_orders() == []
    print("pandas" in sys.modules)
"""


def run(gateway: SimulatedGateway, script: str) -> list[str]:
    open_store().close()  # a new store is made with sqlite-utils, which imports what it finds
    command = [sys.executable, "-c", script, str(gateway.port)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.usefixtures("library")
def test_pandas_is_not_imported_before_somebody_asks_for_bars(gateway: SimulatedGateway) -> None:
    bars = """
    date = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
    print(len(broker.prices.get_prices_for_contract_object(FuturesContract("GOLD", date))) > 0)
"""
    assert run(gateway, OPEN + bars) == ["False", "True"]


@pytest.mark.usefixtures("library")
def test_imports_of_others_are_left_as_they_are(gateway: SimulatedGateway) -> None:
    script = OPEN.replace("import sys\n", "import sys\nbefore = [*sys.meta_path]\n", 1)
    same = """
    import eventkit.ops.array, numpy
    print(before == sys.meta_path, eventkit.ops.array.np is numpy)
"""
    assert run(gateway, script + same) == ["False", "True True"]
