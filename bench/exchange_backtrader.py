"""backtrader, as its documentation uses it: Cerebro with its default observers, a pandas feed, the default broker."""

from __future__ import annotations

from typing import Any

import backtrader
import pandas as pd

from bench.exchange_market import Case, report, timed, walk


class Trader(backtrader.Strategy):  # type: ignore[misc]  # because backtrader has no types
    """Sends the case's orders and counts the completed ones."""

    params = (("case", None),)

    def __init__(self) -> None:
        self.side = 1
        self.filled = 0

    def next(self) -> None:
        """Act on a bar."""
        case: Case = self.p.case
        for _ in range(case.orders_a_bar):
            settings: dict[str, Any] = {"size": 1}
            if case.kind == "limit":
                settings.update(exectype=backtrader.Order.Limit, price=self.data.close[0] - 0.02 * self.side)
            self.buy(**settings) if self.side > 0 else self.sell(**settings)
            self.side = -self.side

    def notify_order(self, order: Any) -> None:
        """Hear of an order."""
        self.filled += order.status == order.Completed


def run(case: Case) -> tuple[float, int]:
    """Return the seconds it took, and how many orders were heard to be filled."""
    bars = walk(case.bars)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars.time))
    cerebro = backtrader.Cerebro()
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame, timeframe=backtrader.TimeFrame.Minutes))
    cerebro.broker.setcash(1_000_000)
    cerebro.broker.setcommission(commission=1, margin=100, mult=10)
    cerebro.addstrategy(Trader, case=case)
    strategies: list[Any] = []
    seconds = timed(lambda: strategies.extend(cerebro.run()))
    return seconds, strategies[0].filled


if __name__ == "__main__":
    report(run)
