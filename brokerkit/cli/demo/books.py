"""The demo's own books: cash worked out from fills alone, to be held against what the broker says."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from brokerkit.errors import MissingData
from brokerkit.spec.broker_order import Fill
from brokerkit.spec.money import Money


@attrs.frozen
class Books:
    """Cash before and after, and what fills say must lie between.

    Attributes:
        before: Cash before the first order.
        after: Cash after the last fill, as the broker says.
        profit: Realised by the fills, which together leave no position.
        commission: Taken for them.
    """

    before: Money
    after: Money
    profit: Money
    commission: Money

    @property
    def expected(self) -> Money:
        """Cash before, plus profit, less commission."""
        return self.before + self.profit - self.commission

    @property
    def agree(self) -> bool:
        """Whether the broker's cash is what the fills say, exactly."""
        return self.expected == self.after


def books_of(fills: Iterable[Fill], point_size: Decimal, before: Money, after: Money) -> Books:
    """Return the books of fills that together leave no position.

    Args:
        fills: Executions of contracts of one instrument.
        point_size: Money gained by one lot when the price rises by 1.
        before: Cash before them.
        after: Cash after them.

    Raises:
        MissingData: The broker has not reported what an execution cost.

    Example:
        >>> from datetime import datetime, timezone
        >>> from brokerkit.spec.contract import FuturesContract
        >>> corn, now, fee = FuturesContract("CORN", "202312"), datetime.now(timezone.utc), Money("USD", "2.50")
        >>> bought = Fill("1", "a", corn, 2, Decimal("480.25"), now, commission=fee)
        >>> sold = Fill("2", "b", corn, -2, Decimal("481.00"), now, commission=fee)
        >>> books_of([bought, sold], Decimal(50), Money("USD", 1000), Money("USD", 1070)).agree
        True
    """
    profit, commission = Money(before.currency, 0), Money(before.currency, 0)
    for fill in fills:
        if fill.commission is None:
            raise MissingData(f"The broker has not said what execution {fill.execution_id} cost.")
        profit += Money(before.currency, -fill.quantity * fill.price * point_size)
        commission += fill.commission
    return Books(before, after, profit, commission)
