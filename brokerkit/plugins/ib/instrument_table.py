"""The tables of instruments and currency pairs: the shipped ones, extended or replaced by the user's."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from brokerkit.errors import AmbiguousInstrument, MissingFxCode, MissingInstrument
from brokerkit.spec.instruments import FuturesInstrument


@attrs.frozen
class InstrumentRow:
    """One instrument at IB.

    Attributes:
        code: Our code.
        symbol: IB's symbol.
        exchange: IB's name of the exchange.
        currency: ISO 4217 code; empty to use IB's.
        multiplier: IB's contract multiplier; None where it varies by month.
        price_magnifier: The factor of quoted prices over prices in currency.
        contract_rule: The rule that selects monthly contracts where weeklies share the month; empty for none.
        description: A description.
        asset_class: Such as `Ags`.
        place: File and line, for error messages.
    """

    code: str
    symbol: str
    exchange: str
    currency: str
    multiplier: Decimal | None
    price_magnifier: Decimal = Decimal(1)
    contract_rule: str = ""
    description: str = ""
    asset_class: str = ""
    place: str = attrs.field(default="", eq=False)

    @property
    def multiplier_text(self) -> str:
        """The multiplier in IB's format for requests: `5000`, `0.1`, or empty where it varies."""
        return "" if self.multiplier is None else f"{self.multiplier.normalize():f}"

    def as_instrument(self) -> FuturesInstrument:
        """Return the row as a FuturesInstrument, with 1 for a multiplier that varies by month."""
        return FuturesInstrument(
            code=self.code,
            broker_code=self.symbol,
            exchange=self.exchange,
            currency=self.currency or "USD",
            multiplier=self.multiplier if self.multiplier is not None else Decimal(1),
            price_magnifier=self.price_magnifier,
            description=self.description,
            asset_class=self.asset_class,
        )


@attrs.frozen
class FxRow:
    """One currency pair as IB quotes it.

    Attributes:
        code: Our code, six letters.
        base: The first currency of the pair at IB.
        quote: The second currency of the pair at IB.
        inverted: Whether our rate is one over IB's.
    """

    code: str
    base: str
    quote: str
    inverted: bool = False


class InstrumentTable:
    """Instruments by code and by IB symbol; a duplicate code or symbol raises an error when it is looked up."""

    def __init__(self, rows: Iterable[InstrumentRow]) -> None:
        self._by_code: dict[str, list[InstrumentRow]] = {}
        self._by_symbol: dict[str, list[InstrumentRow]] = {}
        for row in rows:
            self._by_code.setdefault(row.code, []).append(row)
            self._by_symbol.setdefault(row.symbol, []).append(row)

    def codes(self) -> list[str]:
        """Return our codes in alphabetical order."""
        return sorted(self._by_code)

    def rows(self) -> list[InstrumentRow]:
        """Return every row, sorted by code."""
        return [row for code in self.codes() for row in self._by_code[code]]

    def row(self, code: str) -> InstrumentRow:
        """Return an instrument's row.

        Raises:
            MissingInstrument: There is no such code; the closest is named.
            AmbiguousInstrument: The code has several rows, or another code describes the same contract.
        """
        rows = self._by_code.get(code)
        if not rows:
            raise MissingInstrument(
                f"No instrument {code!r} in the IB table.",
                given=code,
                candidates=self._by_code,
                remedy="Add a row for it to a CSV file, and set `instruments` to that file.",
            )
        return self._only(rows, f"The instrument {code!r} is described twice")

    def code_of_symbol(self, symbol: str) -> str:
        """Return our code for IB's symbol.

        Raises:
            MissingInstrument: No instrument has that symbol.
            AmbiguousInstrument: Several have it, for example a mini and a full-size contract.
        """
        rows = self._by_symbol.get(symbol)
        if not rows:
            raise MissingInstrument(
                f"No instrument has the IB symbol {symbol!r}.", given=symbol, candidates=self._by_symbol
            )
        return self._only(rows, f"Several instruments have the IB symbol {symbol!r}").code

    def row_of_contract(
        self, symbol: str, exchanges: Iterable[str], multiplier: Decimal | None, currency: str
    ) -> InstrumentRow:
        """Return the row of a contract of IB's, by symbol, multiplier, currency and any of its exchanges.

        Raises:
            MissingInstrument: No row matches.
            AmbiguousInstrument: Several rows match.
        """
        places = set(exchanges)
        rows = [
            row
            for row in self._by_symbol.get(symbol, ())
            if (row.multiplier is None or multiplier is None or row.multiplier == multiplier)
            and (not row.currency or not currency or row.currency == currency)
        ]
        here = [row for row in rows if row.exchange in places] or rows
        if not here:
            raise MissingInstrument(
                f"No row of the IB table describes {symbol!r} with multiplier {multiplier}.", given=symbol
            )
        return self._only(here, f"Several rows describe IB's {symbol!r} with multiplier {multiplier}")

    def _only(self, rows: list[InstrumentRow], fact: str) -> InstrumentRow:
        twins = list({id(twin): twin for row in rows for twin in self._same_contract(row)}.values())
        if len(twins) == 1:
            return twins[0]
        raise AmbiguousInstrument(
            f"{fact}: {', '.join(f'{row.code} ({row.place})' if row.place else row.code for row in twins)}.",
            candidates=[row.code for row in twins],
            remedy="Remove all but one of these rows, or make them differ.",
        )

    def _same_contract(self, row: InstrumentRow) -> list[InstrumentRow]:
        key = (row.exchange, row.multiplier, row.currency, row.contract_rule)
        return [
            o for o in self._by_symbol[row.symbol] if (o.exchange, o.multiplier, o.currency, o.contract_rule) == key
        ]


class FxTable:
    """Currency pairs by our code."""

    def __init__(self, rows: Iterable[FxRow]) -> None:
        self._by_code = {row.code: row for row in rows}

    def codes(self) -> list[str]:
        """Return our codes in alphabetical order."""
        return sorted(self._by_code)

    def row(self, code: str) -> FxRow:
        """Return a pair's row.

        Raises:
            MissingFxCode: The table has no such code.
        """
        if code not in self._by_code:
            raise MissingFxCode(f"No currency pair {code!r} in the IB table.", given=code, candidates=self._by_code)
        return self._by_code[code]

    def rows(self) -> list[FxRow]:
        """Return every row, sorted by code."""
        return [self._by_code[code] for code in self.codes()]
