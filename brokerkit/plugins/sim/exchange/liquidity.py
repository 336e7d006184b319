"""How much of a bar's volume the exchange's orders may take."""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.errors import InvalidArgument
from brokerkit.spec.money import exact

UNLIMITED = 1 << 60


@attrs.frozen
class VolumeShare:
    """Orders fill at most this share of each bar's volume, rounded down to whole lots.

    A bar without a volume (None) fills any quantity; a bar of volume 0 fills none.

    Attributes:
        share: Above 0 and at most 1; with 1, orders may take the whole volume.
    """

    share: Decimal = attrs.field(default=Decimal(1), converter=exact)
    _ratio: tuple[int, int] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse a share outside 0 to 1."""
        if not 0 < self.share <= 1:
            raise InvalidArgument(f"A volume share of {self.share} is not above 0 and at most 1.")
        object.__setattr__(self, "_ratio", self.share.as_integer_ratio())

    def lots(self, volume: float | None) -> int:
        """Return how many lots may fill in a bar of this volume."""
        if volume is None:
            return UNLIMITED
        numerator, denominator = self._ratio
        return int(volume) * numerator // denominator


@attrs.frozen
class UnlimitedVolume:
    """Any quantity fills, whatever the bar's volume."""

    def lots(self, volume: float | None) -> int:
        """Return a number that no order reaches."""
        return UNLIMITED
