"""Converting numpy columns to the pandas frames that strategies receive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.spec.prices import BAR_COLUMNS, TICK_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from brokerkit.plugins.sim.feeds.bars import Bars, Times
    from brokerkit.plugins.sim.feeds.rates import RateSeries
    from brokerkit.plugins.sim.quotes import Ticks


def _index(time: Times) -> pd.DatetimeIndex:
    import pandas as pd

    index: pd.DatetimeIndex = pd.DatetimeIndex(time.astype("datetime64[ns]"), name="time").tz_localize("UTC")
    return index


def bar_frame(bars: Bars) -> pd.DataFrame:
    """Return bars as an independent frame: changing it does not affect the simulation."""
    import pandas as pd

    columns = {name: getattr(bars, name) for name in BAR_COLUMNS}
    frame: pd.DataFrame = pd.DataFrame(columns, index=_index(bars.time), copy=True)
    return frame


def tick_frame(ticks: Ticks) -> pd.DataFrame:
    """Return bid and ask ticks as a frame."""
    import pandas as pd

    columns = {name: getattr(ticks, name) for name in TICK_COLUMNS}
    frame: pd.DataFrame = pd.DataFrame(columns, index=_index(ticks.time), copy=True)
    return frame


def rate_series(rates: RateSeries, name: str) -> pd.Series:
    """Return exchange rates as an independent series."""
    import pandas as pd

    return pd.Series(rates.rate, index=_index(rates.time), name=name, dtype="float64", copy=True)
