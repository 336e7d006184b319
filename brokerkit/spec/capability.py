"""What a broker can do: a status and a reason for each hook."""

from __future__ import annotations

import enum

import attrs


class Support(enum.Enum):
    """Whether a broker supports a hook.

    Attributes:
        SUPPORTED: It does.
        UNSUPPORTED: It does not, and will not.
        PLANNED: It does not yet.
    """

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    PLANNED = "planned"


@attrs.frozen
class Capability:
    """Whether a broker supports a hook, and if not, why.

    Attributes:
        support: The status.
        reason: Why it is declined, in words for the broker's users; empty if it is supported.
    """

    support: Support
    reason: str = ""

    def __bool__(self) -> bool:
        """Return whether the hook may be called."""
        return self.support is Support.SUPPORTED
