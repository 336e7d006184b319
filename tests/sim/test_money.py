"""Rates, balances, capital and positions on the simulated broker."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext

import pandas as pd
import pytest

from brokerkit import AccountKind, FuturesContract, FxPair, Money, Order, OrderState
from brokerkit.broker import Broker
from brokerkit.errors import InvalidOrder, MissingAccount, MissingFxCode, OffTickPrice

GOLD, BUND = FuturesContract("GOLD", "202304"), FuturesContract("BUND", "202306")
OpenSim = Callable[..., Broker]


def _cash(broker: Broker, account: str = "") -> dict[str, Decimal]:
    return {one.currency: one.amount for one in broker.fx.get_fx_balances(account)}


def test_rates_have_the_shape_of_the_contract(broker: Broker) -> None:
    rates = broker.fx.get_fx_prices("JPYUSD")
    assert (rates.name, str(rates.dtype), rates.index.name, str(rates.index.tz)) == ("JPYUSD", "float64", "time", "UTC")
    assert rates.index.is_monotonic_increasing
    assert rates.index.is_unique
    assert 0.003 < rates.iloc[-1] < 0.02
    assert rates.index[-1] == pd.Timestamp("2023-03-07", tz="UTC"), "today has not ended"


def test_crosses_and_inverses_are_derived(broker: Broker) -> None:
    pounds, euros = broker.fx.get_fx_prices("GBPUSD"), broker.fx.get_fx_prices("EURUSD")
    cross = broker.fx.get_fx_prices("GBPEUR")
    assert cross.iloc[-1] == pytest.approx(pounds.iloc[-1] / euros.iloc[-1])
    assert (broker.fx.get_fx_prices("EURGBP") * cross).round(9).eq(1).all()
    same = broker.fx.get_fx_prices("USDUSD")
    assert same.eq(1.0).all()
    assert same.name == "USDUSD"
    assert len(same) == len(pounds)


@pytest.mark.parametrize("code", ["GBPXXX", "gbpusd", "GBP", "XXXXXX", ""])
def test_unknown_pairs_are_named(broker: Broker, code: str) -> None:
    with pytest.raises(MissingFxCode):
        broker.fx.get_fx_prices(code)


def test_a_currency_order_changes_the_cash_of_both(broker: Broker) -> None:
    done = broker.fx.put_fx_order_on_stack(Order.market(FxPair("GBPUSD"), 10_000)).wait()
    price = done.average_price()
    assert price is not None
    assert _cash(broker) == {"GBP": Decimal(10_000), "USD": 1_000_000 - 10_000 * price}
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []


def test_bad_currency_orders_are_refused(broker: Broker) -> None:
    with pytest.raises(MissingFxCode, match="Did you mean 'GBPUSD'"):
        broker.fx.put_fx_order_on_stack(Order.market(FxPair("GBPUSX"), 10_000))
    with pytest.raises(InvalidOrder, match="put_order_on_stack"):
        broker.fx.put_fx_order_on_stack(Order.market(GOLD, 1))
    with pytest.raises(OffTickPrice):
        broker.fx.put_fx_order_on_stack(Order.limit(FxPair("GBPUSD"), 10_000, "1.200001"))
    assert _cash(broker) == {"USD": Decimal(1_000_000)}


def test_an_order_for_a_pair_that_only_has_rates_is_told_what_is_traded_instead(broker: Broker) -> None:
    assert len(broker.fx.get_fx_prices("USDJPY")) == len(broker.fx.get_fx_prices("JPYUSD"))
    with pytest.raises(MissingFxCode, match=r"USDJPY is not traded.*Trade JPYUSD instead"):
        broker.fx.put_fx_order_on_stack(Order.market(FxPair("USDJPY"), 10_000))
    with pytest.raises(MissingFxCode, match=r"EURGBP is not traded.*Trade EURUSD and GBPUSD instead"):
        broker.fx.put_fx_order_on_stack(Order.market(FxPair("EURGBP"), 10_000))


def test_the_cash_of_a_round_trip_reconciles_to_the_last_digit(broker: Broker) -> None:
    bought = broker.orders.put_order_on_stack(Order.market(GOLD, 3)).wait()
    broker.native.advance(hours=2)
    sold = broker.orders.put_order_on_stack(Order.market(GOLD, -3)).wait()
    entry, leave = bought.average_price(), sold.average_price()
    assert entry is not None
    assert leave is not None
    profit = (leave - entry) * 3 * 100
    assert _cash(broker) == {"USD": 1_000_000 + profit - 6 * Decimal("2.31")}
    assert broker.capital.get_account_value_across_currency() == broker.fx.get_fx_balances()


def test_an_open_position_counts_in_its_own_currency(broker: Broker) -> None:
    done = broker.orders.put_order_on_stack(Order.market(BUND, 2)).wait()
    entry = done.average_price()
    broker.native.advance(hours=3)
    mark = broker.native.exchange.last_price(BUND)
    assert entry is not None
    worth = {one.currency: one.amount for one in broker.capital.get_account_value_across_currency()}
    assert worth == {"EUR": (mark - entry) * 2 * 1000 - 4, "USD": Decimal(1_000_000)}
    margin = broker.native.exchange.terms(BUND).maintenance_margin * 2
    left = {one.currency: one.amount for one in broker.capital.get_excess_liquidity_value_across_currency()}
    assert left == {"EUR": worth["EUR"] - margin, "USD": worth["USD"]}
    (position,) = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert (position.contract, position.quantity, position.average_price) == (BUND, 2, entry)
    assert position.as_of == broker.native.now


def test_accounts_are_apart_and_add_up(open_sim: OpenSim) -> None:
    broker = open_sim(accounts=("A", "B"), cash={"USD": 500_000, "EUR": 1})
    assert [(one.account_id, one.kind) for one in broker.capital.get_list_of_accounts()] == [
        ("A", AccountKind.SIMULATED),
        ("B", AccountKind.SIMULATED),
    ]
    broker.orders.put_order_on_stack(Order.market(GOLD, 1, account="B")).wait()
    assert _cash(broker) == {"EUR": Decimal(1), "USD": Decimal(500_000)}
    assert _cash(broker, "B")["USD"] == 500_000 - Decimal("2.31")
    together = broker.capital.get_account_value_across_currency_across_accounts()
    singles = [broker.capital.get_account_value_across_currency(account) for account in ("A", "B")]
    assert together == [one + other for one, other in zip(*singles, strict=True)]
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects
    assert [one.account for one in held()] == [one.account for one in held("B")] == ["B"]
    assert held("A") == []


def test_an_unknown_account_is_named(broker: Broker) -> None:
    for ask in (
        broker.fx.get_fx_balances,
        broker.capital.get_account_value_across_currency,
        broker.capital.get_excess_liquidity_value_across_currency,
        broker.positions.get_all_current_positions_as_list_with_contract_objects,
        broker.orders.get_list_of_broker_orders,
    ):
        with pytest.raises(MissingAccount, match="Did you mean 'SIM1'"):
            ask("SIM2")


def test_what_expires_is_settled_in_cash(broker: Broker) -> None:
    corn = FuturesContract("CORN", "202303")
    broker.orders.put_order_on_stack(Order.market(corn, 1)).wait()
    broker.native.advance(days=7)
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []
    assert broker.capital.get_account_value_across_currency() == broker.fx.get_fx_balances()
    assert _cash(broker)["USD"] != 1_000_000


def test_a_balance_is_money(broker: Broker) -> None:
    assert broker.fx.get_fx_balances() == [Money("USD", 1_000_000)]
    done = broker.fx.put_fx_order_on_stack(Order.market(FxPair("JPYUSD"), -1_000_000)).wait()
    assert done.state is OrderState.FILLED
    assert _cash(broker)["JPY"] == -1_000_000


def test_values_are_exact_whatever_precision_a_program_computes_with(broker: Broker) -> None:
    broker.orders.put_order_on_stack(Order.market(GOLD, 7)).wait()
    capital = broker.capital
    asked = (
        capital.get_account_value_across_currency,
        capital.get_account_value_across_currency_across_accounts,
        capital.get_excess_liquidity_value_across_currency,
        broker.fx.get_fx_balances,
    )
    exact = [question() for question in asked]
    with localcontext() as program:
        program.prec = 4
        assert [question() for question in asked] == exact


def test_values_have_no_zeros_at_the_end(broker: Broker) -> None:
    for lots in (5, 2, -1):
        broker.orders.put_order_on_stack(Order.market(GOLD, lots)).wait()
        broker.native.advance(hours=1)
    (cash,) = broker.fx.get_fx_balances()
    assert len(str(cash.amount)) > len("1000000.123456")  # a seventh of a cost has no end
    (value,) = broker.capital.get_account_value_across_currency()
    assert str(value.amount) == str(value.amount.normalize())
