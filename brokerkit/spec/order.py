"""Orders: what a strategy asks for, validated before any broker sees it."""

from __future__ import annotations

import enum
import itertools
import os
import secrets
from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.errors import InvalidOrder, InvalidQuantity
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import exact
from brokerkit.spec.parameters import NO_PARAMETERS

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from brokerkit.spec.order_fields import OrderFields, TrailingStopFields


class OrderType(enum.Enum):
    """How the price of an order is determined.

    Attributes:
        MARKET: At the market's price, at once.
        LIMIT: At `limit_price` or better.
        STOP: At the market's price, once the price has reached `stop_price`: above the market to buy, below it to sell.
        STOP_LIMIT: At `limit_price` or better, once the price has reached `stop_price`.
        TRAILING_STOP: As `STOP`, with a trigger that follows the best price at a distance.
        MARKET_IF_TOUCHED: As `STOP`, with the trigger on the other side: below the market to buy, above it to sell.
        LIMIT_IF_TOUCHED: As `STOP_LIMIT`, with the trigger on the other side.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop-limit"
    TRAILING_STOP = "trailing-stop"
    MARKET_IF_TOUCHED = "market-if-touched"
    LIMIT_IF_TOUCHED = "limit-if-touched"


class TimeInForce(enum.Enum):
    """How long an order works; the values are those of FIX tag 59.

    Attributes:
        DAY: Until the end of the session.
        GTC: Until it is cancelled.
        IOC: Whatever fills at once; the rest is cancelled.
        FOK: All at once, or nothing.
        GTD: Until `good_till`.
        AT_OPEN: In the opening auction only.
        AT_CLOSE: In the closing auction only.
    """

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    AT_OPEN = "OPG"
    AT_CLOSE = "CLS"


class SpreadFill(enum.Enum):
    """How the legs of a spread fill.

    Attributes:
        TOGETHER: At the same time and in ratio.
        BY_LEG: Each as its own market allows.
    """

    TOGETHER = "together"
    BY_LEG = "by-leg"


_MARKET, _LIMIT, _DAY = OrderType.MARKET, OrderType.LIMIT, TimeInForce.DAY
_WANTS_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED}
_WANTS_STOP = {
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.MARKET_IF_TOUCHED,
    OrderType.LIMIT_IF_TOUCHED,
}

_reference_prefix = secrets.token_hex(6)
_reference_count = itertools.count(1)


def _renew_reference_prefix() -> None:
    global _reference_prefix  # a forked child must not repeat its parent's references
    _reference_prefix = secrets.token_hex(6)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_reference_prefix)


def new_order_ref() -> str:
    """Return an order reference that is unique across calls and processes.

    At most 20 characters, hexadecimal digits and one hyphen, so that any broker can carry it.
    """
    return f"{_reference_prefix}-{next(_reference_count):x}"


_MOST_LOTS = 10**12
"""More than any market trades, in yen or rupiah too, and few enough that sums of them can be stored as 64 bits."""

_FEW_LOTS = {lots: (lots,) for lots in range(-100, 101) if lots}
"""The quantities of most orders, which share them: the fewer objects are made, the less often garbage is looked for."""


def _quantities(given: int | Iterable[int]) -> tuple[int, ...]:
    if type(given) is int and given:
        return _FEW_LOTS.get(given) or (_whole(given),)
    if isinstance(given, Iterable) and not isinstance(given, (str, Mapping, Set)):  # a set's order is not its writer's
        return tuple(map(_whole, given))
    return (_whole(given),)


def _whole(quantity: Any) -> int:
    try:
        whole = int(quantity)
    except (TypeError, ValueError, OverflowError):
        raise InvalidQuantity(f"{quantity!r} is not a quantity.", remedy="Give a whole number, signed.") from None
    if whole != quantity or isinstance(quantity, (str, bool)):
        raise InvalidQuantity(f"Quantity {quantity!r} is not whole.", remedy="Give a whole number of lots, signed.")
    if whole == 0:
        raise InvalidQuantity(
            "An order of 0 lots does nothing.", remedy="A positive quantity buys, a negative one sells."
        )
    if abs(whole) > _MOST_LOTS:
        raise InvalidQuantity(
            f"{whole} lots are more than any order has.", remedy=f"Give at most {_MOST_LOTS:,}, bought or sold."
        )
    return whole


def _price(given: Decimal | str | int | float | None) -> Decimal | None:
    return None if given is None else exact(given)


def _written(value: object) -> str:
    """Return a field's value as it is written in code."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Decimal):
        return repr(str(value))
    return repr(value)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _own_copy(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if given is NO_PARAMETERS:
        return given
    if not isinstance(given, Mapping):
        raise InvalidOrder(f"Parameters are {given!r}.", remedy="Give a dict, such as {'adaptivePriority': 'Patient'}.")
    return dict(given) or NO_PARAMETERS


_KINDS: dict[str, tuple[type, str]] = {
    "outside_hours": (bool, "True or False"),
    "account": (str, "text"),
    "oco_group": (str, "text"),
    "spread_fill": (SpreadFill, "one of SpreadFill, such as SpreadFill.BY_LEG"),
    "post_only": (bool, "True or False"),
    "reduce_only": (bool, "True or False"),
    "algo": (str, "text"),
    "tag": (str, "text"),
}
"""What the fields that most orders leave at their defaults must be, and how an error asks for it."""

_seldom_given = attrgetter("trail_amount", "trail_percent", "children", "display_quantity", *_KINDS)
_NOT_GIVEN = (None, None, (), None, False, "", "", SpreadFill.TOGETHER, False, False, "", "")


@attrs.frozen(repr=False)
class Order:
    """An instruction to trade, complete and validated before anything is sent.

    It is immutable; a broker's view of it is a `BrokerOrder`. Prices are exact, on the contract's
    tick grid (the broker checks that), in the instrument's quoted units.

    Attributes:
        contract: A futures contract, a spread, or a currency pair.
        quantity: Signed whole lots, one per leg; for a pair, units of its first currency. An int
            means a single leg. A spread's ratios are the quantities divided by their greatest
            common divisor.
        order_type: How the price is determined.
        limit_price: For limit, stop-limit and limit-if-touched orders. A spread's price is the sum
            of ratio times price with the first leg's ratio positive, so it may be negative.
        stop_price: The trigger, for stop and if-touched orders; the initial trigger of a trailing stop.
        trail_amount: A trailing stop's distance in price units.
        trail_percent: A trailing stop's distance in percent of the price; give one of the two.
        time_in_force: How long it works.
        good_till: The aware time at which a GTD order expires.
        outside_hours: Whether it may work outside regular trading hours. Without it, a broker may leave a stop
            untriggered in them.
        account: The account's id; empty for the broker's default account.
        oco_group: Orders of one group cancel each other: the first fill cancels the others.
        children: Orders that become active as this one fills, sized to its fills, and cancel each
            other: a bracket's take-profit and stop-loss.
        spread_fill: How the legs of a spread fill.
        display_quantity: Lots shown to the market (iceberg); None shows all.
        post_only: Refuse the order rather than take liquidity.
        reduce_only: Refuse the order rather than open or reverse a position.
        algo: The broker's name for an execution algorithm; empty for none.
        algo_parameters: The parameters of that algorithm.
        tag: The strategy's own label; carried if the broker has a field for it.
        broker_parameters: Fields specific to one broker, passed through unchanged.
        order_ref: The identity of the order, assigned before anything is sent.

    Raises:
        InvalidOrder: Prices, trigger, distance, time in force or children contradict the order's type, or a field is
            of the wrong type.
        InvalidQuantity: Zero, fractional, beyond a trillion, or not one quantity per leg.
        InvalidArgument: A price is not a finite number.

    Example:
        >>> order = Order.limit(FuturesContract("EDOLLAR", "202306"), 2, "95.125")
        >>> order.limit_price, order.time_in_force
        (Decimal('95.125'), <TimeInForce.DAY: 'DAY'>)
    """

    contract: FuturesContract | FxPair
    quantity: tuple[int, ...] = attrs.field(converter=_quantities)
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = attrs.field(default=None, converter=_price)
    stop_price: Decimal | None = attrs.field(default=None, converter=_price)
    trail_amount: Decimal | None = attrs.field(default=None, converter=_price)
    trail_percent: Decimal | None = attrs.field(default=None, converter=_price)
    time_in_force: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = None
    outside_hours: bool = False
    account: str = ""
    oco_group: str = ""
    children: tuple[Order, ...] = ()
    spread_fill: SpreadFill = SpreadFill.TOGETHER
    display_quantity: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    algo: str = ""
    algo_parameters: Mapping[str, Any] = attrs.field(default=NO_PARAMETERS, converter=_own_copy, hash=False)
    tag: str = ""
    broker_parameters: Mapping[str, Any] = attrs.field(default=NO_PARAMETERS, converter=_own_copy, hash=False)
    order_ref: str = attrs.field(factory=new_order_ref)

    def __attrs_post_init__(self) -> None:
        """Refuse an order that contradicts itself."""
        try:
            legs = self.contract.leg_count
        except AttributeError:
            raise InvalidOrder(
                f"{self.contract!r} is not a contract.", remedy="Give a FuturesContract or an FxPair."
            ) from None
        if len(self.quantity) != legs:
            given = _counted(len(self.quantity), "quantity was given", "quantities were given")
            raise InvalidQuantity(
                f"{self.contract} has {_counted(legs, 'leg', 'legs')}, and {given}.",
                remedy="Give one signed quantity for each leg.",
            )
        has_limit, has_stop = self.limit_price is not None, self.stop_price is not None
        if has_stop or self.order_type is not (_LIMIT if has_limit else _MARKET):
            self._check_prices()
        if self.time_in_force is not _DAY or self.good_till is not None:
            self._check_time_in_force()
        if not isinstance(self.order_ref, str) or not self.order_ref:
            self._refuse_reference()
        if _seldom_given(self) != _NOT_GIVEN:
            self._check_seldom_given()

    def __repr__(self) -> str:
        """Return the order as code, without the fields that have their defaults."""
        fields = [field for field in attrs.fields(Order)[2:] if getattr(self, field.name) != field.default]
        given = "".join(f", {field.name}={_written(getattr(self, field.name))}" for field in fields)
        quantity = self.quantity[0] if len(self.quantity) == 1 else self.quantity
        return f"Order({self.contract!r}, {quantity}{given})"

    @classmethod
    def market(
        cls, contract: FuturesContract | FxPair, quantity: int | Iterable[int], **fields: Unpack[OrderFields]
    ) -> Order:
        """Return an order to trade immediately at the market price."""
        return cls(contract, quantity, **fields)

    @classmethod
    def limit(
        cls,
        contract: FuturesContract | FxPair,
        quantity: int | Iterable[int],
        limit_price: Decimal | str | int | float,
        **fields: Unpack[OrderFields],
    ) -> Order:
        """Return an order to trade at `limit_price` or better."""
        return cls(contract, quantity, _LIMIT, limit_price, **fields)

    @classmethod
    def stop(
        cls,
        contract: FuturesContract | FxPair,
        quantity: int | Iterable[int],
        stop_price: Decimal | str | int | float,
        **fields: Unpack[OrderFields],
    ) -> Order:
        """Return an order that becomes a market order when the price reaches `stop_price`."""
        return cls(contract, quantity, OrderType.STOP, stop_price=stop_price, **fields)

    @classmethod
    def stop_limit(
        cls,
        contract: FuturesContract | FxPair,
        quantity: int | Iterable[int],
        *,
        stop_price: Decimal | str | int | float,
        limit_price: Decimal | str | int | float,
        **fields: Unpack[OrderFields],
    ) -> Order:
        """Return an order that becomes a limit order at `limit_price` when the price reaches `stop_price`.

        The two are given by name, because other libraries have them in the other order.
        """
        return cls(contract, quantity, OrderType.STOP_LIMIT, limit_price=limit_price, stop_price=stop_price, **fields)

    @classmethod
    def trailing_stop(
        cls,
        contract: FuturesContract | FxPair,
        quantity: int | Iterable[int],
        *,
        amount: Decimal | str | int | float | None = None,
        percent: Decimal | str | int | float | None = None,
        **fields: Unpack[TrailingStopFields],
    ) -> Order:
        """Return a stop order whose trigger trails the best price; give `amount` or `percent`."""
        return cls(contract, quantity, OrderType.TRAILING_STOP, trail_amount=amount, trail_percent=percent, **fields)

    def with_bracket(
        self,
        *,
        take_profit: Decimal | str | int | float | None = None,
        stop_loss: Decimal | str | int | float | None = None,
    ) -> Order:
        """Return this order with exits that become active as it fills and cancel each other.

        They are GTC, and work outside regular trading hours if this order does.

        For an order that buys, `take_profit` is above `stop_loss`, and the entry's limit price, if it has one, is
        between them; for one that sells, the other way round. The exits of a spread are not compared: its price
        is a difference, of either sign, so only the strategy knows which side is the profit.

        Args:
            take_profit: The limit price of the profit-taking exit.
            stop_loss: The trigger of the stop-loss exit.

        Raises:
            InvalidOrder: The order already has exits, none is given, or one is on the wrong side.

        Example:
            >>> entry = Order.limit(FuturesContract("GOLD", "202312"), 1, 1950)
            >>> bracket = entry.with_bracket(take_profit=1970, stop_loss=1940)
            >>> [(child.order_type.value, child.quantity) for child in bracket.children]
            [('limit', (-1,)), ('stop', (-1,))]
        """
        if self.children:
            raise InvalidOrder(
                "The order already has exits, and they would be lost.",
                place="Order.with_bracket",
                remedy="Give take_profit and stop_loss in one call.",
            )
        if take_profit is None and stop_loss is None:
            raise InvalidOrder(
                "A bracket has no exit.", place="Order.with_bracket", remedy="Give take_profit, stop_loss, or both."
            )
        if len(self.quantity) == 1:
            self._check_exits(_price(take_profit), _price(stop_loss))
        exit_quantity = tuple(-quantity for quantity in self.quantity)
        shared: OrderFields = {
            "time_in_force": TimeInForce.GTC,
            "outside_hours": self.outside_hours,
            "account": self.account,
            "tag": self.tag,
        }
        exits: list[Order] = []
        if take_profit is not None:
            exits.append(Order.limit(self.contract, exit_quantity, take_profit, **shared))
        if stop_loss is not None:
            exits.append(Order.stop(self.contract, exit_quantity, stop_loss, **shared))
        return attrs.evolve(self, children=tuple(exits))

    def _check_exits(self, take_profit: Decimal | None, stop_loss: Decimal | None) -> None:
        buys = self.quantity[0] > 0
        deed, side = ("buys", "above") if buys else ("sells", "below")
        prices = (("take_profit", take_profit), ("limit_price", self.limit_price), ("stop_loss", stop_loss))
        for (name, price), (other, its_price) in itertools.combinations(prices, 2):
            if price is None or its_price is None:
                continue
            if price == its_price or (price > its_price) is not buys:
                raise InvalidOrder(
                    f"{name} {price} is not {side} {other} {its_price}, and the order {deed}.",
                    place="Order.with_bracket",
                    remedy=f"On an order that {deed}, take_profit is {side} stop_loss, and limit_price between them.",
                )

    def _check_prices(self) -> None:
        kind = self.order_type
        if not isinstance(kind, OrderType):
            raise InvalidOrder(f"order_type is {kind!r}.", remedy="Give one of OrderType, such as OrderType.LIMIT.")
        self._check_field("limit_price", wanted=kind in _WANTS_LIMIT)
        if kind is OrderType.TRAILING_STOP:
            self._check_trail()
        else:
            self._check_field("stop_price", wanted=kind in _WANTS_STOP)

    def _check_field(self, field: str, *, wanted: bool) -> None:
        given = getattr(self, field) is not None
        if given is not wanted:
            fact = "needs" if wanted else "takes no"
            raise InvalidOrder(
                f"A {self.order_type.value} order {fact} {field}.",
                remedy=f"{'Give' if wanted else 'Leave out'} {field}, or choose another order type.",
            )

    def _check_trail(self) -> None:
        distances = [d for d in (self.trail_amount, self.trail_percent) if d is not None]
        if len(distances) != 1 or distances[0] <= 0:
            raise InvalidOrder(
                "A trailing-stop order needs one positive distance.", remedy="Give trail_amount or trail_percent."
            )

    def _check_time_in_force(self) -> None:
        if not isinstance(self.time_in_force, TimeInForce):
            raise InvalidOrder(
                f"time_in_force is {self.time_in_force!r}.", remedy="Give one of TimeInForce, such as TimeInForce.GTC."
            )
        if (self.time_in_force is TimeInForce.GTD) is not (self.good_till is not None):
            raise InvalidOrder("good_till belongs to a GTD order, and only to that.", remedy="Give both or neither.")
        if self.good_till is None:
            return
        if not isinstance(self.good_till, datetime):
            raise InvalidOrder(f"good_till is {self.good_till!r}.", remedy="Give an aware datetime, best in UTC.")
        if self.good_till.tzinfo is None:
            raise InvalidOrder("good_till has no time zone.", remedy="Give an aware datetime, best in UTC.")

    def _refuse_reference(self) -> None:
        fact = f"order_ref is {self.order_ref!r}." if self.order_ref else "An order has no empty order_ref."
        raise InvalidOrder(fact, remedy="Give text, or leave it out, and one is made.")

    def _check_seldom_given(self) -> None:
        for name, (kind, wanted) in _KINDS.items():
            if not isinstance(getattr(self, name), kind):
                raise InvalidOrder(f"{name} is {getattr(self, name)!r}.", remedy=f"Give {wanted}, or leave it out.")
        if self.order_type is not OrderType.TRAILING_STOP:
            for name in ("trail_amount", "trail_percent"):
                self._check_field(name, wanted=False)
        shown = self.display_quantity
        if shown is not None and (type(shown) is not int or shown < 1):
            raise InvalidOrder(
                f"display_quantity is {shown!r}.", remedy="Show a whole number of lots, at least one, or leave it out."
            )
        if self.children != ():
            self._check_children()

    def _check_children(self) -> None:
        if not isinstance(self.children, tuple):
            raise InvalidOrder(f"children is a {type(self.children).__name__}.", remedy="Give a tuple of orders.")
        for child in self.children:
            if not isinstance(child, Order):
                raise InvalidOrder(f"A child is {child!r}.", remedy="Give a tuple of orders.")
            if child.contract != self.contract or any(
                (mine > 0) is (its > 0) for mine, its in zip(self.quantity, child.quantity, strict=True)
            ):
                raise InvalidOrder(
                    "A child order must close what its parent opens.",
                    remedy="Give it the parent's contract and the opposite sign.",
                )
