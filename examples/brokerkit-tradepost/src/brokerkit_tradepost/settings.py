"""What Tradepost is told when it is opened."""

from __future__ import annotations

import attrs

from brokerkit import Secret


@attrs.frozen
class TradepostSettings:
    """The settings of the broker tradepost.

    Attributes:
        api_key: The key that Tradepost gave you.
        url: Where it answers.
        timeout: Seconds that any request may take.
        poll_seconds: Seconds between two looks at the orders.
    """

    api_key: Secret = attrs.field(metadata={"help": "the key that Tradepost gave you"})
    url: str = attrs.field(default="http://127.0.0.1:8750", metadata={"help": "where Tradepost answers"})
    timeout: float = attrs.field(default=5.0, metadata={"help": "seconds that any request may take"})
    poll_seconds: float = attrs.field(default=0.1, metadata={"help": "seconds between two looks at the orders"})
