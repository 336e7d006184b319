"""What the store's tests share: a store of their own, values to put in it, and real processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from brokerkit.spec.broker_order import Fill
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, open_store

SCRIPTS = Path(__file__).parent / "scripts"
GOLD = FuturesContract("GOLD", "202312")

StartScript = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """The file of a store that does not exist yet."""
    return tmp_path / "state" / "brokerkit.db"


@pytest.fixture
def store(store_path: Path) -> Iterator[LocalStore]:
    """An open store."""
    with open_store(store_path, broker="paper") as opened:
        yield opened


@pytest.fixture
def order() -> Order:
    """An order that no journal has seen."""
    return Order.limit(GOLD, 2, "1950.1")


@pytest.fixture
def fill_of() -> Callable[..., Fill]:
    """Make an execution of an order: `fill_of(order, "1.01", quantity=1, price="1950.1")`."""

    def make(order: Order, execution_id: str, quantity: int = 1, price: str = "1950.1", corrects: str = "") -> Fill:
        time = datetime(2023, 6, 1, 14, 30, tzinfo=timezone.utc)
        return Fill(execution_id, order.order_ref, GOLD, quantity, Decimal(price), time, "DU1", corrects=corrects)

    return make


@pytest.fixture
def start_script(start_python: StartScript) -> StartScript:
    """Start a script of this folder as a process: `start_script("claim.py", argument …)`. None outlives the test."""
    return lambda name, *arguments: start_python(SCRIPTS / name, *arguments)
