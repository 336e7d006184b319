"""Requests about the session itself."""

from __future__ import annotations

import attrs

from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.wire import Int, Text


@request(71, "startApi", version=2)
@attrs.frozen
class StartApi:
    """Send the client id; nothing else is answered before this."""

    client_id: Int
    capabilities: Text = ""


@request(8, "reqIds", version=1)
@attrs.frozen
class IdsRequest:
    """Request the next valid order id."""

    count: Int = 1


@request(17, "reqManagedAccts", version=1)
@attrs.frozen
class ManagedAccountsRequest:
    """Request the accounts that this login manages."""


@request(49, "reqCurrentTime", version=1)
@attrs.frozen
class CurrentTimeRequest:
    """Request the server's time."""


@request(14, "setServerLogLevel", version=1)
@attrs.frozen
class SetServerLogLevel:
    """Set the level of the gateway's own log."""

    level: Int = 2


@request(104, "reqUserInfo")
@attrs.frozen
class UserInfoRequest:
    """Request the white branding id of the login."""

    req_id: Int


@request(80, "reqFamilyCodes")
@attrs.frozen
class FamilyCodesRequest:
    """Request the family codes of accounts."""


@request(79, "reqSoftDollarTiers")
@attrs.frozen
class SoftDollarTiersRequest:
    """Request the soft-dollar tiers of the login."""

    req_id: Int


@request(85, "reqNewsProviders")
@attrs.frozen
class NewsProvidersRequest:
    """Request the news providers to which the login subscribes."""


@request(12, "reqNewsBulletins", version=1)
@attrs.frozen
class NewsBulletinsRequest:
    """Subscribe to IB's news bulletins; none are ever sent."""

    all_messages: Int = 1


@request(13, "cancelNewsBulletins", version=1)
@attrs.frozen
class CancelNewsBulletins:
    """Cancel the subscription to news bulletins."""
