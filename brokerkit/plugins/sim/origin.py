"""What a simulation was made of, which its state file keeps: opened on something else, it would be another world."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.feeds.bars import to_datetime
from brokerkit.plugins.sim.settings import SYNTHETIC, SimSettings


def origin_of(settings: SimSettings, start: int) -> dict[str, str]:
    """Return what makes the prices and the accounts of a simulation, by setting.

    How orders trade is not in it, so that it may change: slippage, volume, latency, margin, hours.

    Args:
        settings: Those that it is opened with.
        start: What its clock shows first, nanoseconds UTC; the data chooses it where no setting does.

    Example:
        >>> origin_of(SimSettings(seed=7), 0)["seed"]
        '7'
    """
    data = SYNTHETIC if settings.data == SYNTHETIC else Path(settings.data).expanduser().resolve()
    return {
        "data": str(data),
        "seed": str(settings.seed),
        "start": to_datetime(start).isoformat(),
        "accounts": ", ".join(settings.accounts),
        "cash": ", ".join(f"{currency} {amount.normalize():f}" for currency, amount in sorted(settings.cash.items())),
        "base_currency": settings.base_currency,
    }


def refuse_another_origin(settings: SimSettings, given: Mapping[str, str], kept: Mapping[str, str]) -> None:
    """Refuse to go on with a simulation that was made of something else.

    Args:
        settings: Those that it is opened with. A `start` that is left out is where the file goes on.
        given: What they make.
        kept: What the state file was made of; empty where an older brokerkit made it.

    Raises:
        InvalidSetting: One of them differs.
    """
    for name, value in given.items():
        was = kept.get(name, value)
        if was != value and not (name == "start" and settings.start is None):
            raise InvalidSetting(
                f"{name} is {value}, and the simulation in the state file was made with {was}.",
                place=str(settings.state),
                remedy=f"Give {name} as the file has it, or another state file. Nothing was changed.",
            )
