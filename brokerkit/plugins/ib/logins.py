"""Whether a login is live or paper, and whether it changed."""

from __future__ import annotations

from collections.abc import Collection

from brokerkit.errors import CannotConnect
from brokerkit.spec.capital import AccountKind


def kind_of(account: str) -> AccountKind:
    """Return whether an account is live or paper: the ids of IB's paper and demo accounts begin with D."""
    return AccountKind.PAPER if account.upper().startswith("D") else AccountKind.LIVE


def is_master(account: str) -> bool:
    """Return whether an account is the own one of an advisor (F) or broker (I), live or paper, which does not trade.

    Example:
        >>> is_master("F1000000"), is_master("DF1000000"), is_master("DU1000001")
        (True, True, False)
    """
    return account.upper().removeprefix("D").startswith(("F", "I"))


def kind_of_all(accounts: Collection[str]) -> AccountKind:
    """Return live if any account is live, or if no account is known.

    Example:
        >>> kind_of_all(["DU1", "U2"]).value, kind_of_all(["DU1"]).value, kind_of_all([]).value
        ('live', 'paper', 'live')
    """
    is_paper = bool(accounts) and all(kind_of(each) is AccountKind.PAPER for each in accounts)
    return AccountKind.PAPER if is_paper else AccountKind.LIVE


def check_same_login(before: Collection[str], now: Collection[str], gateway: str) -> None:
    """Raise unless the Gateway has the same login after a reconnect.

    Args:
        before: The accounts that the broker was opened with.
        now: The accounts that the Gateway has now.
        gateway: Its address.

    Raises:
        CannotConnect: It is another login, or live instead of paper or the reverse.
    """
    if kind_of_all(before) is kind_of_all(now) and not set(before).isdisjoint(now):
        return
    raise CannotConnect(
        f"{gateway} is now logged in to {', '.join(now) or 'no account'} ({kind_of_all(now).value}), but this broker "
        f"was opened on {', '.join(before)} ({kind_of_all(before).value}). Nothing is sent there.",
        remedy="Log the Gateway in to the previous account, or close this broker and open it again.",
    )
