"""The broker `ib-sim`: the IB plugin on a simulated Gateway that is started and stopped with it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.registry.typed_settings import typed_settings

if TYPE_CHECKING:
    from brokerkit import Broker
    from brokerkit.plugins.sim.feeds import Feed
    from brokerkit.plugins.sim.gateway import Gateway, SimulatedGateway
    from brokerkit.spec.broker_order import BrokerOrder

_GATEWAY_SETTINGS = ("data", "seed")
_SAME = ("code", "exchange", "currency", "multiplier", "price_magnifier", "description", "asset_class")
_FUTURES = {"symbol": "broker_code", **dict(zip(_SAME, _SAME, strict=True))}
_CURRENCIES = {name: name for name in ("code", "base", "quote", "inverted")}


@attrs.frozen(eq=False)
class GatewayClock:
    """Moves a simulated Gateway's clock in step with a connected broker."""

    broker: Broker
    gateway: SimulatedGateway

    def advance(self, length: timedelta) -> None:
        """Advance the clock."""
        self.gateway.advance(length)
        self._round_trip()

    def step(self) -> int:
        """Advance the clock to the next event; return the number of executions so far."""
        executions = self.gateway.call(_step)
        self._round_trip()
        return executions

    def is_settled(self) -> bool:
        """Return whether no order is working."""
        self._round_trip()
        return self.gateway.call(lambda gateway: all(each.state.is_final for each in _reported_orders(gateway)))

    def _round_trip(self) -> None:
        self.broker.orders.get_list_of_broker_orders()  # its answer follows everything sent before


def _step(gateway: Gateway) -> int:
    exchange = gateway.exchange
    due = exchange.next_instant_ns
    if due is not None:
        gateway.advance_to(max(due, exchange.now_ns + 1))
    return sum(len(order.fills) for order in _reported_orders(gateway))


def _reported_orders(gateway: Gateway) -> list[BrokerOrder]:
    """Return the orders as the exchange has reported them."""
    return [live.current() for live in gateway.exchange.orders()]


@contextmanager
def gateway_for_ib(texts: Mapping[str, str]) -> Iterator[tuple[dict[str, Any], SimulatedGateway]]:
    """Start a simulated Gateway; yield the settings of `ib-sim` for `open_broker`, and the Gateway.

    Args:
        texts: Settings as text: `data` and `seed` for the Gateway, all others for the plugin.
    """
    from brokerkit.plugins.sim.exchange import Models, VolumeShare
    from brokerkit.plugins.sim.feeds import open_feed
    from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, simulated_gateway
    from brokerkit.plugins.sim.gateway.market.fed import fed_market
    from brokerkit.plugins.sim.settings import SimSettings

    market_settings = {key: text for key, text in texts.items() if key in _GATEWAY_SETTINGS}
    traded = SimSettings(**typed_settings("sim", market_settings))
    own = typed_settings("ib", {key: text for key, text in texts.items() if key not in _GATEWAY_SETTINGS})
    models = Models(volume=VolumeShare(traded.volume_share))
    feed = open_feed(traded.data, seed=traded.seed)
    market = fed_market(feed, seed=traded.seed, models=models)
    with (
        TemporaryDirectory(prefix="brokerkit-ib-sim-") as folder,
        simulated_gateway(market, GatewaySettings(port=0, limits=Limits.none())) as gateway,
    ):
        store = Path(folder) / "brokerkit.db"  # a new Gateway numbers executions from 1: an old journal would know them
        tables = _tables(feed, Path(folder))
        yield {"plugin": "ib", "read_only": False, "store_path": store, **tables, **own, "port": gateway.port}, gateway


def _tables(feed: Feed, folder: Path) -> dict[str, str]:
    """Write the Gateway's instruments as the plugin's instrument tables, so that it requests nothing else."""
    from brokerkit.plugins.ib.table_files import load_fx

    futures, currencies = folder / "futures.csv", folder / "fx.csv"
    _write(futures, _FUTURES, [feed.facts(code) for code in feed.instruments()])
    _write(currencies, _CURRENCIES, [row for row in load_fx().rows() if row.code in feed.fx_codes()])
    return {"instruments_replaced_by": str(futures), "fx_codes_replaced_by": str(currencies)}


def _write(path: Path, columns: Mapping[str, str], rows: Iterable[object]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([getattr(row, attribute) for attribute in columns.values()] for row in rows)
