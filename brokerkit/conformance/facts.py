"""Facts that only a plugin's author knows; what is left out is found by asking the broker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.conformance.harness import Harness

if TYPE_CHECKING:
    from brokerkit import Broker, FuturesContract

Settings = Mapping[str, Any]


@attrs.frozen
class Facts:
    """What the suite is told of a broker.

    Attributes:
        broker: The name it is opened by: a section of the config, or an installed plugin.
        settings: Settings it is opened with, over those of the config.
        instrument: The code of a liquid instrument; the first that trades, when empty.
        contract: A contract that can be traded; one that is weeks from its end, when None.
        fx_code: A currency pair that has prices; the first listed, when empty.
        account: The account to trade in; the broker's default account, when empty.
        quantity: Lots of a small order.
        large_quantity: Lots of an order that takes several fills, where that can be brought about.
        distance: How far from the market an order must be to rest, as a part of the price.
        timeout: Seconds that any one wait may take; a simulation, whose clock runs free, gets an hour of its own.
        test_timeout: Seconds of real time after which a test counts as hanging.
        while_away: Seconds by the broker's clock after which a stop a tick from the market has been met.
        fresh: Whether each test that trades opens the broker anew; simulations do, when None.
        shares_account: Whether the processes of a run trade one account; they are then refused.
        broker_parameters: A field of the broker's own that an order may set, with a value; made up, when empty.
        wrong_credentials: Settings with a wrong password or key.
        no_credentials: Settings without one.
        conflicting_settings: Settings that contradict each other.
        address_settings: Returns the settings that send the plugin to a host and port; made from
            settings named `host` and `port`, or `url`, when None.
        harness: Returns what can break an opened broker; asked of `broker.native`, when None.

    Example:
        >>> Facts("acme", instrument="CORN").quantity
        1
    """

    broker: str = ""
    settings: Settings = attrs.field(factory=dict)
    instrument: str = ""
    contract: FuturesContract | None = None
    fx_code: str = ""
    account: str = ""
    quantity: int = 1
    large_quantity: int = 10
    distance: float = 0.05
    timeout: float = 60.0
    test_timeout: float = 60.0
    while_away: float = 86_400.0
    fresh: bool | None = None
    shares_account: bool = True
    broker_parameters: Mapping[str, Any] = attrs.field(factory=dict)
    wrong_credentials: Settings | None = None
    no_credentials: Settings | None = None
    conflicting_settings: Settings | None = None
    address_settings: Callable[[str, int], Settings] | None = None
    harness: Callable[[Broker], Harness | None] | None = None
