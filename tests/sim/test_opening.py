"""Opening the simulated broker: settings, data, clock, the line that can break."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from brokerkit import ConnectionState, FuturesContract, FxPair, Order, OrderState, TimeInForce
from brokerkit.broker import Broker
from brokerkit.errors import (
    ConnectionLost,
    DuplicateOrder,
    InvalidArgument,
    InvalidSetting,
    StoreCorrupt,
    StoreUnwritable,
)
from brokerkit.plugins.sim.settings import SimSettings

OpenSim = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202304")


def test_it_says_what_it_is(broker: Broker) -> None:
    assert broker.data == "synthetic"
    assert broker.account_kind.value == "simulated"
    assert not broker.read_only
    assert broker.state is ConnectionState.CONNECTED
    assert broker.settings["data"].value == "synthetic"
    assert repr(broker.settings["cash"]) == "cash = {'USD': Decimal('1000000')} (default)"
    assert repr(broker.native) == "<Simulation at 2023-03-08 15:00:00 UTC>"


def test_every_hook_is_answered(broker: Broker) -> None:
    assert [name for name, capability in broker.capabilities().items() if not capability] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": -1},
        {"seed": "many"},
        {"start": datetime(2023, 3, 8)},  # noqa: DTZ001 because it shall have no zone
        {"start": datetime(1999, 1, 1, tzinfo=timezone.utc)},
        {"start": datetime(2040, 1, 1, tzinfo=timezone.utc)},
        {"accounts": ()},
        {"accounts": ("A", "A")},
        {"cash": {"dollars": 5}},
        {"base_currency": "usd"},
        {"speed": -1.0},
        {"volume_share": 0},
        {"volume_share": 2},
        {"slippage_ticks": -1},
        {"speed": float("nan")},
        {"latency_ms": -1.0},
        {"latency_ms": float("inf")},
        {"outside_hours": "maybe"},
        {"margin_percent": -5},
        {"assumed_volume": 0},
        {"data": "/no/such/folder"},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(open_sim: OpenSim, settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        open_sim(**settings)


def test_every_setting_says_what_it_means() -> None:
    assert all(len(field.metadata["help"]) > 10 for field in SimSettings.__attrs_attrs__)


def test_the_clock_starts_where_it_is_told_and_moves_when_it_is_told(open_sim: OpenSim) -> None:
    start = datetime(2024, 7, 1, 14, 30, tzinfo=timezone.utc)
    broker = open_sim(start=start)
    assert broker.native.now == start
    assert broker.native.advance(days=1, hours=2, minutes=3, seconds=4.5) == start + timedelta(
        days=1, hours=2, minutes=3, seconds=4.5
    )
    with pytest.raises(InvalidArgument):
        broker.native.advance_to(start)
    with pytest.raises(InvalidArgument):
        broker.native.advance_bars(0)


def test_a_loop_over_the_bars_of_nothing_ends_with_an_error_instead_of_never(broker: Broker) -> None:
    broker.prices.get_prices_for_contract_object(GOLD)
    with pytest.raises(InvalidArgument, match="no contract has been ordered or quoted"):
        broker.native.advance_bars()
    broker.prices.get_ticker_object_for_contract(GOLD).quote()
    assert broker.native.advance_bars()


@pytest.mark.parametrize("days", [float("nan"), float("inf"), 1e7, -1])
def test_the_clock_moves_by_no_time_that_there_is_not(broker: Broker, days: float) -> None:
    before = broker.native.now
    with pytest.raises(InvalidArgument):
        broker.native.advance(days=days)
    assert broker.native.now == before


def test_two_simulations_are_apart(open_sim: OpenSim) -> None:
    one, other = open_sim(), open_sim()
    one.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    one.native.advance(minutes=1)
    assert other.orders.get_list_of_orders_from_storage() == []
    assert other.native.now < one.native.now


def test_the_same_calls_give_the_same_log(open_sim: OpenSim) -> None:
    logs = []
    for _ in range(2):
        broker = open_sim(seed=3)
        for quantity in (5, -3, 40):
            broker.orders.put_order_on_stack(Order.market(GOLD, quantity)).wait(600)
        logs.append(broker.native.exchange.log())
    assert logs[0] == logs[1]
    assert len(logs[0]) > 5


def test_while_the_line_is_down_nothing_is_asked_or_sent(broker: Broker) -> None:
    changes: list[ConnectionState] = []
    with broker.subscribe(on_connection=lambda change: changes.append(change.state)):
        broker.native.exchange.disconnect("cut")
        assert broker.state is ConnectionState.DISCONNECTED
        for ask in (
            lambda: broker.prices.get_prices_for_contract_object(GOLD),
            lambda: broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD"),
            lambda: broker.fx.get_fx_prices("GBPUSD"),
            lambda: broker.fx.get_fx_balances(),
            lambda: broker.capital.get_list_of_accounts(),
            lambda: broker.positions.get_all_current_positions_as_list_with_contract_objects(),
            lambda: broker.orders.get_list_of_broker_orders(),
            lambda: broker.orders.put_order_on_stack(Order.market(GOLD, 1)),
        ):
            with pytest.raises(ConnectionLost):
                ask()
        broker.native.exchange.reconnect()
    assert changes == [ConnectionState.DISCONNECTED, ConnectionState.CONNECTED]
    assert broker.orders.get_list_of_broker_orders() == []


def test_a_state_file_carries_a_simulation_over_a_restart(open_sim: OpenSim, tmp_path: Path) -> None:
    kept = tmp_path / "sim.sqlite"
    bund, spread = FuturesContract("BUND", "202306"), FuturesContract("GOLD", ["202306", "202308"])
    first = open_sim(state=kept, cash={"USD": 2_000_000, "EUR": 5})
    first.orders.put_order_on_stack(Order.market(bund, 2)).wait()
    first.fx.put_fx_order_on_stack(Order.market(FxPair("GBPUSD"), 1000)).wait()
    resting = first.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000, time_in_force=TimeInForce.GTC))
    first.orders.put_order_on_stack(Order.limit(spread, (1, -1), -500, time_in_force=TimeInForce.GTC))
    moment = first.native.advance(hours=1)
    held, cash = (
        first.positions.get_all_current_positions_as_list_with_contract_objects(),
        first.fx.get_fx_balances(),
    )
    fills = first.orders.get_list_of_fills()
    first.close()

    again = open_sim(state=kept, cash={"USD": 2_000_000, "EUR": 5})
    assert again.native.now == moment
    assert again.positions.get_all_current_positions_as_list_with_contract_objects() == held
    assert again.fx.get_fx_balances() == cash
    assert again.orders.get_list_of_fills() == fills
    assert len(again.orders.get_list_of_broker_orders()) == 4
    assert again.orders.match_db_broker_order_to_order_from_brokers(resting).state is OrderState.WORKING
    with pytest.raises(DuplicateOrder):
        again.orders.put_order_on_stack(resting.current().order)
    again.orders.put_order_on_stack(Order.market(bund, -2)).wait()
    assert again.positions.get_all_current_positions_as_list_with_contract_objects() == []


def test_a_state_file_that_cannot_be_written_is_named(open_sim: OpenSim, tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable, match="nowhere"):
        open_sim(state=tmp_path / "nowhere" / "sim.sqlite")
    (tmp_path / "noise").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreCorrupt):
        open_sim(state=tmp_path / "noise")


def test_events_are_told_while_somebody_listens(broker: Broker) -> None:
    built: list[str] = []
    control = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    with broker.subscribe(on_fill=lambda fill: built.append(fill.execution_id)):
        control.wait()
    broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    assert len(built) == 1, "told from the subscription on, until it was closed"


def test_the_plugin_itself_is_light() -> None:
    program = (
        "import sys, brokerkit.plugins.sim as sim; print({'numpy', 'pandas'} & set(sys.modules), sim.plugin.summary)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("set()")


def test_real_prices_can_be_found_in_the_file(open_sim: OpenSim, real_data: Path) -> None:
    broker = open_sim(data=real_data)
    front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
    last = broker.prices.get_prices_for_contract_object(FuturesContract("GOLD", front)).iloc[-1]
    day = broker.prices.get_prices_for_contract_object(FuturesContract("GOLD", front)).index[-1]
    rows = (real_data / "multiple_prices" / "GOLD.csv").read_text().splitlines()
    of_that_day = [one for one in rows if one.startswith(f"{day:%Y-%m-%d}")]
    assert str(last["close"]) in of_that_day[-1].split(",")
    assert str(real_data) in broker.data
