"""Let coverage guide what is thrown at the gateway: frames made by atheris from a sound one of every request.

It needs `pip install atheris`; the options are libFuzzer's. It ends with an error at the first thing that the gateway
would otherwise catch and log, at a frame that takes 10 seconds, and at 1,000 MB of memory.

    python -m bench.gateway_fuzz_guided -max_total_time=60
"""

from __future__ import annotations

import importlib
import struct
import sys
import tempfile
from pathlib import Path

LIMITS = ("-timeout=10", "-rss_limit_mb=1000", f"-artifact_prefix={tempfile.gettempdir()}/brokerkit-")


def main(options: list[str]) -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["brokerkit.plugins.sim.gateway"]):
        fuzz = importlib.import_module("bench.gateway_fuzz")
    target = fuzz.Target()

    def feed(payload: bytes) -> None:
        framed = payload + b"\0"
        target.feed(struct.pack(">I", len(framed)) + framed)

    with tempfile.TemporaryDirectory(prefix="brokerkit-fuzz-") as corpus:
        for number, frame in enumerate(fuzz.seeds()):
            (Path(corpus) / str(number)).write_bytes(frame[4:-1])
        atheris.Setup([sys.argv[0], *LIMITS, *options, corpus], feed)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
