"""What is asked of an exchange that answers badly is an answer to that question, if an old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brokerkit.plugins.sim.exchange import Exchange, fault
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order


def test_stale_positions_of_an_account_are_those_of_that_account(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[Any]
) -> None:
    exchange = market(quiet_rows, faults=[fault("stale-positions", at=3)])
    exchange.open_account("DU2", {"USD": 100_000})
    exchange.submit(Order.market(gold, 1, account="DU1"))
    exchange.submit(Order.market(gold, -2, account="DU2"))
    exchange.advance()
    for account in ("DU2", "DU1", "DU2"):
        held = [(one.account, one.quantity) for one in exchange.positions(account)]
        assert held == [(account, 1 if account == "DU1" else -2)]
