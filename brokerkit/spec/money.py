"""Money: an exact amount in one currency."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation

import attrs

from brokerkit.errors import InvalidArgument

ARITHMETIC = Context(prec=28)
"""What amounts and prices are computed in, whatever precision a program has chosen for its own numbers."""


def exact(value: Decimal | str | int | float) -> Decimal:
    """Return `value` as the Decimal that a person would write for it.

    A float is converted from its shortest decimal form, so 0.1 is one tenth.

    Raises:
        InvalidArgument: It is not a finite number.

    Example:
        >>> exact(0.1), exact("4.25"), exact(3)
        (Decimal('0.1'), Decimal('4.25'), Decimal('3'))
    """
    try:
        number = value if type(value) is Decimal else Decimal(str(value))
    except InvalidOperation:
        raise InvalidArgument(f"{value!r} is not a number.", remedy="Give a Decimal, str, int or float.") from None
    if not number.is_finite():
        raise InvalidArgument(f"{value!r} is not a finite number.", remedy="Give a Decimal, str, int or float.")
    return number


def _currency_code(code: str) -> str:
    if isinstance(code, str) and len(code) == 3 and code.isascii() and code.isalpha() and code.isupper():
        return code
    raise InvalidArgument(f"{code!r} is not a currency.", remedy="Give three capital letters, such as 'USD'.")


@attrs.frozen(order=False)
class Money:
    """An exact amount in one currency.

    Attributes:
        currency: ISO 4217 code, three capital letters.
        amount: Exact, of either sign.

    Example:
        >>> Money("USD", "10.50") + Money("USD", 2)
        Money('USD', '12.50')
    """

    currency: str = attrs.field(converter=_currency_code)
    amount: Decimal = attrs.field(converter=exact)

    def __add__(self, other: Money) -> Money:
        """Return the sum; both must be in the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.currency, ARITHMETIC.add(self.amount, self._same_currency(other)))

    def __sub__(self, other: Money) -> Money:
        """Return the difference; both must be in the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.currency, ARITHMETIC.subtract(self.amount, self._same_currency(other)))

    def __neg__(self) -> Money:
        """Return the amount with the opposite sign."""
        return Money(self.currency, ARITHMETIC.minus(self.amount))

    def __str__(self) -> str:
        """Return the amount with thousands separators, then the currency."""
        return f"{self.amount:,f} {self.currency}"

    def __repr__(self) -> str:
        """Return the money as code."""
        return f"Money({self.currency!r}, {str(self.amount)!r})"

    def _same_currency(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise InvalidArgument(
                f"{other} cannot be added to {self.currency}.", remedy="Convert with broker.fx.get_fx_prices first."
            )
        return other.amount
