"""Values of the contract as plain ones: exact, complete, ready for JSON."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from brokerkit import FuturesContract, Money, Order, OrderType, Secret, errors
from brokerkit.middleware.plain import plain
from brokerkit.spec.secret import masker


class Control:
    """Something that names an order."""

    order_ref = "ref-1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        (float("inf"), "inf"),
        (Decimal("95.1250"), "95.1250"),
        (OrderType.LIMIT, "limit"),
        (date(2023, 6, 1), "2023-06-01"),
        (datetime(2023, 6, 1, 12, tzinfo=timezone.utc), "2023-06-01T12:00:00+00:00"),
        ((1, {"a": [2]}), [1, {"a": [2]}]),
        (Money("USD", "10.50"), {"currency": "USD", "amount": "10.50"}),
        (FuturesContract("GOLD", "202312"), {"instrument_code": "GOLD", "dates": ["202312"]}),
        (Secret("hunter2"), "***"),
        (pd.DataFrame({"close": [1.0, 2.0]}), {"type": "DataFrame", "shape": [2, 1]}),
        (Control(), {"type": "Control", "order_ref": "ref-1"}),
        (range(3), "range(0, 3)"),
    ],
)
def test_each_kind_of_value_has_its_plain_form(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    json.dumps(plain(value))


def test_an_order_can_be_read_back_from_what_is_written() -> None:
    order = Order.limit(FuturesContract("GOLD", ["202312", "202406"]), (1, -1), "-1.50", tag="roll")
    written = plain(order)
    assert (written["quantity"], written["limit_price"], written["tag"]) == ([1, -1], "-1.50", "roll")
    assert written["order_ref"] == order.order_ref


def test_secrets_are_masked_at_every_depth_and_in_errors() -> None:
    mask = masker(["hunter2", "hunter2-long"])
    value = {"key hunter2": [errors.OrderRejected("with hunter2-long", broker_message="hunter2")]}
    assert "hunter2" not in json.dumps(plain(value, mask))
