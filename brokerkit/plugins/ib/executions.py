"""IB's executions: ids, corrections, signs."""

from __future__ import annotations

from decimal import Decimal

_UNSET = 1e307


def revision_of(execution_id: str) -> tuple[str, int]:
    """Split an execution id into the part that a trade shares with its corrections, and the correction's number.

    The last segment increases with each correction.

    Example:
        >>> revision_of("00025b46.63f8f39c.01.02")
        ('00025b46.63f8f39c.01', 2)
        >>> revision_of("sim-7")
        ('sim-7', 0)
    """
    trade, dot, number = execution_id.rpartition(".")
    return (trade, int(number)) if dot and number.isdigit() else (execution_id, 0)


def signed_quantity(side: str, shares: float) -> int:
    """Return an execution's signed lots: `BOT` is a buy, `SLD` a sell.

    Example:
        >>> signed_quantity("SLD", 2.0)
        -2
    """
    return round(shares) if side.upper().startswith("B") else -round(shares)


def price_from(value: float | Decimal | str | None) -> Decimal | None:
    """Return a price of IB's as a Decimal in its shortest form; None for IB's values that mean no price.

    Example:
        >>> price_from(503.75), price_from(1.7976931348623157e308), price_from(float("nan"))
        (Decimal('503.75'), None, None)
    """
    if value is None or value == "":
        return None
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) > _UNSET:
        return None
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
