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
    print(sorted({"numpy", "pandas"} & set(sys.modules)))
"""
USE_EVENTKIT = """
    import eventkit, inspect
    event, averages = eventkit.Event(), []
    average = event.array(2).mean().connect(lambda value: averages.append(float(value)))
    for number in (1.0, 3.0, 5.0):
        event.emit(number)
    print(averages, "numpy" in sys.modules, inspect.getsource(eventkit.ops.array).count("import numpy"))
"""


def run(gateway: SimulatedGateway, script: str) -> list[str]:
    open_store().close()  # a new store is made with sqlite-utils, which imports what it finds
    command = [sys.executable, "-c", script, str(gateway.port)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.usefixtures("library")
def test_neither_numpy_nor_pandas_is_imported_before_somebody_asks_for_bars(gateway: SimulatedGateway) -> None:
    bars = """
    date = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
    print(len(broker.prices.get_prices_for_contract_object(FuturesContract("GOLD", date))) > 0)
"""
    assert run(gateway, OPEN + bars) == ["[]", "True"]


@pytest.mark.usefixtures("library")
def test_what_the_client_library_has_numpy_for_works_all_the_same(gateway: SimulatedGateway) -> None:
    assert run(gateway, OPEN + USE_EVENTKIT) == ["[]", "[1.0, 2.0, 4.0] True 1"]
