"""The last price of what an order is for, and what the order is worth at it."""

from __future__ import annotations

from decimal import Decimal
from math import gcd

from brokerkit.errors import NotFound, NotSupported, RiskLimitExceeded
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.domains import Domains
from brokerkit.spec.money import Money, exact
from brokerkit.spec.order import Order


def last_price(broker: Domains, order: Order) -> tuple[Decimal, Decimal]:
    """Return the last price of an order's contract, and the size that a percentage of it is taken of.

    The last price is the middle of the newest quote; without quotes, the newest daily close. A spread's
    is the sum of ratio times price, as its limit is; percentages are taken of the sum of the sizes, as
    a spread's own price may be near zero.

    Raises:
        RiskLimitExceeded: There is no price, so nothing can be checked against it.
    """
    if isinstance(order.contract, FxPair):
        price = _rate(broker, order.contract)
        return price, abs(price)
    divisor = gcd(*order.quantity) * (1 if order.quantity[0] > 0 else -1)
    terms = [
        quantity // divisor * _price(broker, leg)
        for leg, quantity in zip(order.contract.legs, order.quantity, strict=True)
    ]
    return sum(terms, Decimal(0)), sum(map(abs, terms), Decimal(0))


def notional_value(broker: Domains, order: Order) -> Money:
    """Return what an order is worth: lots times price times the value of a point, summed over its legs.

    A limit order to buy a single contract is valued at its limit: it can cost no more. Others may trade at
    any price beyond the last one, so they are valued at the highest of last price, limit and trigger.

    Raises:
        RiskLimitExceeded: There is no price to value it at.
    """
    if isinstance(order.contract, FxPair):
        rate = _capped(order)
        return Money(
            order.contract.quote, abs(order.quantity[0] * (rate or _highest(order, _rate(broker, order.contract))))
        )
    instrument = broker.instruments.get_futures_instrument_object_with_broker_data(order.contract.instrument_code)
    capped = None if order.contract.is_spread else _capped(order)
    total = Decimal(0)
    for leg, quantity in zip(order.contract.legs, order.quantity, strict=True):
        price = capped
        if price is None:
            price = _price(broker, leg) if order.contract.is_spread else _highest(order, _price(broker, leg))
        total += abs(quantity * price * instrument.point_size)
    return Money(instrument.currency, total)


def _capped(order: Order) -> Decimal | None:
    """Return the price beyond which an order never trades; None where there is none."""
    return order.limit_price if order.quantity[0] > 0 else None


def _highest(order: Order, last: Decimal) -> Decimal:
    """Return the largest in size of an order's prices and the last one."""
    return max((price for price in (last, order.limit_price, order.stop_price) if price is not None), key=abs)


def _price(broker: Domains, contract: FuturesContract) -> Decimal:
    try:
        ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(contract).dropna(subset=["bid", "ask"])
        if len(ticks):
            return (exact(float(ticks["bid"].iloc[-1])) + exact(float(ticks["ask"].iloc[-1]))) / 2
    except (NotFound, NotSupported):
        pass  # the daily close is the next best
    try:
        return exact(float(broker.prices.get_prices_for_contract_object(contract)["close"].iloc[-1]))
    except (NotFound, NotSupported) as error:
        raise _no_price(str(contract)) from error


def _rate(broker: Domains, pair: FxPair) -> Decimal:
    try:
        return exact(float(broker.fx.get_fx_prices(pair.code).iloc[-1]))
    except (NotFound, NotSupported) as error:
        raise _no_price(str(pair)) from error


def _no_price(what: str) -> RiskLimitExceeded:
    return RiskLimitExceeded(
        f"There is no price of {what} to check an order against.",
        remedy="Nothing was sent. Take price_collar and max_notional out to trade without that check.",
    )
