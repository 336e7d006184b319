"""The simulated Gateway over its socket: orders, bars, many clients, memory; the server in a process of its own.

`python -m bench gateway` runs it, in some two minutes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import attrs

from bench.figure import Figure
from bench.gateway_load import VERSION, Client, Server, order_frame, trade
from bench.gateway_memory import ROUNDS, SPEED, hour
from brokerkit.plugins.sim.gateway import sample_market
from brokerkit.plugins.sim.gateway.codec import encode, requests
from brokerkit.plugins.sim.gateway.codec.parts import Contract

GE = Contract(symbol="GE", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
IN_FLIGHT = 10
LEAST_ORDERS = 3000
MOST_MS = 60.0
CLIENTS = 32
MOST_GROWTH = 1.1


def figures() -> Iterator[Figure]:
    """Measure them."""
    yield from _orders()
    yield _crowd()
    yield _bars()
    yield _memory()


@attrs.frozen
class _Round:
    """What some orders took, in seconds an order."""

    wall: float
    server: float
    client: float


def _orders(rounds: int = 10, count: int = 1000) -> Iterator[Figure]:
    with Server(partial(sample_market, days=10)) as server:
        client = Client(server.port, 1)
        found = []
        for at in range(rounds):
            frames = [order_frame(number, GE) for number in range(at * count + 1, (at + 1) * count + 1)]
            found.append(_round(server, client, frames))
        client.close()
    server_cpu, client_cpu = min(one.server for one in found), min(one.client for one in found)
    yield Figure(
        f"orders placed and filled, {IN_FLIGHT} in flight, by the server's CPU: {server_cpu * 1e6:.0f} µs an order",
        f"{1 / server_cpu:,.0f} a second",
        f"≥ {LEAST_ORDERS:,} a second",
        server_cpu * LEAST_ORDERS <= 1,
    )
    yield Figure(
        f"the same by the clock on the wall; the client's own CPU is {client_cpu * 1e6:.0f} µs an order",
        f"{1 / min(one.wall for one in found):,.0f} a second",
    )


def _round(server: Server, client: Client, frames: list[bytes]) -> _Round:
    before, wall, own = server.cpu(), time.perf_counter(), time.process_time()
    trade(client, frames, IN_FLIGHT)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    return _Round(wall / len(frames), (server.cpu() - before) / len(frames), own / len(frames))


def _crowd(each: int = 100) -> Figure:
    """Let as many clients as are admitted trade at once, and see how much longer the last takes than the first."""
    with Server(partial(sample_market, days=5)) as server:
        clients = [Client(server.port, number) for number in range(CLIENTS)]
        frames = [order_frame(number, GE) for number in range(1, each + 1)]
        took: list[float] = []
        together = threading.Barrier(CLIENTS)

        def run(client: Client) -> None:
            together.wait()
            began = time.perf_counter()
            trade(client, frames, IN_FLIGHT)
            took.append(time.perf_counter() - began)

        threads = [threading.Thread(target=run, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
    first, last = min(took), max(took)
    return Figure(
        f"{len(took)} clients at once, {each} orders each: the first and the last are done",
        f"after {first:.2f} and {last:.2f} s = {last / first:.2f} x",
        "≤ 2 x, all done",
        len(took) == CLIENTS and last <= 2 * first,
    )


def _bars(repeats: int = 7) -> Figure:
    with Server(partial(sample_market, days=1, days_before=70)) as server:
        client = Client(server.port, 1)
        asked = requests.history.HistoricalDataRequest(
            1, GE, bar_size="1 min", duration="70 D", what_to_show="TRADES", format_date=2
        )
        spent, count = [], b""
        for _ in range(repeats + 1):
            before = server.cpu()
            client.line.sendall(encode(asked, VERSION))
            count = client.next_frame().split(b"\0", 5)[4]
            spent.append((server.cpu() - before) * 1000)
        client.close()
    first, after = spent[0], min(spent[1:])
    return Figure(
        f"{int(count):,} bars to a client, the server's CPU: the first time; after that",
        f"{first:.0f} ms; {after:.0f} ms",
        f"≤ {MOST_MS:.0f} ms after the first",
        after <= MOST_MS,
    )


def _memory() -> Figure:
    held = [resident for _, resident in hour()]
    growth = held[-1] / held[0]
    return Figure(
        f"memory after 10, 20, … 60 minutes of trading at speed {SPEED}: {ROUNDS:,} rounds, {2 * ROUNDS:,} orders",
        ", ".join(f"{resident:.0f}" for resident in held) + " MB",
        f"≤ {MOST_GROWTH - 1:.0%} more than after 10",
        growth <= MOST_GROWTH,
    )
