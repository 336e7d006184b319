"""Sessions drawn at random: whatever a client does, gateway and exchange agree on what works and what has filled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import attrs
import pytest

from brokerkit.plugins.sim.gateway import Gateway, ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract, TimeCondition

Connect = Callable[..., Any]
Terms = dict[str, Any]

CONTRACTS = tuple(
    Contract(symbol="GE", sec_type="FUT", last_trade_date=month, exchange="CME", currency="USD")
    for month in ("202312", "202403")
)
KINDS = ("MKT", "LMT", "STP", "STP LMT", "TRAIL", "LIT", "MIT")
PRICE, TICK = 95.0, 0.005
STEPS = 80


@attrs.define
class Player:
    """A client that does something at random, and remembers which orders it has placed."""

    gateway: SimulatedGateway
    client: Any
    random: Random
    placed: dict[int, tuple[Contract, Terms]] = attrs.field(factory=dict)

    def step(self) -> list[list[str]]:
        """Do one thing, and return what is told of it."""
        acts = (self.place, self.bracket, self.change, self.cancel, self.lose_line, self.wait)
        (act,) = self.random.choices(acts, weights=(25, 15, 20, 12, 3, 25))
        act()
        return list(self.client.answers(requests.session.IdsRequest()))

    def place(self, terms: Terms | None = None, **more: Any) -> int:
        """Place an order."""
        number = len(self.placed) + 1
        contract = more.pop("contract", self.random.choice(CONTRACTS))
        self.placed[number] = contract, terms or self.terms()
        self._send(number, **more)
        return number

    def bracket(self) -> None:
        """Place an entry with two exits, or have them join it one by one."""
        contract, entry, transmit = self.random.choice(CONTRACTS), self.terms(), self.random.random() < 0.3
        way = 1 if entry["action"] == "BUY" else -1
        number = self.place(entry, contract=contract, transmit=transmit)
        out: Terms = {"action": "SELL" if way > 0 else "BUY", "parent_id": number, "tif": "GTC"}
        out["total_quantity"] = entry["total_quantity"]
        self.place({**out, "order_type": "LMT", "limit_price": self.price(way)}, contract=contract, transmit=transmit)
        self.place({**out, "order_type": "STP", "aux_price": self.price(-way)}, contract=contract)

    def change(self) -> None:
        """Change something of an order, whatever has become of it."""
        if self.placed:
            number = self.random.choice(list(self.placed))
            contract, terms = self.placed[number]
            other = self.terms()
            names = self.random.sample(("order_type", "tif", "limit_price", "aux_price"), 2)
            self.placed[number] = contract, terms | {name: other[name] for name in names if name in other}
            self._send(number)

    def cancel(self) -> None:
        """Cancel an order, or all."""
        if self.placed and self.random.random() < 0.9:
            self.client.send(requests.orders.CancelOrder(self.random.choice(list(self.placed))))
        else:
            self.client.send(requests.orders.GlobalCancel())

    def lose_line(self) -> None:
        """Break the line between the gateway and the exchange for some minutes."""
        lasts = timedelta(minutes=self.random.randint(1, 20))
        self.gateway.call(lambda gateway: gateway.exchange.disconnect("drawn", lasts))

    def wait(self) -> None:
        """Let time go by."""
        self.gateway.advance(timedelta(minutes=self.random.choice((1, 1, 1, 2, 5, 30))))

    def _send(self, number: int, **more: Any) -> None:
        contract, terms = self.placed[number]
        self.client.send(requests.orders.PlaceOrder(number, contract, OrderTerms(**terms, **more)))

    def price(self, way: int = 0) -> float:
        """Return a price near the market, above or below it if a way is given."""
        steps = self.random.randint(1, 20) * way or self.random.randint(-20, 20)
        return round(PRICE + steps * TICK, 3)

    def terms(self) -> Terms:
        """Return the terms of an order."""
        kind, random = self.random.choice(KINDS), self.random
        terms: Terms = {
            "action": random.choice(("BUY", "SELL")),
            "total_quantity": float(random.randint(1, 300)),
            "order_type": kind,
            "tif": random.choice(("DAY", "GTC", "IOC", "FOK")),
            "oca_group": random.choice(("", "", "", "one", "other")),
            "limit_price": self.price(),
            "aux_price": 0.05 if kind == "TRAIL" else self.price(),
        }
        if random.random() < 0.15:
            time = f"20231129 {random.randint(0, 3):02d}:{random.randint(0, 59):02d}:00"
            terms["conditions"] = (TimeCondition("a", True, time),)
            terms["conditions_cancel_order"] = random.random() < 0.4
        return terms


def disagreements(gateway: Gateway) -> list[str]:
    """Return where the gateway and the exchange differ; nothing is known while the line between them is down."""
    if not gateway.is_linked:
        return []
    desk, exchange = gateway.orders, gateway.exchange
    ours = {one.ref for one in desk.registry if one.ref and not one.done and one not in desk.entry.held}
    theirs = {live.order_ref for live in exchange.orders() if not live.is_final}
    found = [f"only the gateway has {ref}" for ref in ours - theirs]
    found += [f"only the exchange has {ref}" for ref in theirs - ours]
    for order in desk.registry:
        lots = sum(abs(one.quantity) for one in desk.fills.executions.values() if one.order is order)
        if not lots == order.filled <= order.terms.total_quantity:
            found.append(f"#{order.order_id} of {order.terms.total_quantity} has filled {order.filled}, told {lots}")
        if sum(child.filled for child in order.children) > order.filled:
            found.append(f"the exits of #{order.order_id} have filled more than it has")
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_gateway_and_the_exchange_agree(run_gateway: Connect, raw: Connect, seed: int) -> None:
    random = Random(f"session {seed}")
    hours = random.choice((None, (0, 2), (1, 23)))
    gateway: SimulatedGateway = run_gateway(clock=ManualClock(), hours=hours)
    player = Player(gateway, raw(gateway), random)
    for step in range(STEPS):
        told = player.step()
        assert [frame[4] for frame in told if frame[0] == "4" and "internal" in frame[4]] == [], step
        assert gateway.call(disagreements) == [], step
