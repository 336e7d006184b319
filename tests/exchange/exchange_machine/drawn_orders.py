"""Orders as a client may send them, drawn by Hypothesis near the market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
from hypothesis import strategies as st

from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from exchange_machine.setting import CORN, DAX, EURUSD, FAR, LAST, NEAR, SILVER, TICK, Briefly, price

LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
TRIGGERED = (
    OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED,
)  # fmt: skip
SPREADS = (((NEAR, FAR), (1, -1)), ((NEAR, FAR), (1, -2)), ((NEAR, FAR, LAST), (1, -2, 1)), ((FAR, LAST), (-1, 1)))
HELD = [
    TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD,
    TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE,
]  # fmt: skip

Exit = tuple[str, int, int, TimeInForce]
"""What kind of exit, how far away, what share of the entry in tenths, and how long it works."""

near = st.sampled_from([0, 1, -1, 2, -2, 3, -3, 1, -1, 2, -2, 5, -5, 8, -8])
lots = st.integers(1, 9)


@dataclass
class Wish(Briefly):
    """What a client wants, before it looks at the market."""

    contract: FuturesContract | FxPair
    account: str
    lots: int
    kind: OrderType
    held: TimeInForce
    away: int
    more: int
    seconds: int
    group: str
    flag: str
    by_percent: bool
    first_trigger: bool

    def order(self, at: int, now: datetime) -> Order:
        """Return the order, near a price in ticks."""
        many = 100 if isinstance(self.contract, FxPair) else 1
        return Order(
            self.contract, self.lots * many, self.kind, time_in_force=self.held, account=self.account,
            good_till=now + timedelta(seconds=self.seconds) if self.held is TimeInForce.GTD else None,
            oco_group=self._group(),
            outside_hours=self.flag == "outside",
            post_only=self.flag == "post",
            reduce_only=self.flag == "reduce" and not isinstance(self.contract, FxPair),
            **self._prices(at),
        )  # fmt: skip

    def _group(self) -> str:
        """Return a group over all contracts, or of one: which contract closes first is not for the rules to say."""
        only_here = self.held is TimeInForce.AT_CLOSE or self.lots % 2
        return f"{self.group}{self.contract}" if self.group and only_here else self.group

    def _prices(self, at: int) -> dict[str, Any]:
        prices: dict[str, Any] = {}
        if self.kind in LIMITED:
            prices["limit_price"] = price(self.contract, at + self.away)
        if self.kind in TRIGGERED:
            prices["stop_price"] = price(self.contract, at + self.away + self.more)
        if self.kind is OrderType.TRAILING_STOP:
            if self.by_percent:
                prices["trail_percent"] = Decimal(abs(self.away) + 1) / 20
            else:
                prices["trail_amount"] = (abs(self.away) + 1) * Decimal(TICK[self.contract])
            if self.first_trigger:
                side = 1 if self.lots > 0 else -1
                prices["stop_price"] = price(self.contract, at + side * (abs(self.more) + 2))
        return prices


@st.composite
def wishes(draw: st.DrawFn, contracts: tuple[Any, ...] = (NEAR, FAR, DAX, CORN, EURUSD, SILVER)) -> Wish:
    """Draw a wish for one contract; markets and limits come first."""
    kind = draw(st.sampled_from([OrderType.MARKET, OrderType.LIMIT, *OrderType]))
    plain = kind in (OrderType.MARKET, OrderType.LIMIT)
    held = draw(st.sampled_from(HELD if plain else [*HELD[:3], TimeInForce.GTD]))
    return Wish(
        draw(st.sampled_from(contracts)),
        draw(st.sampled_from(["A", "A", "B"])),
        draw(lots) * draw(st.sampled_from([1, -1])),
        kind,
        held,
        draw(near),
        draw(near),
        draw(st.integers(1, 400)),
        draw(st.sampled_from(["", "", "", "g", "h"])),
        draw(st.sampled_from(["", "", "", "outside", "post", "reduce"])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@st.composite
def exits(draw: st.DrawFn) -> list[Exit]:
    """Draw up to three exits."""
    kinds = st.sampled_from(["limit", "stop", "trailing", "market"])
    held = st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD])
    one = st.tuples(kinds, st.integers(-3, 8), st.sampled_from([10, 10, 5, 1]), held)
    return draw(st.lists(one, min_size=1, max_size=3))


def with_exits(entry: Order, at: int, drawn: list[Exit], tick: str, now: datetime) -> Order:
    """Return an entry with its exits."""
    side = 1 if entry.quantity[0] > 0 else -1
    children = []
    for kind, away, share, held in drawn:
        quantity = tuple(-lots for lots in entry.quantity)
        if len(quantity) == 1:
            quantity = (-side * max(abs(entry.quantity[0]) * share // 10, 1),)
        prices: dict[str, Any] = {}
        if kind == "limit":
            prices["limit_price"] = (at + side * away) * Decimal(tick)
        elif kind == "stop":
            prices["stop_price"] = (at - side * away) * Decimal(tick)
        elif kind == "trailing":
            prices["trail_amount"] = (abs(away) + 1) * Decimal(tick)
        order_type = {"limit": OrderType.LIMIT, "stop": OrderType.STOP, "trailing": OrderType.TRAILING_STOP}.get(
            kind, OrderType.MARKET
        )
        till = now + timedelta(seconds=200) if held is TimeInForce.GTD else None
        common = {"time_in_force": held, "good_till": till, "account": entry.account}
        children.append(Order(entry.contract, quantity, order_type, **common, **prices))
    return attrs.evolve(entry, children=tuple(children))


@dataclass
class SpreadWish(Briefly):
    """What a client wants of a spread."""

    legs: tuple[tuple[FuturesContract, ...], tuple[int, ...]]
    account: str
    units: int
    kind: OrderType
    held: TimeInForce
    by_leg: bool
    away: int
    more: int
    seconds: int
    group: str

    def level(self, at: dict[Any, int]) -> int:
        """Return the spread's price, in ticks, of its legs'; its first ratio counts as positive."""
        contracts, ratios = self.legs
        sign = 1 if ratios[0] > 0 else -1
        return sum(at[one] * ratio * sign for one, ratio in zip(contracts, ratios, strict=True))

    def order(self, at: dict[Any, int], now: datetime) -> Order:
        """Return the order, near the legs' prices in ticks."""
        contracts, ratios = self.legs
        contract = FuturesContract("GOLD", "_".join(one.dates[0] for one in contracts))
        kind = OrderType.MARKET if self.by_leg else self.kind
        level = self.level(at) + self.away
        prices: dict[str, Any] = {}
        if kind in LIMITED:
            prices["limit_price"] = price(NEAR, level)
        if kind in TRIGGERED:
            prices["stop_price"] = price(NEAR, level + self.more)
        if kind is OrderType.TRAILING_STOP:
            prices["trail_amount"] = price(NEAR, abs(self.away) + 1)
        good_till = now + timedelta(seconds=self.seconds) if self.held is TimeInForce.GTD else None
        return Order(
            contract, tuple(self.units * ratio for ratio in ratios), kind, time_in_force=self.held,
            good_till=good_till, account=self.account, oco_group=self.group,
            spread_fill=SpreadFill.BY_LEG if self.by_leg else SpreadFill.TOGETHER, **prices,
        )  # fmt: skip


@st.composite
def spread_wishes(draw: st.DrawFn) -> SpreadWish:
    """Draw a wish for a spread."""
    kind = draw(st.sampled_from([OrderType.MARKET, OrderType.LIMIT, *OrderType]))
    plain = kind in (OrderType.MARKET, OrderType.LIMIT)
    held = [TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD]
    return SpreadWish(
        draw(st.sampled_from(SPREADS)),
        draw(st.sampled_from(["A", "A", "B"])),
        draw(st.integers(1, 4)) * draw(st.sampled_from([1, -1])),
        kind,
        draw(st.sampled_from([*held, *TimeInForce] if plain else held)),
        draw(st.booleans()),
        draw(st.integers(-3, 3)),
        draw(st.integers(-3, 3)),
        draw(st.integers(1, 400)),
        draw(st.sampled_from(["", "", "g"])),
    )
