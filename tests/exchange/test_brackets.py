"""Brackets beyond the scenarios: what is refused, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from brokerkit.errors import DuplicateOrder, InvalidOrder
from brokerkit.plugins.sim.exchange import Exchange
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order

Market = Callable[..., Exchange]


def test_an_exit_with_exits_of_its_own_is_refused(market: Market, gold: FuturesContract) -> None:
    exchange = market([])
    exit_ = Order.limit(gold, -1, 105).with_bracket(stop_loss=110)
    with pytest.raises(InvalidOrder, match="no exits of its own"):
        exchange.submit(attrs.evolve(Order.market(gold, 1), children=(exit_,)))
    assert exchange.orders() == []
    assert exchange.log() == []


def test_one_reference_twice_in_a_bracket_is_refused(market: Market, gold: FuturesContract) -> None:
    exchange = market([])
    exit_ = Order.limit(gold, -1, 105)
    with pytest.raises(DuplicateOrder, match="twice in one bracket"):
        exchange.submit(attrs.evolve(Order.market(gold, 2), children=(exit_, exit_)))
    assert exchange.orders() == []
    assert exchange.log() == []
