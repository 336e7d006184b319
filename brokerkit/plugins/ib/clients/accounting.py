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
    """One figure of one account.

    Attributes:
        account: The account's id.
        tag: IB's name of the figure.
        value: As IB writes it.
        currency: Three letters; `BASE` or empty for what has none.
    """

    account: str
    tag: str
    value: str
    currency: str


class AccountingClient(IBClient):
    """Asks IB what the accounts are worth."""

    def __init__(self, connection: IBConnection) -> None:
        super().__init__(connection)
        self._base_currencies: dict[str, str] = {}

    def base_currency(self, account: str) -> str:
        """Return the currency that an account is kept in, asked for once.

        Raises:
            MissingData: IB does not tell it.
            RequestTimedOut: No answer in time.
            ConnectionLost: The line is down.
        """
        if account not in self._base_currencies:
            worth = [each for each in self.figures(_WORTH) if each.tag == _WORTH and len(each.currency) == 3]
            self._base_currencies.update({each.account: each.currency for each in worth})
        if account not in self._base_currencies:
            raise MissingData(f"IB does not tell the base currency of {account}.")
        return self._base_currencies[account]

    def figures(self, tags: str = _TAGS) -> list[AccountFigure]:
        """Return every account's figures, asked for now.

        Args:
            tags: IB's names of those that are wanted, with commas between them.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The line is down.
        """
        return self.ask(partial(self._summary, tags), "the account values")

    async def _summary(self, tags: str, ib: Any) -> list[AccountFigure]:
        """Ask once and cancel: IB allows two standing summaries, and tells changes every three minutes only."""
        return await self.ib_connection.shared("accountSummary", lambda: self._summary_once(tags, ib))

    async def _summary_once(self, tags: str, ib: Any) -> list[AccountFigure]:
        """Ask, and keep the answer from the library, whose own summary has other figures, and is kept up to date."""
        request_id, pass_on = ib.client.getReqId(), ib.wrapper.accountSummary
        told: dict[tuple[str, str, str], AccountFigure] = {}

        def hear(asked_by: int, account: str, tag: str, value: str, currency: str) -> None:
            if asked_by != request_id:
                pass_on(asked_by, account, tag, value, currency)
            else:
                told[account, tag, currency] = AccountFigure(account, tag.removeprefix("$LEDGER-"), value, currency)

        ib.wrapper.accountSummary = hear
        try:
            answered = ib.wrapper.startReq(request_id)
            ib.client.reqAccountSummary(request_id, "All", tags)
            await answered
        finally:
            ib.wrapper.accountSummary = pass_on
            if ib.isConnected():
                ib.client.cancelAccountSummary(request_id)
        return list(told.values())
