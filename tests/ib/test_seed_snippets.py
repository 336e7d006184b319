"""Every snippet of the seed document, with only its import lines changed, against the simulated Gateway."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokerkit import FuturesContract, Order
from brokerkit.errors import MissingContract
from brokerkit.plugins.ib import pysystemtrade
from brokerkit.plugins.sim.gateway import SimulatedGateway

SEED = Path(__file__).resolve().parents[2] / "../shared/reference/IB.md"
OLD_IMPORT = re.compile(r"^from sys\w+(?:\.\w+)* import (\w+)", re.MULTILINE)
ACCOUNTS = ("U123456", "U999999")


def snippets() -> list[str]:
    """Return the seed's Python, in order, its import lines changed; the YAML and the printed output left out."""
    if not SEED.is_file():
        return []
    blocks = re.findall(r"^```\w*\n(.*?)^```", SEED.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    code = [block for block in blocks if "ib_ipaddress: " not in block]
    return [_with_new_imports(block) for block in code]


def _with_new_imports(block: str) -> str:
    lines = [line for line in block.splitlines() if not line.startswith("Out[")]
    changed = OLD_IMPORT.sub(r"from brokerkit.plugins.ib.pysystemtrade import \1", "\n".join(lines))
    return textwrap.dedent(changed)


@pytest.fixture
def seed_gateway(run_gateway: Callable[..., SimulatedGateway], monkeypatch: pytest.MonkeyPatch) -> SimulatedGateway:
    """The Gateway that the seed speaks of, with its accounts; its port is put in the place of 4001."""
    return run_gateway(accounts=ACCOUNTS)


@pytest.fixture
def names(seed_gateway: SimulatedGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the snippets share: what the seed takes for granted, and what earlier snippets made."""
    monkeypatch.setenv("BROKERKIT_IB_PORT", str(seed_gateway.port))
    shared: dict[str, Any] = {}
    exec("from brokerkit.plugins.ib.pysystemtrade import *", shared)  # one snippet has no import line to change
    shared |= {"false": False, "config": {"ib_port": seed_gateway.port, "broker_account": "U123456"}}
    yield shared
    for value in shared.values():
        if isinstance(value, pysystemtrade.connectionIB):
            value.close_connection()


@pytest.mark.skipif(not SEED.is_file(), reason="the seed document is not in ../shared/reference")
def test_the_seed_has_the_snippets_that_are_run() -> None:
    found = snippets()
    assert len(found) == 13
    assert not any("from sys" in snippet for snippet in found)


@pytest.mark.skipif(not SEED.is_file(), reason="the seed document is not in ../shared/reference")
def test_every_snippet_runs(seed_gateway: SimulatedGateway, names: dict[str, Any]) -> None:
    gold = FuturesContract("GOLD", "202402")
    for snippet in snippets():
        code = snippet.replace("4001", str(seed_gateway.port))
        if "broker_order" in code:
            _orders(code, names, gold)
        elif '"201203"' in code:
            _old_contract(code, names)
        elif "connectionIB(" in code and "conn" in names:
            _close(names)
            exec(code, names)
        else:
            exec(code.replace('"202306"', '"202312"'), names)
    conn = names["conn"]
    assert repr(conn).startswith("IB broker connection{'ipaddress': '127.0.0.1', 'port': ")


def _orders(code: str, names: dict[str, Any], gold: FuturesContract) -> None:
    """Run the orders' snippet line by line: it cancels one order and looks at another."""
    resting = {"account": "U999999"}
    for line in code.splitlines():
        names["broker_order"] = names.get("broker_order") or Order.limit(gold, 1, 1900, **resting)
        exec(line, names)
        if "put_order_on_stack" in line:
            orders = names["ib_orders_data"]
            names["broker_order_with_controls"] = orders.put_order_on_stack(Order.limit(gold, 1, 1901, **resting))
    orders = names["ib_orders_data"]
    assert orders.check_order_can_be_modified_given_control_object(names["broker_order_with_controls"])


def _old_contract(code: str, names: dict[str, Any]) -> None:
    """Run the prices' snippet: IB forgets a contract two years after its end, and says so."""
    lines = code.splitlines()
    for line in lines:
        if '"201203"' in line:
            with pytest.raises(MissingContract):
                exec(line, names)
            exec(line.replace("201203", "202312"), names)
        else:
            exec(line, names)


def _close(names: dict[str, Any]) -> None:
    conn = names.pop("conn")
    conn.close_connection()
