"""The fx domain of Tradepost: it holds one currency and changes none."""

from __future__ import annotations

from brokerkit import Fx, Money, hookimpl, unsupported
from brokerkit_tradepost.capital import check_account
from brokerkit_tradepost.client import Client


class TradepostFx(Fx):
    """Cash in the account's one currency."""

    get_list_of_fxcodes = unsupported("Tradepost has no currency desk")
    get_fx_prices = unsupported("Tradepost has no currency desk")
    put_fx_order_on_stack = unsupported("Tradepost has no currency desk")

    def __init__(self, client: Client) -> None:
        self._client = client

    @hookimpl
    def get_fx_balances(self, account: str = "") -> list[Money]:
        """Return the cash of the account."""
        found = self._client.get("/v1/account")
        check_account(account, found)
        return [Money(found["currency"], found["cash"])]
