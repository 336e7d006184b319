"""vnpy_ctastrategy: its BacktestingEngine, which keeps no account. A market order is a limit far beyond the market."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from vnpy.trader.constant import Exchange, Interval
from vnpy.trader.object import BarData
from vnpy_ctastrategy import CtaTemplate
from vnpy_ctastrategy.backtesting import BacktestingEngine

from bench.exchange_market import Case, Walk, report, timed, walk

BEGIN = datetime(2023, 1, 2, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


class Trader(CtaTemplate):  # type: ignore[misc]  # because vnpy has no types for it
    """Sends the case's orders and counts the trades."""

    case: Case
    side = 1
    filled = 0

    def on_init(self) -> None:
        """Need nothing before the first bar."""

    def on_bar(self, bar: Any) -> None:
        """Act on a bar."""
        for _ in range(self.case.orders_a_bar):
            away = -10 if self.case.kind == "market" else 0.02
            if self.side > 0:
                self.buy(bar.close_price - away, 1)
            else:
                self.short(bar.close_price + away, 1)
            self.side = -self.side

    def on_trade(self, trade: Any) -> None:
        """Hear of a trade."""
        self.filled += 1


def run(case: Case) -> tuple[float, int]:
    """Return the seconds it took, and how many trades were heard."""
    Trader.case = case
    engine = BacktestingEngine()
    engine.output = lambda _: None
    engine.set_parameters(
        vt_symbol="TEST.LOCAL", interval=Interval.MINUTE, start=BEGIN, rate=0, slippage=0, size=10, pricetick=0.01,
        capital=1_000_000, end=BEGIN + case.bars * MINUTE,
    )  # fmt: skip
    engine.add_strategy(Trader, {})
    engine.history_data = _bars(walk(case.bars))
    seconds = timed(engine.run_backtesting)
    return seconds, engine.strategy.filled


def _bars(bars: Walk) -> list[Any]:
    rows = zip(bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), strict=True)
    return [
        BarData(
            "BENCH", "TEST", Exchange.LOCAL, BEGIN + at * MINUTE, Interval.MINUTE, 1000, 0, 0, *row
        )
        for at, row in enumerate(rows)
    ]  # fmt: skip


if __name__ == "__main__":
    report(run)
