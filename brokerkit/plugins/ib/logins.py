"""Whose money a login trades with, and whether another login took its place."""

from __future__ import annotations

from collections.abc import Collection

from brokerkit.errors import CannotConnect
from brokerkit.spec.capital import AccountKind


def kind_of(account: str) -> AccountKind:
    """Return whether money is at stake in an account: IB's paper and demo accounts begin with a D."""
    return AccountKind.PAPER if account.upper().startswith("D") else AccountKind.LIVE


def kind_of_all(accounts: Collection[str]) -> AccountKind:
    """Return live as soon as one account is, or when no account is known.

    Example:
        >>> kind_of_all(["DU1", "U2"]).value, kind_of_all(["DU1"]).value, kind_of_all([]).value
        ('live', 'paper', 'live')
    """
    is_paper = bool(accounts) and all(kind_of(each) is AccountKind.PAPER for each in accounts)
    return AccountKind.PAPER if is_paper else AccountKind.LIVE


def check_same_login(before: Collection[str], now: Collection[str], gateway: str) -> None:
    """Do nothing when a Gateway that was connected to again is still logged in as it was.

    Args:
        before: The accounts that the broker was opened with.
        now: The accounts that the Gateway tells.
        gateway: Where it is.

    Raises:
        CannotConnect: It is another login, or money is at stake now and was not before.
    """
    if kind_of_all(before) is kind_of_all(now) and not set(before).isdisjoint(now):
        return
    raise CannotConnect(
        f"{gateway} is logged in to {', '.join(now) or 'no account'} ({kind_of_all(now).value}) now, and this broker "
        f"was opened on {', '.join(before)} ({kind_of_all(before).value}). Nothing is sent there.",
        remedy="Log the Gateway in as it was; or close this broker and open it again.",
    )
