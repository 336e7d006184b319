"""Opening the simulated broker: its feed, its exchange, its accounts, its domains."""

from __future__ import annotations

from datetime import timedelta

from brokerkit.errors import ConnectionLost, RequestTimedOut
from brokerkit.plugins.sim.capital import SimCapital
from brokerkit.plugins.sim.contracts import SimContracts
from brokerkit.plugins.sim.exchange import Latency, Models, NoSlippage, OutsideHours, TickSlippage, VolumeShare
from brokerkit.plugins.sim.exchange.realtime import RealTimeClock
from brokerkit.plugins.sim.feeds import HouseRules, open_feed
from brokerkit.plugins.sim.feeds.fed_exchange import FedExchange
from brokerkit.plugins.sim.feeds.feed import Feed
from brokerkit.plugins.sim.feeds.start import start_on
from brokerkit.plugins.sim.fx import SimFx
from brokerkit.plugins.sim.instruments import SimInstruments
from brokerkit.plugins.sim.orders import SimOrders
from brokerkit.plugins.sim.origin import check_origin, origin_of
from brokerkit.plugins.sim.positions import SimPositions
from brokerkit.plugins.sim.prices import SimPrices
from brokerkit.plugins.sim.relay import Relay
from brokerkit.plugins.sim.settings import SimSettings
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.plugins.sim.throttle import Throttle
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.events import ConnectionState
from brokerkit.spec.lifecycle import Services, Session


def open_session(settings: SimSettings, services: Services) -> Session:
    """Open a session with a new simulation."""
    feed = open_feed(settings.data, seed=settings.seed, assumed_volume=settings.assumed_volume)
    throttle = Throttle(VolumeShare(settings.volume_share))
    exchange = _exchange(settings, feed, throttle)
    Relay(exchange, services)
    simulation = Simulation(exchange, feed, throttle)
    clock = RealTimeClock(exchange, settings.speed) if settings.speed else None
    if clock is not None:
        clock.start()
    return Session(
        domains=(
            SimFx(simulation),
            SimPrices(simulation),
            SimContracts(simulation),
            SimInstruments(simulation),
            SimCapital(simulation),
            SimOrders(simulation),
            SimPositions(simulation),
        ),
        account_kind=AccountKind.SIMULATED,
        native=simulation,
        state=lambda: _state(exchange),
        close=lambda: _close(exchange, clock),
        hear_out=exchange.hear_out,
        data=feed.describe(),
        forked=lambda: _end_waiting(exchange),
    )


def _end_waiting(exchange: FedExchange) -> None:
    exchange.is_over = True


def _close(exchange: FedExchange, clock: RealTimeClock | None) -> None:
    """Stop the clock, and close the exchange."""
    _end_waiting(exchange)
    try:
        if clock is not None:
            clock.stop()
    finally:
        exchange.close()


def _state(exchange: FedExchange) -> ConnectionState:
    """Return whether the exchange is connected; a fault may have broken or silenced the connection."""
    try:
        exchange.check_line()
    except RequestTimedOut:
        return ConnectionState.RECONNECTING
    except ConnectionLost:
        return ConnectionState.DISCONNECTED
    return ConnectionState.CONNECTED


def _exchange(settings: SimSettings, feed: Feed, throttle: Throttle) -> FedExchange:
    start = start_on(feed, settings.start)
    origin = origin_of(settings, start)
    exchange = FedExchange(
        feed,
        start,
        seed=settings.seed,
        models=_models(settings, throttle),
        rules=HouseRules(
            settings.base_currency,
            settings.margin_percent,
            settings.maintenance_percent,
            OutsideHours(settings.outside_hours),
        ),
        state=settings.state,
        origin=origin,
    )
    try:
        check_origin(settings, origin, exchange.origin)
        for account in settings.accounts:
            exchange.open_account(account, settings.cash, settings.base_currency)
        exchange.list_again()
    except BaseException:
        exchange.abandon()
        raise
    return exchange


def _models(settings: SimSettings, throttle: Throttle) -> Models:
    delay = timedelta(milliseconds=settings.latency_ms)
    return Models(
        slippage=TickSlippage(settings.slippage_ticks) if settings.slippage_ticks else NoSlippage(),
        volume=throttle,
        latency=Latency(delay, delay, delay),
        limit_fills_on_touch=settings.limit_fills_on_touch,
    )
