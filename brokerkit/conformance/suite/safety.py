"""Group W: what must never happen by accident."""

from __future__ import annotations

import pytest

from brokerkit import AccountKind, Broker, OrderState
from brokerkit.conformance.connection import OpenAnother
from brokerkit.conformance.levels import static, trade
from brokerkit.conformance.trader import Trader
from brokerkit.errors import ReadOnlyBroker, RiskLimitExceeded
from brokerkit.spec.domains import CONTRACT


@static()
def test_276_a_read_only_broker_refuses_every_write(open_another: OpenAnother) -> None:
    """Case 276: opened read-only, every hook that writes is refused before the plugin is called."""
    broker = open_another(read_only=True)
    assert broker.read_only
    for name, facts in CONTRACT.items():
        if facts.writes and broker.supports(name):
            with pytest.raises(ReadOnlyBroker):
                getattr(getattr(broker, facts.domain), name)(*[None] * len(facts.parameters))


@trade("put_order_on_stack", "get_list_of_broker_orders")
def test_276_read_only_still_reads(trader: Trader, open_another: OpenAnother) -> None:
    """Case 276: opened read-only, orders and positions can be read."""
    broker = open_another(read_only=True)
    assert isinstance(broker.orders.get_list_of_broker_orders(), list)
    assert trader.quantity


@trade("put_order_on_stack")
def test_278_an_order_beyond_the_limits_is_refused(trader: Trader, open_another: OpenAnother) -> None:
    """Case 278: an order larger than the risk limits allow is refused with the limit, before it is sent."""
    broker = open_another(middleware=["risk"], risk={"max_order": 1})
    order = trader.resting_order(trader.market.lots(1000))
    with pytest.raises(RiskLimitExceeded):
        trader.place(order, at=broker)


@trade("cancel_all_orders", "put_order_on_stack")
def test_279_cancel_all_and_close_leave_nothing(broker: Broker, trader: Trader) -> None:
    """Case 279: after cancelling all and closing the position, nothing is open and nothing held, and it is reported."""
    trader.buys()
    trader.rests(trader.resting_order(trader.quantity))
    for view in broker.orders.cancel_all_orders():
        assert view.state in {OrderState.PENDING_CANCEL, OrderState.CANCELLED}
    trader.sells()
    trader.eventually(lambda: not trader.open_orders(), "no order is open")
    assert trader.gained() == 0


@trade()
def test_280_the_suite_trades_no_live_account(broker: Broker, trader: Trader) -> None:
    """Case 280: the account that is traded here is simulated or paper, by the broker's own word."""
    assert broker.account_kind in {AccountKind.SIMULATED, AccountKind.PAPER}
    assert not broker.read_only


@trade()
def test_281_two_sessions_have_ids_of_their_own(trader: Trader, open_another: OpenAnother) -> None:
    """Case 281: two sessions at once never trade under one client id."""
    mine = trader.rests(trader.resting_order(trader.quantity)).current().ids
    other = open_another()
    control = trader.place(trader.resting_order(trader.quantity), at=other)
    theirs = control.current().ids
    other.orders.cancel_order_on_stack(control)
    assert mine.client_id is None or mine.client_id != theirs.client_id
