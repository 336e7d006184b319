"""The simulated exchange beside other engines: the same bars and orders, in the same run."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from bench.exchange_compiled import install_compiled
from bench.exchange_market import CASES, ROOT, Case
from bench.exchange_scaling import GROWTH, growth, streamed_memory
from bench.figure import Figure


@attrs.frozen
class Engine:
    """What trades: its module in `bench`, and the folder that the packages it imports come from first."""

    module: str
    folder: Path = ROOT


OURS = "brokerkit"
COMPILED = "brokerkit, its exchange compiled"
PEERS = {
    "backtrader": Engine("backtrader"),
    "nautilus_trader": Engine("nautilus"),
    "vnpy_ctastrategy": Engine("vnpy"),
}
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
    that are not installed are left out, and said to be; so is the compiled exchange, where it cannot be built.
    """
    peers = {name: engine for name, engine in PEERS.items() if importlib.util.find_spec(name)}
    for name in sorted(PEERS.keys() - peers.keys()):
        yield Figure(f"{name}: not installed", "pip install 'brokerkit[bench]'")
    with tempfile.TemporaryDirectory(prefix="brokerkit-compiled-") as folder:
        ours = {OURS: Engine("ours")}
        try:
            install_compiled(Path(folder))
            ours[COMPILED] = Engine("ours", Path(folder))
        except subprocess.CalledProcessError:
            yield Figure(f"{COMPILED}: not built", "pip has said why")
        for case_name, case in CASES.items():
            yield from _case(case_name, case, ours if case.one_step else ours | peers)
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


def _case(name: str, case: Case, engines: dict[str, Engine]) -> Iterator[Figure]:
    """Yield a line an engine: how much it did in a second, and how many times as much brokerkit did.

    What brokerkit must do, it must with the compiled exchange where there is one.
    """
    rates: dict[str, float] = {}
    for _ in range(ROUNDS):
        for title, engine in engines.items():
            rates[title] = max(rates.get(title, 0), _rate(engine, name, case))
    unit = "orders" if case.orders else "bars"
    for title, rate in rates.items():
        told = f"{rate:,.0f} {unit} a second"
        if title in (OURS, COMPILED):
            yield Figure(f"{TITLES[name]}: {title}", told)
            continue
        times, must = rates[OURS] / rate, MUST.get((name, title))
        told = f"{told}; brokerkit {times:,.1f} x"
        if COMPILED in rates:
            times = rates[COMPILED] / rate
            told = f"{told}, compiled {times:,.1f} x"
        must_text, holds = (f"≥ {must} x", times >= must) if must else ("", True)
        yield Figure(f"{TITLES[name]}: {title}", told, must_text, holds)


def _rate(engine: Engine, name: str, case: Case) -> float:
    """Return how many orders an engine filled in a second, or how many bars it passed when there were none."""
    command = [sys.executable, "-m", f"bench.exchange_{engine.module}", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # bench; the folder that it is run in comes before
    done = subprocess.run(command, cwd=engine.folder, env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    if answer["fills"] < case.orders:
        raise RuntimeError(f"{engine.module} filled {answer['fills']} of {case.orders} orders in {name!r}")
    return (answer["fills"] or case.bars) / max(answer["seconds"], 1e-6)
