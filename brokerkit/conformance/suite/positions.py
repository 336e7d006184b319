"""Group H: what is held, and that it follows from what was filled."""

from __future__ import annotations

from decimal import Decimal

from brokerkit import AccountKind, Broker, Fill, FuturesContract, Order, Position
from brokerkit.conformance.agreement import check_utc
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.trader import TAG, Trader

_HELD = "get_all_current_positions_as_list_with_contract_objects"
_UNTIL_PRICES_HAVE_MOVED = 1800.0


@trade("put_order_on_stack", _HELD)
def test_093_position_changes_by_the_filled_quantity(trader: Trader) -> None:
    """Case 93: after a fill the position has changed by exactly the filled quantity, with its sign."""
    trader.buys()
    assert trader.gained() == trader.quantity
    trader.sells(2 * trader.quantity)
    assert trader.gained() == -trader.quantity


@trade("put_order_on_stack", _HELD)
def test_094_average_price_is_that_of_the_fills(trader: Trader) -> None:
    """Case 94: the average price of a position is the volume-weighted price of the fills that opened it."""
    trader.needs_no_position()
    views = [trader.buys(), trader.buys()]
    if trader.market.broker.account_kind is AccountKind.SIMULATED:
        trader.let_pass(_UNTIL_PRICES_HAVE_MOVED)
        views.append(trader.buys(3 * trader.quantity))
    fills = [fill for view in views for fill in view.fills]
    expected = sum((fill.price * fill.quantity for fill in fills), Decimal(0)) / sum(fill.quantity for fill in fills)
    held = _position(trader)
    assert held is not None
    assert type(held.average_price) is Decimal, f"the average price is a {type(held.average_price).__name__}"
    assert abs(held.average_price - expected) <= trader.tick / 1000, f"{held.average_price}, fills {expected}"
    trader.eventually(lambda: _last_told(trader, trader.market.contract) == held.quantity, "the position was told")
    told = [each for each in trader.events.of(Position) if each.contract == trader.market.contract][-1]
    assert told.average_price == held.average_price, f"listed at {held.average_price}, told at {told.average_price}"


@trade("put_order_on_stack", _HELD)
def test_095_a_closed_position_is_told_and_no_longer_listed(trader: Trader) -> None:
    """Case 95: a position that was closed is told as 0 in an event, and is not listed as open."""
    trader.needs_no_position()
    trader.buys()
    assert _position(trader) is not None
    trader.sells()
    assert _position(trader) is None
    trader.eventually(lambda: _last_told(trader, trader.market.contract) == 0, "the position was told to be 0")


@trade("put_order_on_stack", _HELD)
def test_096_position_is_known_when_the_fill_is_told(broker: Broker, trader: Trader) -> None:
    """Case 96: when a listener hears of a fill, the new position can already be read."""
    seen: list[int] = []

    def look(fill: Fill) -> None:
        seen.append(trader.gained())

    with broker.subscribe(on_fill=look):
        view = trader.buys()
        trader.eventually(lambda: len(seen) >= len(view.fills), "the fill was told")
    totals = [sum(fill.quantity for fill in view.fills[: count + 1]) for count in range(len(view.fills))]
    assert all(read >= filled for read, filled in zip(seen, totals, strict=False)), f"read {seen}, filled {totals}"


@trade("put_order_on_stack", _HELD, "get_list_of_accounts")
def test_097_with_and_without_account_agree(broker: Broker, trader: Trader) -> None:
    """Case 97: positions asked for account by account are together the positions of all accounts."""
    trader.buys()
    read = broker.positions.get_all_current_positions_as_list_with_contract_objects
    parts = [position for account in broker.capital.get_list_of_accounts() for position in read(account.account_id)]
    assert {_key(position) for position in parts} == {_key(position) for position in read()}


@trade("put_order_on_stack", _HELD)
def test_098_through_zero_and_back(trader: Trader) -> None:
    """Case 98: from long to short and back to long gives the right net each time."""
    for quantity, net in ((trader.quantity, 1), (-2 * trader.quantity, -1), (2 * trader.quantity, 1)):
        trader.fills(trader.market_order(quantity))
        assert trader.gained() == net * trader.quantity
        trader.eventually(lambda: _is_told(trader), "the position that is held was told")


@trade("put_order_on_stack", _HELD)
def test_099_crossing_zero_is_one_order(trader: Trader) -> None:
    """Case 99: an order that turns a position is reported as one order, filled whole."""
    trader.buys()
    view = trader.sells(2 * trader.quantity)
    assert view.filled == (-2 * trader.quantity,)
    refs = [each.order_ref for each in trader.market.broker.orders.get_list_of_broker_orders()]
    assert refs.count(view.order_ref) == 1


@trade("put_order_on_stack", _HELD)
def test_101_position_names_the_contract_that_was_ordered(trader: Trader) -> None:
    """Case 101: a position is held in the very contract that the order named; no second one appears."""
    before = set(trader.positions())
    trader.buys()
    assert set(trader.positions()) - before <= {trader.contract}
    held = _position(trader)
    assert held is not None
    assert type(held.quantity) is int, f"a quantity of type {type(held.quantity).__name__}: give whole lots as an int"
    for position in (held, *trader.events.of(Position)):
        check_utc(position.as_of, f"the time of the position in {position.contract},")


@fault("advance", hooks=("put_order_on_stack", _HELD))
def test_102_expiry_settles_the_position(trader: Trader, harness: Harness, market: Market) -> None:
    """Case 102: a position in a contract that expires is settled, told as 0, and no longer listed."""
    contract = market.expiring_contract
    trader.fills(Order.market(contract, trader.quantity, tag=TAG))
    assert trader.gained(contract) == trader.quantity
    days = (market.expiry(contract) - market.today).days + 3
    harness.advance(days * 86_400.0)
    trader.eventually(lambda: not trader.positions().get(contract), "the position was no longer held")
    trader.eventually(lambda: _last_told(trader, contract) == 0, "the settled position was told to be 0")


@read(_HELD)
def test_101_positions_are_in_order(broker: Broker) -> None:
    """Case 101: positions are ordered by account, instrument and date, none is flat, each is listed once."""
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    keys = [(position.account, position.contract.instrument_code, position.contract.dates) for position in held]
    assert keys == sorted(set(keys))
    assert all(position.quantity for position in held), "a flat position is listed"


@trade("put_order_on_stack", _HELD)
def test_101_traded_positions_are_in_order(broker: Broker, trader: Trader) -> None:
    """Case 101: with several contracts held, positions are still ordered by account, instrument and date."""
    for contract in (trader.market.next_contract, trader.contract):
        trader.fills(Order.market(contract, trader.quantity, tag=TAG))
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    keys = [(position.account, position.contract.instrument_code, position.contract.dates) for position in held]
    assert len(keys) >= 2
    assert keys == sorted(keys)


def _position(trader: Trader) -> Position | None:
    held = trader.market.broker.positions.get_all_current_positions_as_list_with_contract_objects()
    return next((position for position in held if position.contract == trader.market.contract), None)


def _last_told(trader: Trader, contract: FuturesContract) -> int | None:
    told = [position for position in trader.events.of(Position) if position.contract == contract]
    return told[-1].quantity if told else None


def _is_told(trader: Trader) -> bool:
    return _last_told(trader, trader.market.contract) == trader.positions().get(trader.market.contract, 0)


def _key(position: Position) -> tuple[str, str, int]:
    return position.account, str(position.contract), position.quantity
