"""The settings that determine a simulation's prices and accounts; its state file records them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.feeds.bars import to_datetime
from brokerkit.plugins.sim.settings import SYNTHETIC, SimSettings


def origin_of(settings: SimSettings, start: int) -> dict[str, str]:
    """Return the settings that determine the prices and the accounts of a simulation.

    How orders trade is not included, so it may change: slippage, volume, latency, margin, hours.

    Args:
        settings: The settings of the simulation.
        start: The clock's initial time, nanoseconds UTC; chosen by the data unless a setting gives it.

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


def check_origin(settings: SimSettings, given: Mapping[str, str], kept: Mapping[str, str]) -> None:
    """Refuse to resume a simulation that was created with other settings.

    Args:
        settings: The current settings. Without a `start`, the state file's clock is resumed.
        given: The origin of the current settings.
        kept: The origin in the state file; empty if an older brokerkit created it.

    Raises:
        InvalidSetting: A setting differs.
    """
    for name, value in given.items():
        was = kept.get(name, value)
        if was != value and not (name == "start" and settings.start is None):
            raise InvalidSetting(
                f"{name} is {value}, but the simulation in the state file was created with {was}.",
                place=str(settings.state),
                remedy=f"Give the file's {name}, or another state file. Nothing was changed.",
            )
