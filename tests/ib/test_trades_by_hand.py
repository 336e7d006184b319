"""A position is right also where somebody trades the same contract by hand, at the same time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Money, Order, Position
from brokerkit.plugins.sim.gateway import SimulatedGateway

GOLD = FuturesContract("GOLD", "202402")


@pytest.mark.parametrize("by_hand_first", [True, False])
def test_a_trade_by_hand_within_seconds_of_ours_is_told(
    gateway: SimulatedGateway,
    open_ib: Callable[..., Broker],
    listen: Callable[[Broker], Any],
    tmp_path: Path,
    by_hand_first: bool,
) -> None:
    broker, hand = open_ib(gateway), open_ib(gateway, store_path=tmp_path / "hand.db")
    heard = listen(broker)
    for trader in (hand, broker) if by_hand_first else (broker, hand):
        trader.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    heard.wait_for(lambda: [each for each in heard.of(Position) if each.quantity == 4])
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 4


def test_positions_include_trades_by_hand_of_the_last_seconds(
    broker: Broker, gateway: SimulatedGateway, open_ib: Callable[..., Broker], tmp_path: Path
) -> None:
    hand = open_ib(gateway, store_path=tmp_path / "hand.db")
    broker.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    for lots in (3, -1):
        hand.orders.put_order_on_stack(Order.market(GOLD, lots)).wait(30)
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 4


@pytest.mark.parametrize("lots", [(1, 1), (3, -1), (-1, 2, -3)])
def test_trades_by_hand_count_once_when_their_executions_are_read_after_the_positions(
    gateway: SimulatedGateway,
    open_ib: Callable[..., Broker],
    listen: Callable[[Broker], Any],
    tmp_path: Path,
    lots: tuple[int, ...],
) -> None:
    """IB sends everybody its new positions at once, but executions only to whoever placed the order."""
    broker, hand = open_ib(gateway), open_ib(gateway, store_path=tmp_path / "hand.db")
    heard = listen(broker)
    for each in lots:
        hand.orders.put_order_on_stack(Order.market(GOLD, each)).wait(30)
    heard.wait_for(lambda: [each.quantity for each in heard.of(Position)][-1:] == [sum(lots)])
    told = len(heard.of(Position))
    assert [fill.quantity for fill in broker.orders.get_list_of_fills()] == list(lots)
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == sum(lots)
    broker.native.orders._desk.hear_out()
    assert heard.of(Position)[told:] == []


def test_commissions_of_trades_that_have_no_place_here_are_not_kept_for_ever(broker: Broker) -> None:
    """Of a share that somebody trades by hand IB tells the commission too, and its execution is left out."""
    news = broker.native.orders._desk.news
    for number in range(2000):
        news.commission(f"0000e0d5.share.{number:08d}.01", Money("USD", "1"))
    assert len(news._early_commissions) <= 1000
    assert "0000e0d5.share.00001999.01" in news._early_commissions
