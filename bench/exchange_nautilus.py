"""nautilus_trader: its BacktestEngine with one venue, a margin account, its logging bypassed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, AssetClass, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from bench.exchange_market import Case, report, timed, walk

VENUE = Venue("SIM")
BAR = BarType.from_str("TEST.SIM-1-MINUTE-LAST-EXTERNAL")
INSTRUMENT = FuturesContract(
    instrument_id=InstrumentId(Symbol("TEST"), VENUE), raw_symbol=Symbol("TEST"), asset_class=AssetClass.INDEX,
    currency=USD, price_precision=2, price_increment=Price.from_str("0.01"), multiplier=Quantity.from_int(10),
    lot_size=Quantity.from_int(1), underlying="TEST", activation_ns=0, ts_event=0, ts_init=0,
    expiration_ns=pd.Timestamp("2030-01-01", tz="UTC").value, margin_init=Decimal("0.1"), margin_maint=Decimal("0.08"),
)  # fmt: skip


class Trader(Strategy):  # type: ignore[misc]  # because nautilus_trader has no types for it
    """Sends the case's orders and counts the fills."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.side = 1
        self.filled = 0

    def on_start(self) -> None:
        """Ask for the bars."""
        self.subscribe_bars(BAR)

    def on_bar(self, bar: Any) -> None:
        """Act on a bar."""
        for _ in range(self.case.orders_a_bar):
            side = OrderSide.BUY if self.side > 0 else OrderSide.SELL
            lots = Quantity.from_int(1)
            if self.case.kind == "market":
                order = self.order_factory.market(INSTRUMENT.id, side, lots)
            else:
                price = Price(bar.close.as_double() - 0.02 * self.side, 2)
                order = self.order_factory.limit(INSTRUMENT.id, side, lots, price)
            self.submit_order(order)
            self.side = -self.side

    def on_order_filled(self, event: Any) -> None:
        """Hear of a fill."""
        self.filled += 1


def run(case: Case) -> tuple[float, int]:
    """Return the seconds it took, and how many fills were heard."""
    bars = walk(case.bars)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars.time, utc=True))
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(
        VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[Money(1_000_000, USD)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(BarDataWrangler(BAR, INSTRUMENT).process(frame))
    trader = Trader(case)
    engine.add_strategy(trader)
    seconds = timed(engine.run)
    return seconds, trader.filled


if __name__ == "__main__":
    report(run)
