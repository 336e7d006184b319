"""Choosing a feed by the `data` setting."""

from __future__ import annotations

from pathlib import Path

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.feeds.feed import Feed
from brokerkit.plugins.sim.feeds.synthetic import SyntheticFeed


def open_feed(data: str | Path = "synthetic", *, seed: int = 0, assumed_volume: int = 200) -> Feed:
    """Return the feed for a `data` setting.

    A folder that contains a folder `multiple_prices` is in pysystemtrade's layout; any other has one
    file of bars per contract.

    Args:
        data: `synthetic`, or a folder.
        seed: The seed of the synthetic prices.
        assumed_volume: Lots traded per minute, if a folder has no volume.

    Raises:
        InvalidSetting: There is no such folder, or it has no prices.
        DataFileError: A table of facts in the folder is damaged.
    """
    if data == "synthetic":
        return SyntheticFeed(seed)
    feed = _open_folder(Path(data).expanduser(), assumed_volume)
    if not feed.instruments():
        raise InvalidSetting(
            f"The folder {data} has no prices.",
            remedy="Name its files like CORN_202312.csv, or use pysystemtrade's layout; see docs/data.md.",
        )
    return feed


def _open_folder(folder: Path, assumed_volume: int) -> Feed:
    from brokerkit.plugins.sim.feeds.folder import FolderFeed
    from brokerkit.plugins.sim.feeds.pysystemtrade import PRICES_FOLDER, PysystemtradeFeed

    if not folder.is_dir():
        raise InvalidSetting(f"There is no folder '{folder}'.", remedy="Give an existing folder, or 'synthetic'.")
    if (folder / PRICES_FOLDER).is_dir():
        return PysystemtradeFeed(folder, assumed_volume)
    return FolderFeed(folder, assumed_volume)
