"""Which contracts an order is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.codec.parts import ComboLeg, Contract
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.codes import AMBIGUOUS, NO_DEFINITION, Code
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.orders.gateway_order import Leg
from brokerkit.plugins.sim.gateway.orders.translate import RefusedError

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

COMBO_CON_ID = 28812380
"""The contract id that every combination carries in answers."""


def find_legs(gateway: Gateway, request: PlaceOrder) -> tuple[tuple[Leg, ...], Contract]:
    """Return the legs of an order, and its contract as answers name it.

    Raises:
        RefusedError: A contract that does not exist, or several that match.
    """
    if request.contract.sec_type != "BAG":
        listed = the_one(gateway, request.contract)
        return (Leg(listed, 1),), listed.traded
    legs = tuple(_leg(gateway, leg) for leg in request.order.combo_legs)
    if len(legs) < 2:
        raise RefusedError(Code.ERROR_VALIDATING, "Error validating request.-'bN' : cause - Missing combo legs.")
    symbol = request.contract.symbol or legs[0].listed.card.symbol
    bag = attrs.evolve(request.contract, con_id=COMBO_CON_ID, symbol=symbol, local_symbol=symbol, trading_class="COMB")
    return legs, bag


def _leg(gateway: Gateway, leg: ComboLeg) -> Leg:
    listed = the_one(gateway, Contract(con_id=leg.con_id))
    if leg.ratio < 1 or leg.action not in ("BUY", "SELL", "SSHORT"):
        raise RefusedError(Code.ERROR_VALIDATING, "Error validating request.-'bN' : cause - Invalid combo leg.")
    return Leg(listed, leg.ratio if leg.action == "BUY" else -leg.ratio)


def the_one(gateway: Gateway, asked: Contract) -> Listed:
    """Return the one contract that a client describes.

    Raises:
        RefusedError: There is none, or more than one.
    """
    found = gateway.find(asked)
    if not found:
        raise RefusedError(Code.NO_CONTRACT, NO_DEFINITION)
    if len(found) > 1:
        raise RefusedError(Code.NO_CONTRACT, AMBIGUOUS.format(symbol=asked.symbol))
    gateway.market.ready(found[0])
    return found[0]
