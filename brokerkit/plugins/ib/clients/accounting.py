"""Account requests: values by tag and currency."""

from __future__ import annotations

from typing import Any

import attrs

from brokerkit.plugins.ib.clients.client import IBClient

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

    def figures(self) -> list[AccountFigure]:
        """Return every account's figures, asked for now.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The line is down.
        """
        return self.ask(self._summary, "the account values")

    async def _summary(self, ib: Any) -> list[AccountFigure]:
        """Ask once and cancel: IB allows two standing summaries, and tells changes every three minutes only."""
        return await self.ib_connection.shared("accountSummary", lambda: self._summary_once(ib))

    async def _summary_once(self, ib: Any) -> list[AccountFigure]:
        request_id = ib.client.getReqId()
        ib.wrapper.acctSummary.clear()
        answered = ib.wrapper.startReq(request_id)
        ib.client.reqAccountSummary(request_id, "All", _TAGS)
        try:
            await answered
        finally:
            if ib.isConnected():
                ib.client.cancelAccountSummary(request_id)
        return [
            AccountFigure(each.account, each.tag.removeprefix("$LEDGER-"), each.value, each.currency)
            for each in ib.wrapper.acctSummary.values()
        ]
