"""Orders a second, placed and filled, over the socket; history at 100,000 bars; 32 clients at once.

The server runs in a process of its own. Its CPU time is told apart from the client's; the client sends frames made
beforehand and looks for nothing but the ends, so that it costs as little as can be.

    python bench/gateway_orders.py            # everything, some 20 seconds
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import struct
import threading
import time
from multiprocessing.connection import Connection

from brokerkit.plugins.sim.gateway import EagerClock, GatewaySettings, Limits, sample_market, simulated_gateway
from brokerkit.plugins.sim.gateway.codec import FrameReader, encode, requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract

GE = Contract(symbol="GE", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
FREE = GatewaySettings(port=0, limits=Limits.none())
VERSION = 176


def run_server(pipe: Connection, days: int, before: int) -> None:
    """Serve until told to end; answer every word with what the server has spent and done."""
    import resource

    with simulated_gateway(sample_market(days=days, days_before=before), FREE, clock=EagerClock()) as gateway:
        pipe.send(gateway.port)
        while pipe.recv() != "end":
            spent = resource.getrusage(resource.RUSAGE_SELF)
            filled = gateway.call(lambda g: sum(one.done for one in g.orders.registry))
            pipe.send((time.process_time(), filled, spent.ru_maxrss / 1024))


class Server:
    """The server's process, and questions to it."""

    def __init__(self, days: int, before: int = 3) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._pipe = ours
        self._process = multiprocessing.get_context("spawn").Process(target=run_server, args=(theirs, days, before))
        self._process.start()
        self.port: int = ours.recv()

    def state(self) -> tuple[float, int, float]:
        """Return the server's CPU seconds, orders filled, and memory in MB."""
        self._pipe.send("state")
        found: tuple[float, int, float] = self._pipe.recv()
        return found

    def end(self) -> None:
        """End it."""
        self._pipe.send("end")
        self._process.join()


class Client:
    """A client that reads frames and understands nothing of them but their first bytes."""

    def __init__(self, port: int, client_id: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.line.sendall(b"API\0" + struct.pack(">I", 9) + b"v176..176")
        self._reader = FrameReader(limit=1 << 28)
        self._waiting: list[bytes] = []
        self.next_frame()
        self.line.sendall(encode(requests.session.StartApi(client_id), VERSION))
        while b"\x002158\0" not in self.next_frame():
            pass

    def next_frame(self) -> bytes:
        """Return the next frame."""
        while not self._waiting:
            self._waiting = self._reader.feed(self.line.recv(1 << 20))
        return self._waiting.pop(0)


def order_frame(order_id: int) -> bytes:
    """Return a market order of one lot, sides in turn."""
    side = "BUY" if order_id % 2 else "SELL"
    return encode(requests.orders.PlaceOrder(order_id, GE, OrderTerms(side, 1.0, "MKT", tif="DAY")), VERSION)


def trade(client: Client, frames: list[bytes], in_flight: int) -> None:
    """Send every order, so many at a time, and wait for the commission of the last."""
    sent = reported = 0
    while reported < len(frames):
        batch = frames[sent : reported + in_flight]
        if batch:
            client.line.sendall(b"".join(batch))
            sent += len(batch)
        if client.next_frame().startswith(b"59\0"):
            reported += 1


def orders(server: Server, count: int, in_flight: int) -> dict[str, float]:
    """Measure orders placed and filled a second."""
    client = Client(server.port, 1)
    frames = [order_frame(number) for number in range(1, count + 1)]
    before, wall, own = server.state(), time.perf_counter(), time.process_time()
    trade(client, frames, in_flight)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    after = server.state()
    assert after[1] - before[1] == count
    client.line.close()
    return {
        "orders_per_second": round(count / wall),
        "orders_per_server_cpu_second": round(count / (after[0] - before[0])),
        "server_cpu_us_per_order": round((after[0] - before[0]) / count * 1e6, 1),
        "client_cpu_us_per_order": round(own / count * 1e6, 1),
    }


def history(server: Server, repeats: int = 5) -> dict[str, float]:
    """Measure the server's CPU for 100,000 bars: the first answer and the ones after it."""
    client = Client(server.port, 2)
    asked = requests.history.HistoricalDataRequest(
        1, GE, end_time="", bar_size="1 min", duration="70 D", what_to_show="TRADES", format_date=2
    )
    frame = encode(asked, VERSION)
    spent = []
    bars = 0
    for _ in range(repeats + 1):
        before = server.state()[0]
        client.line.sendall(frame)
        answer = client.next_frame()
        bars = int(answer.split(b"\0", 5)[4])
        spent.append(server.state()[0] - before)
    client.line.close()
    return {
        "bars": bars,
        "first_ms": round(spent[0] * 1000, 1),
        "after_ms": round(sorted(spent[1:])[len(spent[1:]) // 2] * 1000, 1),
    }


def crowd(server: Server, clients: int = 32, each: int = 50) -> dict[str, float]:
    """Measure how long each of many clients waits that trade at once."""
    lines = [Client(server.port, 100 + number) for number in range(clients)]
    frames = [order_frame(number) for number in range(1, each + 1)]
    took: list[float] = []

    def run(client: Client) -> None:
        began = time.perf_counter()
        trade(client, frames, 10)
        took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=run, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for line in lines:
        line.line.close()
    return {"clients": clients, "fastest_s": round(min(took), 3), "slowest_s": round(max(took), 3)}


def main() -> None:
    """Run what is asked for, and print a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--in-flight", type=int, default=10)
    options = parser.parse_args()
    server = Server(days=8)
    print(json.dumps({"orders": orders(server, options.orders, options.in_flight)}))
    print(json.dumps({"crowd": crowd(server)}))
    print(json.dumps({"memory_mb": round(server.state()[2])}))
    server.end()
    server = Server(days=1, before=70)
    print(json.dumps({"history": history(server)}))
    server.end()


if __name__ == "__main__":
    main()
