"""What an account holds of what the suite trades, from whatever the broker says of it."""

from __future__ import annotations

from collections.abc import Iterable

from brokerkit import FuturesContract, FxPair, OrderControl
from brokerkit.conformance.capability import trades_currency_only
from brokerkit.conformance.market import Market

Holdings = dict["FuturesContract | FxPair", int]


def holdings(market: Market, placed: Iterable[OrderControl]) -> Holdings:
    """Return what is held, by contract, over all accounts; of a pair, the balance of its first currency.

    A broker that does not say what it holds is taken to hold what the placed orders have filled.
    """
    broker = market.broker
    if trades_currency_only(broker) and broker.supports("get_fx_balances"):
        return {FxPair(market.fx_code): _balance(market)}
    if not broker.supports("get_all_current_positions_as_list_with_contract_objects"):
        return _filled(placed)
    held: Holdings = {}
    for position in broker.positions.get_all_current_positions_as_list_with_contract_objects():
        held[position.contract] = held.get(position.contract, 0) + position.quantity
    return held


def _balance(market: Market) -> int:
    base = FxPair(market.fx_code).base
    balances = market.broker.fx.get_fx_balances(market.facts.account)
    return round(sum(cash.amount for cash in balances if cash.currency == base))


def _filled(placed: Iterable[OrderControl]) -> Holdings:
    held: Holdings = {}
    for fill in (fill for control in placed for fill in control.current().fills):
        held[fill.contract] = held.get(fill.contract, 0) + fill.quantity
    return held
