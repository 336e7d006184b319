"""Audit, risk and pacing together around the simulated broker, on its own prices and orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brokerkit import FuturesContract, FxPair, Order, errors, open_broker


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


def test_currency_orders_are_held_to_the_value_and_the_collar_but_have_no_position() -> None:
    limits = {"max_notional": {"USD": 20_000}, "price_collar": "0.2", "max_position": 0}
    with open_broker("sim", middleware=["risk"], risk=limits) as broker:
        pound = FxPair("GBPUSD")
        last = broker.fx.get_fx_prices("GBPUSD").iloc[-1]
        broker.fx.put_fx_order_on_stack(Order.market(pound, 10_000))
        with pytest.raises(errors.RiskLimitExceeded, match="above max_notional = 20000 USD"):
            broker.fx.put_fx_order_on_stack(Order.market(pound, 100_000))
        with pytest.raises(errors.RiskLimitExceeded, match=r"more than 0\.2 % from the last price"):
            broker.fx.put_fx_order_on_stack(Order.limit(pound, 1_000, round(last * 1.003, 4)))
        most = int(20_000 / last) + 5  # worth more than the limit at the last rate, and less at one that it cannot pass
        broker.fx.put_fx_order_on_stack(Order.limit(pound, most, round(last * 0.999, 4)))
        broker.middleware["risk"].reduce_only("no new risk")
        with pytest.raises(errors.RiskLimitExceeded, match="only orders that make a position smaller"):
            broker.fx.put_fx_order_on_stack(Order.market(pound, -10_000))


def test_a_brackets_exits_count_as_one_order_and_only_for_what_its_entry_has_opened() -> None:
    with open_broker("sim", middleware=["risk"], risk={"max_position": 5}) as broker:
        gold = FuturesContract("GOLD", broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0])
        entry = Order.limit(gold, 3, 1700).with_bracket(take_profit=2500, stop_loss=900)
        bracket = broker.orders.put_order_on_stack(entry)
        short = broker.orders.put_order_on_stack(Order.limit(gold, -5, 2500))  # the waiting exits sell nothing
        with pytest.raises(errors.RiskLimitExceeded, match="could reach 6 lots"):
            broker.orders.put_order_on_stack(Order.limit(gold, -1, 2500))
        broker.orders.cancel_order_given_control_object(short)
        broker.orders.modify_limit_price_given_control_object(bracket, 2000)
        assert bracket.wait().filled == (3,)
        with pytest.raises(errors.RiskLimitExceeded, match="could reach 6 lots"):
            broker.orders.put_order_on_stack(Order.limit(gold, -6, 2500))  # one exit may fill first
        broker.middleware["risk"].reduce_only("no new risk")
        take_profit = bracket.children[0]
        changed = broker.orders.modify_limit_price_given_control_object(take_profit, 2400)
        assert changed.current().order.limit_price == 2400  # the other exit can not fill beside it
        with pytest.raises(errors.RiskLimitExceeded, match="only orders that make a position smaller"):
            broker.orders.put_order_on_stack(Order.limit(gold, -3, 2500))
        broker.middleware["risk"].resume()
        assert broker.orders.put_order_on_stack(Order.market(gold, -3)).wait().filled == (-3,)


def test_orders_of_one_oco_group_count_as_one() -> None:
    with open_broker("sim", middleware=["risk"], risk={"max_position": 5}) as broker:
        gold = FuturesContract("GOLD", broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0])
        for price in (900, 901, 902):
            broker.orders.put_order_on_stack(Order.limit(gold, 5, price, oco_group="one of them"))
        with pytest.raises(errors.RiskLimitExceeded, match="could reach 6 lots"):
            broker.orders.put_order_on_stack(Order.limit(gold, 1, 900))
        with pytest.raises(errors.RiskLimitExceeded, match="could reach 8 lots"):
            broker.orders.put_order_on_stack(Order.limit(gold, 3, 900, oco_group="another"))
        assert len(broker.orders.get_list_of_broker_orders()) == 3
