"""Group B: what a broker says that it can do, it does; what it declines, it refuses."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from brokerkit import Broker, Frequency, Order, OrderState, OrderType, Support
from brokerkit.conformance.capability import assert_declined, not_declined
from brokerkit.conformance.levels import read, static, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.trader import Trader
from brokerkit.errors import (
    InvalidArgument,
    MissingData,
    NotSupported,
    OffTickPrice,
)
from brokerkit.spec.domains import CONTRACT

_SOME_BARS, _FEW_BARS = 500, 50
_NO_TRADE_FOR = timedelta(minutes=5)
_WAITING = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)


@static()
def test_013_every_capability_has_a_value(broker: Broker) -> None:
    """Case 13: every hook is supported, unsupported or planned; none is left open."""
    assert {type(capability.support) for capability in broker.capabilities().values()} == {Support}
    assert all(isinstance(broker.supports(hook), bool) for hook in CONTRACT)


@read()
def test_014_supported_reads_work(broker: Broker, market: Market) -> None:
    """Case 14: a hook declared supported works; it never raises NotSupported."""
    for name, facts in CONTRACT.items():
        if broker.supports(name) and not facts.writes and not facts.parameters:
            try:
                getattr(getattr(broker, facts.domain), name)()
            except NotSupported as refusal:
                raise AssertionError(not_declined(name, refusal)) from refusal


@static()
def test_015_declined_hooks_are_absent(broker: Broker) -> None:
    """Case 15: a hook declared unsupported is really absent: calling it raises NotSupported with the reason."""
    for hook, capability in broker.capabilities().items():
        if not capability:
            assert_declined(broker, hook)


@static()
def test_016_unknown_hook_is_no_capability(broker: Broker) -> None:
    """Case 16: an operation that the contract does not have is refused by name, before anything is sent."""
    with pytest.raises(InvalidArgument):
        broker.supports("get_fx_price")


@static()
def test_017_declined_hooks_say_why(broker: Broker) -> None:
    """Case 17: each declined hook has a reason in words for its user, a supported one has none."""
    for hook, capability in broker.capabilities().items():
        assert bool(capability) is not bool(capability.reason.strip()), f"{hook}: {capability}"


@trade()
def test_018_every_order_type_rests_or_is_declined(trader: Trader) -> None:
    """Case 18: every order type is accepted, or refused as not supported with nothing left behind; one is accepted."""
    rest = [_rests(trader, trader.stop_order(trader.quantity, order_type)) for order_type in _WAITING]
    rest.append(_rests(trader, trader.resting_order(trader.quantity)))
    if not any(rest):
        try:
            control = trader.send(trader.market_order(trader.quantity))
        except NotSupported as refusal:
            said = f"put_order_on_stack is supported, and yet every type of order is refused: {refusal}"
            raise AssertionError(f"{said} Decline the hook with unsupported(...) instead.") from refusal
        trader.done(control)


@read("get_prices_for_contract_object")
def test_019_every_frequency_answers_or_is_missing(broker: Broker, market: Market) -> None:
    """Case 19: every bar length gives bars, or one typed error that says that there are none."""
    answered, now = 0, market.now
    for frequency in Frequency:
        start = now - _SOME_BARS * frequency.length  # not all there is: brokers make one wait for the shortest bars
        try:
            bars = broker.prices.get_prices_for_contract_object(market.contract, frequency, start=start)
        except (MissingData, NotSupported):
            continue
        assert len(bars), f"{frequency.value}: an empty frame instead of MissingData"
        if len(bars) > _FEW_BARS and frequency.length >= _NO_TRADE_FOR:
            closest = min(later - earlier for earlier, later in pairwise(bars.index))
            assert closest == frequency.length, f"asked for bars of {frequency.value}, and they are {closest} apart"
        answered += 1
    assert answered, "no bar length has any bars"


@trade()
def test_020_impossible_orders_are_refused_before_sending(trader: Trader) -> None:
    """Case 20: what the broker cannot do is refused with a reason, before it is sent."""
    price = trader.market.resting_buy() + trader.tick / 3
    order = trader.limit_order(trader.quantity, price)
    with pytest.raises(OffTickPrice) as raised:
        trader.place(order)
    assert str(raised.value)
    assert not trader.is_known(order.order_ref)


def _rests(trader: Trader, order: Order) -> bool:
    """Return whether an order is accepted; it then rests, and is cancelled."""
    try:
        control = trader.send(order)
    except NotSupported:
        known = trader.is_known(order.order_ref)
        assert not known, f"{order.order_type.value} is not supported, and yet it was placed"
        return False
    trader.until(control, OrderState.WORKING)
    trader.cancel(control)
    return True
