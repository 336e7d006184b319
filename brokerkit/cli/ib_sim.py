"""The broker `ib-sim`: the IB plugin on a simulated Gateway that is started for it, and stopped with it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.cli.typed_settings import typed_settings

if TYPE_CHECKING:
    from brokerkit import Broker
    from brokerkit.plugins.sim.feeds import Feed
    from brokerkit.plugins.sim.gateway import Gateway, SimulatedGateway
    from brokerkit.spec.broker_order import BrokerOrder

_OF_THE_GATEWAY = ("data", "seed")
_SAME = ("code", "exchange", "currency", "multiplier", "price_magnifier", "description", "asset_class")
_FUTURES = {"symbol": "broker_code", **dict(zip(_SAME, _SAME, strict=True))}
_CURRENCIES = {name: name for name in ("code", "base", "quote", "inverted")}


@attrs.frozen(eq=False)
class GatewayClock:
    """Moves a simulated Gateway's clock, in step with a broker that is connected to it."""

    broker: Broker
    gateway: SimulatedGateway

    def advance(self, length: timedelta) -> None:
        """Move the clock on."""
        self.gateway.advance(length)
        self._round_trip()

    def step(self) -> int:
        """Move the clock to the next moment at which something happens; return how many executions there are then."""
        executions = self.gateway.call(_step)
        self._round_trip()
        return executions

    def is_settled(self) -> bool:
        """Return whether no order works any more."""
        self._round_trip()
        return self.gateway.call(lambda gateway: all(each.state.is_final for each in _told(gateway)))

    def _round_trip(self) -> None:
        self.broker.orders.get_list_of_broker_orders()  # its answer comes after all that was sent and told before


def _step(gateway: Gateway) -> int:
    exchange = gateway.exchange
    due = exchange.next_instant_ns
    if due is not None:
        gateway.advance_to(max(due, exchange.now_ns + 1))
    return sum(len(order.fills) for order in _told(gateway))


def _told(gateway: Gateway) -> list[BrokerOrder]:
    """Return the orders as far as word of them has left the exchange."""
    return [live.current() for live in gateway.exchange.orders()]


@contextmanager
def gateway_for_ib(texts: Mapping[str, str]) -> Iterator[tuple[dict[str, Any], SimulatedGateway]]:
    """Start a simulated Gateway; yield what to open `ib-sim` with, as `open_broker` takes it, and the Gateway.

    Args:
        texts: Settings as text: `data` and `seed` are the Gateway's, all others the plugin's.
    """
    from brokerkit.plugins.sim.exchange import Models, VolumeShare
    from brokerkit.plugins.sim.feeds import open_feed
    from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, simulated_gateway
    from brokerkit.plugins.sim.gateway.market.fed import fed_market
    from brokerkit.plugins.sim.settings import SimSettings

    market_settings = {key: text for key, text in texts.items() if key in _OF_THE_GATEWAY}
    traded = SimSettings(**typed_settings("sim", market_settings))
    own = typed_settings("ib", {key: text for key, text in texts.items() if key not in _OF_THE_GATEWAY})
    models = Models(volume=VolumeShare(traded.volume_share))
    feed = open_feed(traded.data, seed=traded.seed)
    market = fed_market(feed, seed=traded.seed, models=models)
    with (
        TemporaryDirectory(prefix="brokerkit-ib-sim-") as folder,
        simulated_gateway(market, GatewaySettings(port=0, limits=Limits.none())) as gateway,
    ):
        store = Path(folder) / "brokerkit.db"  # a new Gateway counts its executions anew: no old journal must know them
        tables = _tables(feed, Path(folder))
        yield {"plugin": "ib", "read_only": False, "store_path": store, **tables, **own, "port": gateway.port}, gateway


def _tables(feed: Feed, folder: Path) -> dict[str, str]:
    """Write down what the Gateway lists as the plugin's instrument tables, so that it asks for nothing else."""
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
