"""What a broker can do: one word and a reason for each hook."""

from __future__ import annotations

import enum

import attrs


class Support(enum.Enum):
    """Whether a broker answers a hook."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    PLANNED = "planned"


@attrs.frozen
class Capability:
    """Whether a broker answers a hook, and why not.

    Attributes:
        support: One word for it.
        reason: Why it is declined, in words for the broker's user; empty when it is supported.
    """

    support: Support
    reason: str = ""

    def __bool__(self) -> bool:
        """Return whether the hook may be called."""
        return self.support is Support.SUPPORTED
