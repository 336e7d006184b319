"""Group X: what is asked of a simulation beyond what is asked of every broker."""

from __future__ import annotations

import threading
from pathlib import Path

from brokerkit import AccountKind, Broker, Order
from brokerkit.conformance.connection import OpenAnother, state_of
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.normalise import normalised
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.recorder import Recorder
from brokerkit.conformance.trader import TAG, Trader

_TICKER = "get_ticker_object_for_contract"
_WANTED = {
    "rejection",
    "lost-acknowledgement",
    "duplicate-fill",
    "reordered-fills",
    "partial-fill",
    "disconnect",
    "stale-positions",
    "pacing",
}


@read()
def test_282_a_simulation_declines_nothing(broker: Broker) -> None:
    """Case 282: a simulation answers every hook, so that it passes every group as any broker does."""
    _only_for_simulations(broker)
    declined = [hook for hook, capability in broker.capabilities().items() if not capability]
    assert not declined, f"a simulation declines {', '.join(declined)}"


@trade()
def test_283_the_same_calls_give_the_same_log(broker: Broker, open_another: OpenAnother, tmp_path: Path) -> None:
    """Case 283: two simulations with one seed, called in the same way, tell the same events."""
    _only_for_simulations(broker)
    logs = [_log_of(_simulation_anew(broker, open_another, tmp_path / f"{place}.db")) for place in range(2)]
    assert logs[0] == logs[1]
    assert logs[0], "nothing was told"


@read(_TICKER)
def test_284_the_clock_is_the_callers(broker: Broker, market: Market) -> None:
    """Case 284: a simulation's clock stands still until the caller moves it."""
    _only_for_simulations(broker)
    before = market.quote().time
    threading.Event().wait(0.05)
    assert market.quote().time == before, "the clock moved by itself"


@trade("put_order_on_stack", "get_prices_for_contract_object")
def test_292_no_bar_comes_from_the_future(broker: Broker, market: Market, trader: Trader) -> None:
    """Case 292: no bar that is given, and no fill, is newer than the broker's clock; fills follow what was seen."""
    view = trader.buys()
    before = market.now
    if broker.account_kind is not AccountKind.SIMULATED:  # the clock is that of the quotes: wait for the next one
        trader.eventually(lambda: market.now > before, "a quote came after the fill")
    now = market.now
    assert all(fill.time <= now for fill in view.fills), f"a fill at {view.fills[-1].time}, the clock is at {now}"
    bars = market.daily_bars()
    assert bars.index[-1].to_pydatetime() <= now


@fault(hooks=())
def test_294_a_simulation_can_fail_on_request(broker: Broker, harness: Harness) -> None:
    """Case 294: a simulation can be told to refuse, to lose, to double, to reorder, to disconnect and to be stale."""
    _only_for_simulations(broker)
    missing = sorted(_WANTED - set(harness.offers))
    assert not missing, f"it cannot be told: {', '.join(missing)}"


@trade()
def test_296_one_strategy_on_two_brokers(broker: Broker, open_another: OpenAnother, tmp_path: Path) -> None:
    """Case 296: one strategy on two brokers with the same data gives the same normalised log."""
    _only_for_simulations(broker)
    first, second = (_simulation_anew(broker, open_another, tmp_path / f"{place}.db") for place in range(2))
    assert _log_of(first) == _log_of(second)


def _simulation_anew(broker: Broker, open_another: OpenAnother, state: Path) -> Broker:
    """Return a simulation that knows nothing of the first, also where that one keeps its state in a file."""
    return open_another(state=state) if state_of(broker) else open_another()


def _log_of(broker: Broker) -> list[str]:
    """Return what a broker tells of a small strategy, in words that name no id."""
    heard, market = Recorder(), Market(broker, Facts(broker.name))
    with heard.listen_to(broker):
        bought = broker.orders.put_order_on_stack(Order.market(market.contract, 2, tag=TAG))
        bought.wait()
        resting = broker.orders.put_order_on_stack(Order.limit(market.contract, 1, market.resting_buy(), tag=TAG))
        broker.orders.cancel_order_on_stack(resting)
        resting.wait()
        broker.orders.put_order_on_stack(Order.market(market.contract, -2, tag=TAG)).wait()
    return normalised(heard.events)


def _only_for_simulations(broker: Broker) -> None:
    if broker.account_kind is not AccountKind.SIMULATED:
        blocked("it is asked of simulations only")
