"""Audit, risk and pacing together around the simulated broker, on its own prices and orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brokerkit import FuturesContract, Order, errors, open_broker


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def test_limits_hold_on_real_orders_and_the_audit_tells_the_whole_story(tmp_path: Path) -> None:
    with open_broker(
        "sim",
        middleware=["audit", "risk", "pacing"],
        audit={"file": tmp_path / "audit.jsonl"},
        risk={"max_position": 3, "price_collar": 10, "max_notional": {"USD": 2_000_000}},
        pacing={"orders": "50/s", "data": "500/s"},
    ) as broker:
        front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
        gold = FuturesContract("GOLD", front)
        assert broker.orders.put_order_on_stack(Order.market(gold, 2)).wait().filled == (2,)
        resting = broker.orders.put_order_on_stack(Order.market(gold, 1)).wait()
        assert resting.filled == (1,)
        with pytest.raises(errors.RiskLimitExceeded, match="could reach 4 lots"):
            broker.orders.put_order_on_stack(Order.market(gold, 1))
        with pytest.raises(errors.RiskLimitExceeded, match="from the last price"):
            broker.orders.put_order_on_stack(Order.limit(gold, -1, 1))
        assert broker.orders.put_order_on_stack(Order.market(gold, -3)).wait().filled == (-3,)
        assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []
    records = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [each["outcome"]["code"] for each in records if each["record"] == "refusal"] == ["BK303", "BK303"]
    fills = [each["outcome"] for each in records if each["hook"] == "on_fill"]
    assert sum(fill["quantity"] for fill in fills) == 0
    assert sum(abs(fill["quantity"]) for fill in fills) == 6


def test_a_simulation_is_opened_for_trading_and_reports_what_it_is() -> None:
    with open_broker("sim") as broker:
        assert not broker.read_only
        assert broker.account_kind.value == "simulated"
        assert repr(broker) == "<Broker 'sim' (sim), simulated, connected>"
