"""A forked child that inherits a broker is told so at once, and its parent notices nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokerkit import ConnectionState, Fill, FuturesContract, Order, OrderState, open_broker

Outcome = Callable[[Callable[[], object]], str]

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture(params=[{}, {"speed": 600.0}, {"state": "state.db"}], ids=["by hand", "in real time", "in a file"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the settings of the three kinds of simulation."""
    monkeypatch.chdir(tmp_path)
    return dict(request.param)


def test_a_forked_child_is_refused_at_once_and_its_parent_goes_on(
    settings: dict[str, Any], outcome_in_a_child: Outcome
) -> None:
    with open_broker("sim", **settings) as broker:
        (date, *_) = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
        gold = FuturesContract("GOLD", date)
        control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1))
        refused: tuple[Callable[[], object], ...] = (
            lambda: broker.orders.put_order_on_stack(Order.market(gold, 1)),
            broker.positions.get_all_current_positions_as_list_with_contract_objects,
            lambda: control.wait(5),
            lambda: broker.subscribe(on_fill=print),
        )
        assert [outcome_in_a_child(action) for action in refused] == ["BrokerClosed."] * len(refused)

        def closes() -> None:
            broker.close()
            assert broker.state is ConnectionState.CLOSED

        assert outcome_in_a_child(closes) == "."
        assert broker.state is ConnectionState.CONNECTED
        assert broker.orders.put_order_on_stack(Order.market(gold, 1)).wait().state is OrderState.FILLED


def test_what_a_child_does_with_its_copy_is_not_told_to_the_listeners(
    tmp_path: Path, outcome_in_a_child: Outcome
) -> None:
    audit = tmp_path / "audit.jsonl"
    heard: list[Fill] = []
    with open_broker("sim", middleware=["audit"], audit={"file": audit}) as broker:
        (date, *_) = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
        subscription = broker.subscribe(on_fill=heard.append)
        broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", date), 1))
        written = audit.read_bytes()

        def trades() -> None:
            broker.native.advance(hours=1)
            subscription.close()
            assert not heard

        assert outcome_in_a_child(trades) == "."
        assert audit.read_bytes() == written
        broker.native.advance(hours=1)
        assert len(heard) == 1
