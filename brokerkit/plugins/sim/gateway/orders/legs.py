"""Resolves the contracts of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.codec.parts import ComboLeg, Contract
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.orders.gateway_order import Leg
from brokerkit.plugins.sim.gateway.refused import invalid

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

COMBO_CON_ID = 28812380
"""The contract id of every combination in answers."""


def find_legs(gateway: Gateway, request: PlaceOrder) -> tuple[tuple[Leg, ...], Contract]:
    """Return an order's legs, and its contract as sent to clients.

    Raises:
        RefusedError: A contract is unknown or ambiguous, a leg is invalid, or no exchange is named.
    """
    asked = request.contract
    if not asked.exchange:
        raise invalid("Missing order exchange.", "bF")
    if asked.sec_type != "BAG":
        listed = _ready(gateway, asked)
        return (Leg(listed, 1),), listed.traded
    legs = tuple(_leg(gateway, leg) for leg in request.order.combo_legs)
    if len(legs) < 2:
        raise invalid("Missing combo legs.", "bN")
    if len({leg.listed for leg in legs}) < len(legs):
        raise invalid("Duplicate combo legs.", "bN")
    symbol = asked.symbol or legs[0].listed.card.symbol
    bag = attrs.evolve(asked, con_id=COMBO_CON_ID, symbol=symbol, local_symbol=symbol, trading_class="COMB")
    return legs, bag


def _leg(gateway: Gateway, leg: ComboLeg) -> Leg:
    listed = _ready(gateway, Contract(con_id=leg.con_id))
    if leg.ratio < 1 or leg.action not in ("BUY", "SELL", "SSHORT"):
        raise invalid("Invalid combo leg.", "bN")
    return Leg(listed, leg.ratio if leg.action == "BUY" else -leg.ratio)


def _ready(gateway: Gateway, asked: Contract) -> Listed:
    listed = gateway.the_one(asked)
    gateway.market.ready(listed)
    return listed
