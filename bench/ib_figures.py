"""The IB plugin against bare ib_insync, over a socket to the same simulated Gateway."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from bench.figure import Figure, best_seconds
from brokerkit import Broker, FuturesContract, Order, open_broker
from brokerkit.plugins.ib.history_frames import frame_of
from brokerkit.plugins.ib.history_plan import BarRequest

GOLD = FuturesContract("GOLD", "202501")
SYMBOL = ("GC", "202501", "COMEX")


def figures() -> Iterator[Figure]:
    """Measure every row."""
    yield from _bars()
    yield from _many_contracts()
    yield from _orders()
    yield from _connecting()
    yield from _reconnect()


@contextlib.contextmanager
def _gateway(kind: str) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.ib_gateway", kind]
    state = tempfile.TemporaryDirectory()  # a new Gateway counts anew: no journal of another's must know its orders
    os.environ["XDG_STATE_HOME"] = state.name
    with state, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(30)


@contextlib.contextmanager
def _bare(port: int) -> Iterator[Any]:
    """Connect ib_insync as its own documentation does."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    import ib_insync

    ib = ib_insync.IB()
    ib.connect("127.0.0.1", port, clientId=1, timeout=20)
    try:
        yield ib
    finally:
        ib.disconnect()


def _broker(port: int, **settings: Any) -> Broker:
    return open_broker("ib", port=port, read_only=False, connect_timeout=60.0, **settings)


def _cpu(call: Callable[[], Any], rounds: int = 5) -> float:
    """Return the least CPU seconds of this process for one call, all its threads counted."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return best


def _bars() -> Iterator[Figure]:
    import ib_insync

    with _gateway("bars") as port:
        with _bare(port) as ib:
            [details] = ib.reqContractDetails(ib_insync.Future(*SYMBOL))

            def bare() -> Any:
                bars = ib.reqHistoricalData(details.contract, "", "70 D", "1 min", "TRADES", True, 2, timeout=120)
                return ib_insync.util.df(bars)

            count, theirs = len(bare()), _cpu(bare)
        with _broker(port, request_timeout=120.0) as broker:
            native = broker.native
            facts = native.contracts._directory.resolve(GOLD).facts
            request = BarRequest("", "70 D", "1 min")

            def ours() -> Any:
                one = native.prices.ib_client.bars(facts, request, small=False)
                return frame_of([native.connection.run(one, "bars", 120)], None, None)

            assert len(ours()) == count
            mine = _cpu(ours)
    yield Figure(
        f"{count:,} bars to a DataFrame, client CPU, of ib_insync's {theirs * 1000:.0f} ms",
        f"{mine * 1000:.0f} ms = {mine / theirs:.2f} x",
        "≤ 0.35 x",
        mine / theirs <= 0.35,
    )


def _many_contracts() -> Iterator[Figure]:
    import ib_insync

    start = datetime(2023, 1, 1, tzinfo=timezone.utc)
    with _gateway("many") as port:
        with _bare(port) as ib:
            contracts = [each.contract for each in ib.reqContractDetails(ib_insync.Future("GC", exchange="COMEX"))][:10]
            began = time.perf_counter()
            for contract in contracts:
                ib.reqHistoricalData(contract, "", "1 Y", "1 day", "TRADES", True, 2)
                ib.sleep(0.5)
            theirs = (time.perf_counter() - began) * 200 / len(contracts)
        with _broker(port) as broker:
            dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
            wanted = [FuturesContract("GOLD", date) for date in dates]
            began = time.perf_counter()
            prices = broker.prices.get_prices_for_contract_objects(wanted, start=start)
            mine = time.perf_counter() - began
            assert len(prices.frames) == 200, prices.errors
            yield Figure(
                f"a year of daily bars for 200 contracts, of one after another with 0.5 s between: {theirs:.0f} s",
                f"{mine:.1f} s = {theirs / mine:.0f} x faster",
                "≥ 10 x faster",
                theirs / mine >= 10,
            )
            yield from _lists(broker, wanted[:50])


def _lists(broker: Broker, contracts: list[FuturesContract]) -> Iterator[Figure]:
    for contract in contracts:
        broker.orders.put_order_on_stack(Order.limit(contract, 1, 1900))
    broker.orders.get_list_of_broker_orders()
    (listed,) = best_seconds([broker.orders.get_list_of_broker_orders], number=1, rounds=15)
    yield Figure("listing 50 orders, second call", f"{listed * 1000:.1f} ms", "≤ 10 ms", listed <= 0.010)
    for contract in contracts:
        broker.orders.put_order_on_stack(Order.market(contract, 1)).wait(20)
    positions = broker.positions.get_all_current_positions_as_list_with_contract_objects
    assert len(positions()) == 50
    (held,) = best_seconds([positions], number=1, rounds=15)
    yield Figure("listing 50 positions, second call", f"{held * 1000:.1f} ms", "≤ 10 ms", held <= 0.010)


def _orders() -> Iterator[Figure]:
    import ib_insync

    with _gateway("orders") as port:
        with _bare(port) as ib:
            [details] = ib.reqContractDetails(ib_insync.Future(*SYMBOL))

            def bare() -> None:
                trade = ib.placeOrder(details.contract, ib_insync.MarketOrder("BUY", 1, account="DU1"))
                while not trade.fills:
                    ib.waitOnUpdate()

            bare()
            (theirs,) = best_seconds([bare], number=1, rounds=200)
        with _broker(port) as broker:
            broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(20)

            def ours() -> None:
                broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(20)

            (mine,) = best_seconds([ours], number=1, rounds=200)
        yield Figure(
            f"market order to fill seen, journalled, of bare ib_insync's {theirs * 1000:.2f} ms",
            f"{mine * 1000:.2f} ms = {mine / theirs:.2f} x",
            "≤ 1.5 x",
            mine / theirs <= 1.5,
        )


def _connecting() -> Iterator[Figure]:
    """Measure from the call to the first answer; closing is not counted. Ours reads and reconciles the journal too."""
    with _gateway("orders") as port:

        def bare_connect() -> float:
            began = time.perf_counter()
            with _bare(port) as ib:
                ib.reqCurrentTime()
                return time.perf_counter() - began

        def our_connect() -> float:
            began = time.perf_counter()
            with _broker(port) as broker:
                broker.native.connection.server_time()
                return time.perf_counter() - began

        for connect in (bare_connect, our_connect):
            connect()  # what only the first costs is not measured
        theirs, mine = (min(connect() for _ in range(20)) for connect in (bare_connect, our_connect))
        yield Figure(
            f"connect and first answer, not the process's first, of bare ib_insync's {theirs * 1000:.1f} ms",
            f"{mine * 1000:.1f} ms = {mine / theirs:.2f} x",
            "≤ 1.5 x",
            mine / theirs <= 1.5,
        )
        theirs, mine = (min(_process(code, port) for _ in range(7)) for code in (_BARE_SCRIPT, _OUR_SCRIPT))
        yield Figure(
            f"connect and first answer, a new Python with its imports, of bare ib_insync's {theirs * 1000:.0f} ms",
            f"{mine * 1000:.0f} ms = {mine / theirs:.2f} x",
            "≤ 1.5 x",
            mine / theirs <= 1.5,
        )


_BARE_SCRIPT = """
import sys, ib_insync
ib = ib_insync.IB()
ib.connect("127.0.0.1", int(sys.argv[1]), clientId=1)
print(ib.reqCurrentTime())
ib.disconnect()
"""
_OUR_SCRIPT = """
import sys
from brokerkit import open_broker
with open_broker("ib", port=int(sys.argv[1])) as broker:
    print(broker.native.connection.server_time())
"""


def _process(code: str, port: int) -> float:
    """Return the seconds of a whole process that runs a script against the Gateway, with cached bytecode."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code, str(port)]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


def _reconnect() -> Iterator[Figure]:
    with _gateway("orders") as port:
        with _broker(port) as broker:
            placed = [broker.orders.put_order_on_stack(Order.market(GOLD, 1)) for _ in range(4_000)]
            placed[-1].wait(20)
            fills = len(broker.orders.get_list_of_fills())
        began = time.perf_counter()
        with _broker(port) as broker:
            mine = time.perf_counter() - began
            again = broker.orders.get_list_of_fills()
            unique = len({fill.execution_id for fill in again})
    whole = fills == len(again) == unique == 4_000
    yield Figure(
        "connect again after 4,000 fills in the day, none lost, none twice",
        f"{mine:.1f} s, {unique} fills",
        "≤ 20 s (the timeout)",
        whole and mine <= 20,
    )
