"""Bars from files: what five million of them take in memory, and how long a folder takes to answer."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figure import Figure
from bench.memory import resident_mb

CONTRACTS = 50
BARS = 5_000_000
LIMIT_MB = 450


def figures() -> Iterator[Figure]:
    """Measure them, each format in a fresh process."""
    for file_format in ("csv", "parquet"):
        with tempfile.TemporaryDirectory(prefix="brokerkit-bench-") as name:
            _write_folder(Path(name), file_format)
            told = _load_in_a_fresh_process(name)
        resident = told["resident_mb"]
        where = f"from {CONTRACTS} {file_format.upper() if file_format == 'csv' else 'Parquet'} files"
        yield Figure(
            f"{told['bars']:,} minute bars {where}, resident memory of the process",
            f"{resident:.0f} MB, {told['empty_mb']:.0f} MB of it before the first bar",
            f"≤ {LIMIT_MB} MB",
            resident <= LIMIT_MB,
        )
        yield Figure(
            f"{where}: the first contract, {BARS // CONTRACTS:,} bars; all of them",
            f"{told['one_contract_s'] * 1000:.0f} ms; {told['all_s']:.1f} s",
        )


def _write_folder(folder: Path, file_format: str) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    random = np.random.default_rng(0)
    count = BARS // CONTRACTS
    for number in range(CONTRACTS):
        close = 400 + np.cumsum(random.integers(-2, 3, count)) * 0.25
        start = np.datetime64("2020-01-01T00:00") + np.timedelta64(number, "D")
        times = pa.array((start + np.arange(count)).astype("datetime64[s]"))
        prices = {"open": close - 0.25, "high": close + 0.5, "low": close - 0.5, "close": close}
        table = pa.table({"time": times, **prices, "volume": random.integers(1, 500, count).astype(float)})
        path = str(folder / f"CORN_{2020 + number // 12}{number % 12 + 1:02d}.{file_format}")
        if file_format == "parquet":
            pyarrow.parquet.write_table(table, path)
        else:
            pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))


def _load_in_a_fresh_process(folder: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.bars_figures", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _load(folder: str) -> None:
    """Load every bar of a folder, and print as JSON what that took and what this process holds."""
    from brokerkit.plugins.sim.feeds import open_feed
    from brokerkit.spec.prices import Frequency

    feed = open_feed(folder)
    chain = feed.contracts("CORN")
    empty = resident_mb()
    began = time.perf_counter()
    count = len(feed.bars(chain[0].contract, Frequency.MINUTE, 0, 1 << 62))
    one = time.perf_counter() - began
    count += sum(len(feed.bars(listed.contract, Frequency.MINUTE, 0, 1 << 62)) for listed in chain[1:])
    everything = time.perf_counter() - began
    told = {"bars": count, "one_contract_s": one, "all_s": everything, "empty_mb": empty, "resident_mb": resident_mb()}
    print(json.dumps(told))


if __name__ == "__main__":
    _load(sys.argv[1])
