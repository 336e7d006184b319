"""The simulated exchange beside other engines: the same bars and orders, in the same run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator

from bench.exchange_market import CASES, Case
from bench.exchange_scaling import GROWTH, growth, streamed_memory
from bench.figure import Figure

PEERS = {"backtrader": "backtrader", "nautilus_trader": "nautilus", "vnpy_ctastrategy": "vnpy"}
MUST = {
    ("market", "backtrader"): 10,
    ("market", "nautilus_trader"): 15,
    ("limit", "backtrader"): 10,
    ("ten", "backtrader"): 5,
    ("quiet", "backtrader"): 100,
}
TITLES = {
    "market": "20,000 market orders, one a bar",
    "limit": "20,000 limit orders two ticks away, one a bar",
    "ten": "2,000 bars with ten market orders each",
    "quiet": "100,000 quiet bars, a stop at each",
    "jump": "100,000 quiet bars, passed in one step of the clock",
}
ROUNDS = 4
"""How often every engine runs each case; the best run of each counts."""


def figures() -> Iterator[Figure]:
    """Yield a line an engine and case, then how cost and memory grow.

    Every engine runs in a process of its own, the rounds interleaved; times are processor time. Peers
    that are not installed are left out, and said to be.
    """
    here = {name: module for name, module in PEERS.items() if importlib.util.find_spec(name)}
    for name in sorted(PEERS.keys() - here.keys()):
        yield Figure(f"{name}: not installed", "pip install 'brokerkit[bench]'")
    for case_name, case in CASES.items():
        yield from _case(case_name, case, {} if case.one_step else here)
    for what, action in GROWTH.items():
        one, ten, hundred = growth(action)
        yield Figure(
            f"cost at 1, 10, 100 times the {what}",
            f"{one * 1e3:,.1f}, {ten * 1e3:,.1f}, {hundred * 1e3:,.1f} ms",
            "linear or better",
            hundred <= 130 * max(one, 1e-3) or hundred <= 13 * ten,
        )
    first, last = streamed_memory()
    yield Figure(
        "peak memory after 1 and 10 million streamed bars",
        f"{first:,.0f}, {last:,.0f} MB",
        "flat",
        last <= first * 1.05,
    )


def _case(name: str, case: Case, peers: dict[str, str]) -> Iterator[Figure]:
    """Yield a line an engine: how much it did in a second, and how many times as much brokerkit did."""
    rates: dict[str, float] = {}
    for _ in range(ROUNDS):
        for engine, module in {"brokerkit": "ours", **peers}.items():
            rates[engine] = max(rates.get(engine, 0), _rate(module, name, case))
    unit = "orders" if case.orders else "bars"
    for engine, rate in rates.items():
        told = f"{rate:,.0f} {unit} a second"
        if engine == "brokerkit":
            yield Figure(f"{TITLES[name]}: brokerkit", told)
            continue
        times, must = rates["brokerkit"] / rate, MUST.get((name, engine))
        must_text, holds = (f"≥ {must} x", times >= must) if must else ("", True)
        yield Figure(f"{TITLES[name]}: {engine}", f"{told}; brokerkit {times:,.1f} x", must_text, holds)


def _rate(module: str, name: str, case: Case) -> float:
    """Return how many orders an engine filled in a second, or how many bars it passed when there were none."""
    command = [sys.executable, "-m", f"bench.exchange_{module}", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    if answer["fills"] < case.orders:
        raise RuntimeError(f"{module} filled {answer['fills']} of {case.orders} orders in {name!r}")
    return (answer["fills"] or case.bars) / max(answer["seconds"], 1e-6)
