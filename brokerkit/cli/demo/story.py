"""The story in order, and when it must stop short of trading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from brokerkit.cli.demo import looking
from brokerkit.cli.demo.chapter import Chapter, skipped, unless_declined, why_declined
from brokerkit.cli.demo.looking import Market
from brokerkit.cli.demo.trading import Pace, trade
from brokerkit.errors import MissingData
from brokerkit.spec.capital import AccountKind

if TYPE_CHECKING:
    from brokerkit import Broker


def tell(broker: Broker, may_trade: Callable[[Broker], bool], pace: Pace) -> Iterator[Chapter]:
    """Yield the chapters as they happen; a part that the broker declines is skipped, with what depends on it.

    Args:
        broker: An opened broker.
        may_trade: Asked before the first order.
        pace: How long things may take.

    Raises:
        MissingData: The broker has no prices of any contract that trades.
    """
    yield looking.opened(broker)
    yield unless_declined(broker, "fx", looking.FX_HOOKS, partial(looking.currencies, broker))
    why = why_declined(broker, looking.MARKET_HOOKS)
    if why:
        yield skipped("chains", why)
        yield _capital(broker)
        return
    markets, chapter = looking.markets(broker)
    yield chapter
    market = _market_to_trade(broker, markets)
    yield looking.prices(market)
    yield unless_declined(broker, "contract", looking.CONTRACT_HOOKS, partial(looking.contract_facts, broker, market))
    yield _capital(broker)
    why = why_declined(broker, ["put_order_on_stack"])
    if why:
        yield skipped("orders", why)
    elif may_trade(broker):
        yield from trade(broker, market, pace)


def _capital(broker: Broker) -> Chapter:
    return unless_declined(broker, "capital", looking.CAPITAL_HOOKS, partial(looking.capital, broker))


def reason_not_to_trade(broker: Broker) -> str:
    """Return why the demo must not trade on this broker; empty when it may."""
    if broker.account_kind is AccountKind.LIVE:
        return "This is a live account; the demo never trades on one."
    if broker.read_only:
        return "This broker is read-only: set read_only = false in its configuration to let the demo trade."
    return ""


def _market_to_trade(broker: Broker, markets: list[Market]) -> Market:
    """Return the first market that is open now; the first of all, if none is or the broker does not say."""
    if not markets:
        raise MissingData(
            "No contract that trades now has prices, so there is nothing to show.",
            place=f"broker '{broker.name}', {broker.data}",
            remedy="See 'brokerkit doctor'.",
        )
    if not broker.supports("is_contract_okay_to_trade"):
        return markets[0]
    is_open = broker.contracts.is_contract_okay_to_trade
    return next((market for market in markets if is_open(market.contract)), markets[0])
