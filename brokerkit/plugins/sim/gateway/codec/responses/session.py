"""Responses about the session: accounts, ids, errors and notices."""

from __future__ import annotations

from typing import Annotated

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import Counted, Versions
from brokerkit.plugins.sim.gateway.codec.message import response
from brokerkit.plugins.sim.gateway.codec.parts import TagValue
from brokerkit.plugins.sim.gateway.codec.wire import Int, Text


@response(4, "error", version=2)
@attrs.frozen
class Error:
    """An error, a warning or a notice; `req_id` is a request id, an order id, or -1."""

    req_id: Int
    code: Int
    text: Text
    advanced_reject: Annotated[Text, Versions(since=166)] = ""


@response(9, "nextValidId", version=1)
@attrs.frozen
class NextValidId:
    """The lowest order id that this client can use."""

    order_id: Int


@response(15, "managedAccounts", version=1)
@attrs.frozen
class ManagedAccounts:
    """The accounts of the login, separated by commas."""

    accounts: Text


@response(49, "currentTime", version=1)
@attrs.frozen
class CurrentTime:
    """The server's time in seconds since 1970."""

    time: Int


@response(107, "userInfo")
@attrs.frozen
class UserInfo:
    """The white branding id of the login."""

    req_id: Int
    white_branding_id: Text = ""


@attrs.frozen
class FamilyCode:
    """An account and the family it belongs to."""

    account: Text
    code: Text


@response(78, "familyCodes")
@attrs.frozen
class FamilyCodes:
    """Accounts and their families."""

    codes: Annotated[tuple[FamilyCode, ...], Counted()] = ()


@attrs.frozen
class SoftDollarTier:
    """A soft-dollar tier."""

    name: Text
    value: Text
    display_name: Text


@response(77, "softDollarTiers")
@attrs.frozen
class SoftDollarTiers:
    """The soft-dollar tiers of the login."""

    req_id: Int
    tiers: Annotated[tuple[SoftDollarTier, ...], Counted()] = ()


@response(85, "newsProviders")
@attrs.frozen
class NewsProviders:
    """News providers: code and name."""

    providers: Annotated[tuple[TagValue, ...], Counted()] = ()
