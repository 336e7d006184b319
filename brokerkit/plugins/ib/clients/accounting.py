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
            ib.client.reqAccountSummary(request_id, "All", _TAGS)
            await answered
        finally:
            ib.wrapper.accountSummary = pass_on
            if ib.isConnected():
                ib.client.cancelAccountSummary(request_id)
        return list(told.values())
