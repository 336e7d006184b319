"""Account requests: values by tag and currency."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.clients.client import IBClient
from brokerkit.plugins.ib.connection import IBConnection

_WORTH = "NetLiquidation"
_TAGS = "AccountType,NetLiquidation,FullExcessLiquidity,ExcessLiquidity,$LEDGER:ALL"


@attrs.frozen
class AccountFigure:
    """One value of one account.

    Attributes:
        account: The account's id.
        tag: IB's name of the value.
        value: IB's text.
        currency: Three letters; `BASE` or empty for values without a currency.
    """

    account: str
    tag: str
    value: str
    currency: str


class AccountingClient(IBClient):
    """Requests account values from IB."""

    def __init__(self, connection: IBConnection) -> None:
        super().__init__(connection)
        self._base_currencies: dict[str, str] = {}

    def base_currency(self, account: str) -> str:
        """Return an account's base currency, requested once.

        Raises:
            MissingData: IB does not report it.
            RequestTimedOut: No answer in time.
            ConnectionLost: The connection is down.
        """
        if account not in self._base_currencies:
            worth = [each for each in self.figures(_WORTH) if each.tag == _WORTH and len(each.currency) == 3]
            self._base_currencies.update({each.account: each.currency for each in worth})
        if account not in self._base_currencies:
            raise MissingData(f"IB does not report the base currency of {account}.")
        return self._base_currencies[account]

    def figures(self, tags: str = _TAGS) -> list[AccountFigure]:
        """Request and return every account's values.

        Args:
            tags: IB's names of the values, separated by commas.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The connection is down.
        """
        return self.ask(partial(self._summary, tags), "the account values")

    async def _summary(self, tags: str, ib: Any) -> list[AccountFigure]:
        """Request the summary once and cancel it: IB allows only two, and updates them only every three minutes."""
        return await self.ib_connection.shared("accountSummary", lambda: self._summary_once(tags, ib))

    async def _summary_once(self, tags: str, ib: Any) -> list[AccountFigure]:
        """Request it, bypassing the library, whose own summary has other values and stays subscribed."""
        request_id, handle = ib.client.getReqId(), ib.wrapper.accountSummary
        figures: dict[tuple[str, str, str], AccountFigure] = {}

        def on_summary(answered_id: int, account: str, tag: str, value: str, currency: str) -> None:
            if answered_id != request_id:
                handle(answered_id, account, tag, value, currency)
            else:
                figures[account, tag, currency] = AccountFigure(account, tag.removeprefix("$LEDGER-"), value, currency)

        ib.wrapper.accountSummary = on_summary
        try:
            answered = ib.wrapper.startReq(request_id)
            ib.client.reqAccountSummary(request_id, "All", tags)
            await answered
        finally:
            ib.wrapper.accountSummary = handle
            if ib.isConnected():
                ib.client.cancelAccountSummary(request_id)
        return list(figures.values())
