"""Group G: accounts, balances, margin and commission."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerkit import AccountKind, Broker, BrokerOrder, CommissionReport, Fill, Money, Position
from brokerkit.conformance.agreement import check_utc
from brokerkit.conformance.capability import decline_if_unsupported
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.trader import Trader
from brokerkit.errors import MissingAccount
from brokerkit.spec.domains import CONTRACT

_VALUE = "get_account_value_across_currency"
_EXCESS = "get_excess_liquidity_value_across_currency"
_HELD = "get_all_current_positions_as_list_with_contract_objects"
_NOBODY = "NO-SUCH-ACCOUNT"
_UNTIL_PRICES_HAVE_MOVED = 1800.0
_CENT = Decimal("0.01")


@read("get_fx_balances")
def test_079_there_is_cash(broker: Broker) -> None:
    """Case 79: at least one cash balance is given, in alphabetical order of currency, each currency once."""
    balances = broker.fx.get_fx_balances()
    assert balances, "no balance"
    assert [cash.currency for cash in balances] == sorted({cash.currency for cash in balances})


@read(_VALUE, _EXCESS)
def test_080_value_is_what_is_free_and_what_is_used(broker: Broker) -> None:
    """Case 80: what is free is not more than the account's value, in every currency, and both are exact."""
    value, free = (
        amounts(broker.capital.get_account_value_across_currency()),
        amounts(broker.capital.get_excess_liquidity_value_across_currency()),
    )
    assert value
    assert all(isinstance(amount, Decimal) for amount in value.values())
    more = {currency: amount for currency, amount in free.items() if amount > value.get(currency, Decimal(0)) + _CENT}
    assert not more, f"free {free}, value {value}"


@trade("put_order_on_stack", "get_fx_balances")
def test_081_cash_changes_by_the_right_amount(broker: Broker, trader: Trader) -> None:
    """Case 81: buying and selling changes the cash by the profit less the commission, to the cent."""
    trader.needs_no_position()
    instrument = broker.instruments.get_futures_instrument_object_with_broker_data(trader.market.instrument)
    before = amounts(broker.fx.get_fx_balances(trader.market.facts.account)).get(instrument.currency, Decimal(0))
    trips = [trader.buys()]
    if broker.account_kind is AccountKind.SIMULATED:
        trader.let_pass(_UNTIL_PRICES_HAVE_MOVED)
    trips.append(trader.sells())
    points = sum((-fill.price * fill.quantity for view in trips for fill in view.fills), Decimal(0))
    profit = points * instrument.point_size
    paid = sum((cost.amount for view in trips for cost in commissions(trader, view.order_ref)), Decimal(0))
    after = amounts(broker.fx.get_fx_balances(trader.market.facts.account))[instrument.currency]
    assert abs(after - before - (profit - paid)) <= _CENT, f"{before} -> {after}, profit {profit}, paid {paid}"


@trade("put_order_on_stack", _HELD)
def test_082_account_changes_are_told(trader: Trader) -> None:
    """Case 82: a fill is followed by events that tell the new position and what it cost."""
    view = trader.buys()
    trader.eventually(
        lambda: trader.contract in {held.contract for held in trader.events.of(Position)},
        "the position was told",
    )

    def cost_is_told() -> bool:
        told = {report.order_ref for report in trader.events.of(CommissionReport)}
        fills = trader.events.fills(view.order_ref)
        return view.order_ref in told or (bool(fills) and all(fill.commission is not None for fill in fills))

    trader.eventually(cost_is_told, "the commission was told")


@read("get_account_value_across_currency_across_accounts", _VALUE, "get_list_of_accounts")
def test_083_accounts_add_up(broker: Broker) -> None:
    """Case 83: the value of all accounts is the sum of each one's, currency by currency, never converted."""
    total = amounts(broker.capital.get_account_value_across_currency_across_accounts())
    parts: dict[str, Decimal] = {}
    for account in broker.capital.get_list_of_accounts():
        for currency, amount in amounts(broker.capital.get_account_value_across_currency(account.account_id)).items():
            parts[currency] = parts.get(currency, Decimal(0)) + amount
    assert list(total) == sorted(total), "not in alphabetical order of currency"
    assert total == parts


@trade()
def test_084_every_fill_has_its_commission(trader: Trader) -> None:
    """Case 84: each fill gets its commission, with a currency, once; it is not known before it is reported."""
    view = trader.buys()
    costs = commissions(trader, view.order_ref)
    assert len(costs) == len(view.fills)
    assert all(len(cost.currency) == 3 for cost in costs)
    _check_reports(trader, view)
    total = trader.market.broker.orders.match_db_broker_order_to_order_from_brokers(view).commissions
    assert total is not None, "the order's total is unknown, although each fill's commission is told"
    assert sum(cost.amount for cost in total) == sum(cost.amount for cost in costs)


@trade("put_order_on_stack", "get_commission_for_contract")
def test_085_commission_is_as_declared(broker: Broker, trader: Trader) -> None:
    """Case 85: the commission of real fills is what the broker says that a lot costs, for each lot."""
    declared, lots = broker.contracts.get_commission_for_contract(trader.market.contract), trader.large_quantity
    costs = commissions(trader, trader.buys(lots).order_ref)
    paid = sum(cost.amount for cost in costs)
    assert paid == declared.amount * lots, f"declared {declared} a lot, paid {paid} for {lots} lots: {costs}"
    assert {cost.currency for cost in costs} == {declared.currency}


@fault("partial-fill", hooks=("put_order_on_stack", "get_commission_for_contract", "get_list_of_fills"))
def test_085_each_part_pays_for_its_own_lots(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 85: of an order that fills in parts, each part costs what its own lots cost, and the whole is their sum."""
    declared, lots = broker.contracts.get_commission_for_contract(trader.market.contract), trader.large_quantity
    harness.cause("partial-fill")
    view = trader.buys(lots)
    commissions(trader, view.order_ref)
    for fill in (fill for fill in broker.orders.get_list_of_fills() if fill.order_ref == view.order_ref):
        due = declared.amount * abs(fill.quantity)
        assert fill.commission is not None
        assert fill.commission.amount == due, f"{declared} a lot, {fill.quantity} lots, paid {fill.commission}"


@trade("what_if_order")
def test_086_margin_is_positive_and_in_order(broker: Broker, trader: Trader) -> None:
    """Case 86: initial margin is not below maintenance margin, and both are positive with an open position."""
    trader.buys()
    preview = broker.orders.what_if_order(trader.market_order(trader.quantity))
    margins = preview.initial_margin, preview.maintenance_margin
    assert margins[0].amount >= margins[1].amount > 0, f"initial margin {margins[0]}, maintenance margin {margins[1]}"
    added = preview.initial_margin_change.amount
    assert preview.initial_margin.amount > added, f"a lot is held, and the margin after one more is {added}, the change"
    kept = preview.maintenance_margin_change.amount
    assert added >= kept > 0, f"one more lot adds {added} of initial margin and {kept} of maintenance margin"
    if broker.supports(_VALUE) and broker.supports(_EXCESS):
        value, free = (
            amounts(ask())
            for ask in (
                broker.capital.get_account_value_across_currency,
                broker.capital.get_excess_liquidity_value_across_currency,
            )
        )
        used = {currency for currency, amount in value.items() if free.get(currency, Decimal(0)) < amount}
        assert used, f"a position is held, and no margin is in use: value {value}, free {free}"


@read(_VALUE, _HELD, "get_list_of_accounts")
def test_087_one_account_is_one_account(broker: Broker) -> None:
    """Case 87: asked for one account, only what is that account's comes back."""
    for account in broker.capital.get_list_of_accounts():
        held = broker.positions.get_all_current_positions_as_list_with_contract_objects(account.account_id)
        assert {position.account for position in held} <= {account.account_id}


@read(_VALUE)
def test_088_a_failing_balance_call_fails_each_time(broker: Broker) -> None:
    """Case 88: a balance call that cannot be answered raises each time it is made, and never loops."""
    for _ in range(3):
        with pytest.raises(MissingAccount):
            broker.capital.get_account_value_across_currency(_NOBODY)


@read(_VALUE, "get_account_value_across_currency_across_accounts", "get_list_of_accounts")
def test_089_cash_is_counted_once(broker: Broker) -> None:
    """Case 89: each currency is listed once, and none that cash is held in is missing: nothing counts twice or not."""
    for values in (
        broker.capital.get_account_value_across_currency(),
        broker.capital.get_account_value_across_currency_across_accounts(),
    ):
        currencies = [value.currency for value in values]
        assert len(set(currencies)) == len(currencies), f"a currency is listed twice: {currencies}"
    _check_value_without_positions(broker)


@read("get_list_of_accounts")
def test_090_accounts_have_an_id_and_a_kind(broker: Broker) -> None:
    """Case 90: each account has an id of its own, a kind, and a base currency."""
    accounts = broker.capital.get_list_of_accounts()
    assert accounts, "no account"
    assert len({account.account_id for account in accounts}) == len(accounts)
    for account in accounts:
        assert account.account_id, f"an account without an id: {account}"
        currency = account.base_currency
        is_code = len(currency) == 3 and currency.isupper()
        assert is_code, f"the base currency of {account.account_id} is {currency!r}: give three capital letters"


@read()
def test_087_unknown_accounts_are_refused(broker: Broker) -> None:
    """Case 87: an unknown account raises MissingAccount everywhere; it is never empty, zero or the default one."""
    asked = (_VALUE, _EXCESS, "get_fx_balances", _HELD, "get_list_of_broker_orders")
    answered = [hook for hook in asked if broker.supports(hook)]
    for hook in answered:
        with pytest.raises(MissingAccount):
            getattr(getattr(broker, CONTRACT[hook].domain), hook)(_NOBODY)
    if not answered:
        decline_if_unsupported(broker, asked)


def _check_value_without_positions(broker: Broker) -> None:
    """Check that an account that holds no contract is worth its cash, in the currencies of its cash."""
    if not (broker.supports("get_fx_balances") and broker.supports(_HELD)):
        return
    account = broker.capital.get_list_of_accounts()[0].account_id
    cash, value = (
        amounts(broker.fx.get_fx_balances(account)),
        amounts(broker.capital.get_account_value_across_currency(account)),
    )
    lacking = [currency for currency, amount in cash.items() if amount and currency not in value]
    assert not lacking, f"cash in {', '.join(lacking)}, and the account's value has no such currency: {value}"
    if not broker.positions.get_all_current_positions_as_list_with_contract_objects(account):
        off = {each: amount for each, amount in value.items() if abs(amount - cash.get(each, 0)) > abs(amount) / 20}
        assert not off, f"nothing is held, so the value is the cash: cash {cash}, value {value}"


def _check_reports(trader: Trader, view: BrokerOrder) -> None:
    """Check that what listeners were told that an order's fills cost is what its fills say."""
    listed = trader.market.broker.orders.get_list_of_fills()
    paid = {fill.execution_id: fill.commission for fill in listed if fill.order_ref == view.order_ref}
    told = [report for report in trader.events.of(CommissionReport) if report.order_ref == view.order_ref]
    for report in told:
        check_utc(report.time, f"the time of the commission of fill {report.execution_id},")
        assert report.execution_id in paid, f"a commission was told for {report.execution_id}, which is no fill of it"
        cost = paid[report.execution_id]
        assert report.commission == cost, f"told {report.commission}, and the fill says {cost}"
    ids = [report.execution_id for report in told]
    assert len(set(ids)) == len(ids), f"the commission of a fill was told twice: {ids}"


def amounts(values: list[Money]) -> dict[str, Decimal]:
    """Return amounts of money by currency."""
    return {value.currency: value.amount for value in values}


def commissions(trader: Trader, order_ref: str) -> list[Money]:
    """Return what the fills of an order cost, once all of it is told."""

    def fills() -> list[Fill]:
        return [fill for fill in trader.market.broker.orders.get_list_of_fills() if fill.order_ref == order_ref]

    trader.eventually(lambda: bool(fills()) and all(fill.commission for fill in fills()), "every commission was told")
    return [fill.commission for fill in fills() if fill.commission is not None]
