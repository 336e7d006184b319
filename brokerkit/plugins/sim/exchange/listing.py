"""A listed contract: its terms, its bars, and its book of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange.bars import BarSeries
from brokerkit.plugins.sim.exchange.levels import Levels
from brokerkit.plugins.sim.exchange.live_order import UNPRICED
from brokerkit.plugins.sim.exchange.sessions import EVERY_DAY, Sessions
from brokerkit.plugins.sim.exchange.terms import OutsideHours
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.spec.contract import FxPair

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.commission import Charge
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.slippage import Slip
    from brokerkit.plugins.sim.exchange.terms import ContractTerms


class Listing:
    """A listed contract, with its book.

    The book has six places, and an order is in one of them (`LiveOrder.place`):

    - `queue`: trades at the next open: market orders, triggered stops, IOC and FOK;
    - `down`: acts when the price falls to its level: buy limits, sell stops;
    - `up`: acts when the price rises to its level: sell limits, buy stops;
    - `waiting`: arrived in the middle of a bar, joins with the next one;
    - `held`: waits for the market to open, or for its auction;
    - `trailing` only: a trailing stop that waits for the contract's first price.

    Attributes:
        limit_gap: How far the price must pass a limit before it fills, in units.
        look_due: The last time at which a look ahead was put on the agenda.
    """

    __slots__ = (
        "base_currency", "charge", "close_due", "contract", "down", "expired",
        "expires", "guard_high", "guard_low", "held", "holdings", "initial_margin", "left", "left_for",
        "legs", "limit_gap", "look_due", "maintenance_margin", "mark", "name", "number", "open_due", "opened", "queue",
        "reach", "refuses_when_closed", "series", "session_open", "sessions", "slip", "terms", "tick", "trailing",
        "up", "value", "waiting", "wake_time", "wake_what", "watched",
    )  # fmt: skip

    def __init__(
        self, number: int, terms: ContractTerms, charge: Charge | None, slip: Slip | None, *, fills_on_touch: bool
    ) -> None:
        self.number = number
        self.terms = terms
        self.contract = terms.contract
        self.name = str(terms.contract)
        self.legs: tuple[tuple[Listing, int], ...] = ()
        self.base_currency = terms.contract.base if isinstance(terms.contract, FxPair) else ""
        self.tick = terms.tick_units
        self.limit_gap = 0 if fills_on_touch else self.tick
        self.value = terms.value_of_price_unit
        self.charge = charge
        self.slip = slip
        self.sessions: Sessions = terms.sessions or EVERY_DAY
        self.refuses_when_closed = terms.outside_hours is OutsideHours.REFUSE
        self.initial_margin = terms.initial_units
        self.maintenance_margin = terms.maintenance_units
        self.expires = None if terms.expiry is None else nanoseconds(terms.expiry)
        self.expired = False
        self.series = BarSeries(self.name)
        self.mark: int | None = None
        self.queue: list[LiveOrder] = []
        self.down = Levels()
        self.up = Levels()
        self.trailing: list[LiveOrder] = []
        self.waiting: list[LiveOrder] = []
        self.held: list[LiveOrder] = []
        self.holdings: dict[str, Holding] = {}
        self.wake_time = 1 << 62
        self.wake_what = -1
        self.look_due = -1
        self.reach = 0
        self.watched = False
        self.guard_low, self.guard_high = -(1 << 62), 1 << 62
        self.opened = -1
        self.left = 0
        self.left_for = -1
        self.close_due = -1
        self.session_open = 0
        self.open_due = -1

    def holding_of(self, account: Account) -> Holding:
        """Return an account's holding of the contract; a new one is flat."""
        found = self.holdings.get(account.name)
        if found is None:
            from brokerkit.plugins.sim.exchange.ledger import Holding

            found = self.holdings[account.name] = Holding(account, self)
            account.holdings.append(found)
        return found

    def last_price(self, now: int) -> int | None:
        """Return the close of the last bar that ended; during the first bar, its open; None before that."""
        last = self.series.close_at(now)
        if last is not None:
            return last
        return self.series.first_open(now) if self.mark is None else self.mark

    def all_orders(self) -> list[LiveOrder]:
        """Return every order in the book, by number."""
        unpriced = [live for live in self.trailing if live.place == UNPRICED]
        everywhere = self.queue + self.waiting + self.held + self.down.all() + self.up.all() + unpriced
        return sorted(everywhere, key=lambda live: live.number)
