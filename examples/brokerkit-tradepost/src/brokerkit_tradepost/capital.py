"""The capital domain of Tradepost: one account in one currency."""

from __future__ import annotations

from typing import Any

from brokerkit import Account, AccountKind, Capital, Money, hookimpl
from brokerkit.errors import MissingAccount
from brokerkit_tradepost.client import Client


def check_account(wanted: str, found: dict[str, Any]) -> None:
    """Refuse an account that is not the one this key belongs to."""
    if wanted not in ("", found["id"]):
        raise MissingAccount(f"No account {wanted!r} at Tradepost.", given=wanted, candidates=[found["id"]])


class TradepostCapital(Capital):
    """What the account is worth."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @hookimpl
    def get_list_of_accounts(self) -> list[Account]:
        """Return the one account."""
        found = self._client.get("/v1/account")
        kind = AccountKind.PAPER if found["paper"] else AccountKind.LIVE
        return [Account(found["id"], kind, found["currency"])]

    @hookimpl
    def get_account_value_across_currency_across_accounts(self) -> list[Money]:
        """Return the account's value."""
        return self._worth("value", "")

    @hookimpl
    def get_account_value_across_currency(self, account: str = "") -> list[Money]:
        """Return the account's value."""
        return self._worth("value", account)

    @hookimpl
    def get_excess_liquidity_value_across_currency(self, account: str = "") -> list[Money]:
        """Return what the account has above its margin."""
        return self._worth("free", account)

    def _worth(self, field: str, account: str) -> list[Money]:
        found = self._client.get("/v1/account")
        check_account(account, found)
        return [Money(found["currency"], found[field])]
