"""One scenario on the simulated broker and on the IB plugin through the Gateway: the same normalised event log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from brokerkit import Broker, CommissionReport, Fill, FuturesContract, Order, open_broker
from brokerkit.errors import BrokerkitError
from brokerkit.plugins.sim.exchange import Models, VolumeShare
from brokerkit.plugins.sim.feeds import open_feed
from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, simulated_gateway
from brokerkit.plugins.sim.gateway.market.fed import fed_market
from brokerkit.plugins.sim.settings import SimSettings
from brokerkit.spec.broker_order import BrokerOrder

Listen = Callable[[Broker], Any]
Step = Callable[[timedelta], None]
SEED = 3


def corn(broker: Broker, place: int = 0) -> FuturesContract:
    """Return one of the corn contracts, the front one first."""
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")
    return FuturesContract("CORN", dates[place])


def scenario(broker: Broker, step: Step) -> dict[str, str]:
    """Trade: at the market, at a limit that is changed and cancelled, a bracket, a spread; and what is refused."""
    front, last = corn(broker), broker.prices.get_prices_for_contract_object(corn(broker))["close"].iloc[-1]
    tick = broker.contracts.get_min_tick_size_for_contract(front)
    far = (int(last) // 2) * tick / tick
    labels: dict[str, str] = {}

    def put(label: str, order: Order) -> Any:
        labels[order.order_ref] = label
        for number, child in enumerate(order.children):
            labels[child.order_ref] = f"{label} child {number}"
        try:
            return broker.orders.put_order_on_stack(order)
        except BrokerkitError as error:
            labels[order.order_ref] = f"{label}: {type(error).__name__}"
            return None

    put("market", Order.market(front, 3))
    step(timedelta(hours=1))
    resting = put("limit", Order.limit(front, 2, far))
    step(timedelta(hours=1))
    broker.orders.modify_limit_price_given_control_object(resting, far + 1)
    broker.orders.cancel_order_given_control_object(resting)
    step(timedelta(hours=1))
    put("bracket", Order.market(front, 1).with_bracket(take_profit=int(last) * 2, stop_loss=far))
    step(timedelta(hours=1))
    put("spread", Order.market(FuturesContract("CORN", [front.date, corn(broker, 1).date]), [-1, 1]))
    step(timedelta(hours=1))
    put("off tick", Order.limit(front, 1, float(far) + 0.1))
    put("unknown", Order.market(FuturesContract("CORN", "199001"), 1))
    put("sell", Order.market(front, -4))
    step(timedelta(hours=1))
    broker.orders.cancel_all_orders()
    step(timedelta(hours=1))
    return labels


def normalised(broker: Broker, heard: Any, labels: dict[str, str]) -> dict[str, Any]:
    """Return the events by order, and where it all ended; accounts, ids and the names of orders left out."""
    log: dict[str, Any] = {label: {"states": [], "fills": [], "commissions": []} for label in labels.values()}
    for event in heard.events:
        of_order = log.get(labels.get(getattr(event, "order_ref", ""), ""))
        if of_order is None:
            continue
        if isinstance(event, BrokerOrder):
            if of_order["states"][-1:] != [event.state.value]:
                of_order["states"].append(event.state.value)
        elif isinstance(event, Fill):
            of_order["fills"].append((str(event.contract), event.quantity, event.price, event.leg, event.time))
        elif isinstance(event, CommissionReport):
            of_order["commissions"].append(event.commission)
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    log["positions"] = [(str(each.contract), each.quantity, each.average_price) for each in held]
    log["cash"] = broker.fx.get_fx_balances()
    return log


@contextmanager
def simulated() -> Iterator[tuple[Broker, Step, Callable[[], int]]]:
    with open_broker("sim", seed=SEED) as broker:
        exchange = broker.native.exchange
        yield broker, lambda length: exchange.advance_to(exchange.now + length), lambda: len(exchange.fills())


@contextmanager
def through_the_gateway() -> Iterator[tuple[Broker, Step, Callable[[], int]]]:
    models = Models(volume=VolumeShare(SimSettings().volume_share))
    market = fed_market(open_feed(SimSettings().data, seed=SEED), seed=SEED, models=models)
    with (
        simulated_gateway(market, GatewaySettings(port=0, limits=Limits.none())) as gateway,
        open_broker("ib", port=gateway.port, read_only=False) as broker,
    ):

        def step(length: timedelta) -> None:
            gateway.advance(length)
            broker.orders.get_list_of_broker_orders()  # its answer comes after all that was told before

        yield broker, step, lambda: gateway.call(lambda inner: len(inner.exchange.fills()))


def test_one_scenario_gives_one_log_on_sim_and_on_ib(listen: Listen) -> None:
    logs = []
    for opened in (simulated, through_the_gateway):
        with opened() as (broker, step, fills):
            heard = listen(broker)
            labels = scenario(broker, step)
            heard.wait_for(lambda heard=heard, fills=fills: len(heard.of(CommissionReport)) >= fills())
            heard.wait_for(lambda heard=heard, fills=fills: len(heard.of(Fill)) >= fills())
            logs.append(normalised(broker, heard, labels))
    sim, ib = logs
    assert set(sim) == set(ib)
    for label, story in sim.items():
        assert ib[label] == story, label
    assert sim["market"]["fills"]


def details(broker: Broker, code: str) -> dict[str, Any]:
    """Return what a broker says of an instrument and of its second contract."""
    instrument = broker.instruments.get_futures_instrument_object_with_broker_data(code)
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
    contract = FuturesContract(code, dates[1])
    found = broker.contracts.get_contract_object_with_broker_data(contract)
    return {
        "dates": dates,
        "point": (instrument.point_size, instrument.currency, instrument.price_magnifier),
        "ends": (found.expiry, found.last_trade),
        "tick": found.tick_size,
        "commission": broker.contracts.get_commission_for_contract(contract),
        "hours": broker.contracts.get_trading_hours_for_contract(contract)[:4],
        "closes": broker.prices.get_prices_for_contract_object(contract)["close"].tolist(),
    }


def test_every_instrument_of_the_simulation_is_the_same_through_the_gateway() -> None:
    with simulated() as (sim, _, _), through_the_gateway() as (ib, _, _):
        codes = sim.instruments.get_list_of_instruments()
        for code in codes:
            assert details(ib, code) == details(sim, code), code
        assert len(codes) == 19
