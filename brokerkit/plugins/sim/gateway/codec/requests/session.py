"""Requests about the session itself."""

from __future__ import annotations

import attrs

from brokerkit.plugins.sim.gateway.codec.message import request
from brokerkit.plugins.sim.gateway.codec.wire import Int, Text


@request(71, "startApi", version=2)
@attrs.frozen
class StartApi:
    """Name the client; nothing else is answered before."""

    client_id: Int
    capabilities: Text = ""


@request(8, "reqIds", version=1)
@attrs.frozen
class IdsRequest:
    """Ask for the next valid order id."""

    count: Int = 1


@request(17, "reqManagedAccts", version=1)
@attrs.frozen
class ManagedAccountsRequest:
    """Ask which accounts this login manages."""


@request(49, "reqCurrentTime", version=1)
@attrs.frozen
class CurrentTimeRequest:
    """Ask the server's time."""


@request(14, "setServerLogLevel", version=1)
@attrs.frozen
class SetServerLogLevel:
    """Set how much the gateway writes to its own log."""

    level: Int = 2


@request(104, "reqUserInfo")
@attrs.frozen
class UserInfoRequest:
    """Ask for the white branding id of the login."""

    req_id: Int


@request(80, "reqFamilyCodes")
@attrs.frozen
class FamilyCodesRequest:
    """Ask which accounts belong to which family."""


@request(79, "reqSoftDollarTiers")
@attrs.frozen
class SoftDollarTiersRequest:
    """Ask for the soft-dollar tiers of the login."""

    req_id: Int


@request(85, "reqNewsProviders")
@attrs.frozen
class NewsProvidersRequest:
    """Ask which news providers the login subscribes to."""


@request(12, "reqNewsBulletins", version=1)
@attrs.frozen
class NewsBulletinsRequest:
    """Subscribe to IB's bulletins; none are ever sent."""

    all_messages: Int = 1


@request(13, "cancelNewsBulletins", version=1)
@attrs.frozen
class CancelNewsBulletins:
    """End the subscription to bulletins."""
