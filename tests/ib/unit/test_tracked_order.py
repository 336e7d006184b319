"""How far an order has come, as IB counts: in units, of which a leg of a spread may have several lots."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from brokerkit import Fill, FuturesContract, Order
from brokerkit.plugins.ib.tracked_order import TrackedOrder

SPREAD = FuturesContract("GOLD", ["202612", "202702"])


@pytest.mark.parametrize(
    ("lots", "units", "complete"),
    [([], 0, False), ([2], 0, False), ([2, -1], 1, False), ([4, -1], 1, False), ([4, -2], 2, True), ([6, -2], 2, True)],
)
def test_a_spread_has_come_as_far_as_the_leg_that_has_come_least(lots: list[int], units: int, complete: bool) -> None:
    tracked = TrackedOrder(Order.market(SPREAD, [4, -2]))
    for leg, quantity in enumerate(lots):
        contract, now = SPREAD.legs[leg], datetime.now(timezone.utc)
        tracked.put_fill(Fill(f"e{leg}", tracked.order.order_ref, contract, quantity, Decimal(1), now, leg=leg))
    assert (tracked.filled_units, tracked.is_complete) == (units, complete)
