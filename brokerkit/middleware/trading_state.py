"""Whether trading goes on, is being wound down, or is halted; told by calls or by a file."""

from __future__ import annotations

import enum
from pathlib import Path


class TradingState(enum.IntEnum):
    """What passes, the strictest last."""

    ACTIVE = 0
    REDUCING = 1
    HALTED = 2


def state_in_file(file: Path | None) -> TradingState:
    """Return what a halt file says: nothing while it does not exist, and `HALTED` unless it says `reducing`.

    A file that cannot be read halts trading as well.
    """
    if file is None:
        return TradingState.ACTIVE
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return TradingState.ACTIVE
    except OSError:
        return TradingState.HALTED
    return TradingState.REDUCING if text.strip().lower() == "reducing" else TradingState.HALTED
