"""A failure says at which statement of the suite it came up, and with which values."""

from __future__ import annotations

import pandas as pd
import pytest

from brokerkit.conformance.market import Market
from brokerkit.conformance.reporting.place import place_of, raised_in
from brokerkit.conformance.suite import fx, limit_orders


def test_the_statement_is_named_with_the_values_it_uses() -> None:
    with pytest.raises(AssertionError) as raised:
        fx._check_rates(pd.Series([1.0], name="EURUSD"), "GBPUSD")
    said = place_of(raised)
    assert said.startswith("at fx.py, line ")
    assert ": assert rates.name == code" in said
    assert said.endswith("where code is 'GBPUSD'")


def test_what_should_have_raised_is_shown_with_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_orders.Order, "market", lambda *given: None)
    with pytest.raises(pytest.fail.Exception) as raised:
        limit_orders.test_126_quantities_below_one_lot_are_refused(Market.__new__(_NoMarket))
    said = place_of(raised)
    assert "with pytest.raises(InvalidQuantity): Order.market(market.contract, quantity)" in said
    assert said.endswith("where quantity is 0")


def test_an_error_of_the_plugin_names_the_plugins_line() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        1 / 0  # noqa: B018 because the error is all that is wanted
    assert not place_of(raised)
    assert raised_in(raised).startswith(f"raised in {__file__}, line ")


def test_an_error_of_the_wrong_type_is_shown_beside_the_one_that_was_expected() -> None:
    class Blundering:
        fx = None

    with pytest.raises(AttributeError) as raised:
        fx.test_077_a_missing_rate_is_a_named_error(Blundering, "XQZUSD")  # type: ignore[arg-type]
    wanted = (
        "with pytest.raises((MissingFxCode, MissingData, StaleData, InvalidArgument)): broker.fx.get_fx_prices(code)"
    )
    assert wanted in place_of(raised)


class _NoMarket(Market):
    contract = None  # type: ignore[assignment]
