"""Currency pairs at IB: those that it quotes, and how others are derived from them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import attrs

from brokerkit.errors import MissingContract, MissingFxCode
from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.contract_facts import ContractFacts, ContractQuery
from brokerkit.plugins.ib.instrument_table import FxRow, FxTable
from brokerkit.spec.contract import FxPair

_EXCHANGE = "IDEALPRO"


@attrs.frozen
class Quoted:
    """A pair that IB quotes, as a factor of a derived rate.

    Attributes:
        base: Its first currency.
        quote: Its second currency.
        inverted: Whether the factor is one over its rate.
    """

    base: str
    quote: str
    inverted: bool = False


class FxPairs:
    """The currency pairs in the table, each resolved once at IB."""

    def __init__(self, client: ContractsClient, table: FxTable) -> None:
        self.table = table
        self._client = client
        self._lock = threading.Lock()
        self._facts: dict[tuple[str, str], ContractFacts] = {}
        self._quoted = {frozenset((row.base, row.quote)): (row.base, row.quote) for row in table.rows()}
        self._iso = {ours: iso for row in table.rows() for ours, iso in _names(row) if ours != iso}

    def currencies(self) -> set[str]:
        """Return every currency in the table, under IB's name and under the table's own, such as MXP."""
        return {currency for pair in self._quoted for currency in pair} | set(self._iso)

    def path(self, pair: FxPair) -> list[Quoted]:
        """Return the quoted pairs whose rates multiply to a pair's rate: none if both currencies are the same.

        Raises:
            MissingFxCode: The pair can be derived neither from one quoted pair nor from two.
        """
        base, quote = (self._iso.get(currency, currency) for currency in (pair.base, pair.quote))
        if base == quote:
            return []
        direct = self._step(base, quote)
        if direct is not None:
            return [direct]
        for middle in sorted(self.currencies(), key=lambda currency: (currency != "USD", currency)):
            first, second = self._step(base, middle), self._step(middle, quote)
            if first is not None and second is not None:
                return [first, second]
        raise MissingFxCode(
            f"No one or two pairs that IB quotes convert {pair.base} to {pair.quote}.",
            given=pair.code,
            candidates=self.table.codes(),
        )

    def contract(self, pair: FxPair) -> Any:
        """Return the library's contract for a pair, which must be quoted directly.

        Raises:
            MissingFxCode: IB does not quote the pair in this direction.
        """
        ordered = self._quoted.get(frozenset((pair.base, pair.quote)))
        if ordered is None or ordered != (pair.base, pair.quote):
            raise MissingFxCode(
                f"IB does not trade {pair.code}.",
                given=pair.code,
                candidates=["".join(each) for each in self._quoted.values()],
                remedy=f"Trade {''.join(ordered)} instead." if ordered else "Trade two pairs that combine to it.",
            )
        return self._client.contract_of(self.facts(*ordered))

    def facts(self, base: str, quote: str) -> ContractFacts:
        """Return IB's facts about a pair that it quotes.

        Raises:
            MissingFxCode: IB does not have the pair.
        """
        with self._lock:
            known = self._facts.get((base, quote))
        if known is not None:
            return known
        query = ContractQuery(base, _EXCHANGE, quote, security_type="CASH", include_expired=False)
        try:
            found = self._client.details(query)
        except MissingContract:
            found = []
        if len(found) != 1:
            raise MissingFxCode(f"IB has {len(found)} pairs {base}.{quote} at {_EXCHANGE}.", given=base + quote)
        with self._lock:
            self._facts[(base, quote)] = found[0]
        return found[0]

    def _step(self, base: str, quote: str) -> Quoted | None:
        ordered = self._quoted.get(frozenset((base, quote)))
        return None if ordered is None else Quoted(*ordered, inverted=ordered != (base, quote))


def _names(row: FxRow) -> Iterator[tuple[str, str]]:
    """Yield each currency of a pair under the code's name and under IB's."""
    theirs = (row.quote, row.base) if row.inverted else (row.base, row.quote)
    return zip((row.code[:3], row.code[3:]), theirs, strict=True)
