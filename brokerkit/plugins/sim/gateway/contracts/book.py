"""Every contract of the gateway, and lookup by a client's description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed, contract_number, market_rule_of
from brokerkit.spec.contract import FuturesContract, FxPair

KEPT_AFTER_EXPIRY = timedelta(days=730)
"""How long after its expiry a contract is still found, if expired ones are requested."""

_MAX_CACHED = 1024
"""The most lookups cached."""

_MAX_CACHED_LENGTH = 32
"""The longest date and multiplier of a cached lookup. Only these can vary without limit, and no client may fill the
memory.
"""

_NO_STRIKE = ("", "0", "?")


def _same_number(ours: str, asked: str) -> bool:
    try:
        return not asked or Decimal(asked) == Decimal(ours or 1)
    except ArithmeticError:
        return False


def _trades_at(listed: Listed, exchange: str) -> bool:
    """Return whether a contract trades on an exchange; blank is any. `SMART` does not route futures."""
    return exchange in ("", listed.card.exchange) or (exchange == "SMART" and not listed.is_future)


def matches(listed: Listed, asked: Contract) -> bool:
    """Return whether a contract matches a client's description; blank fields match anything.

    Besides a contract id only the exchange counts: where the contract is to be traded.
    """
    if asked.con_id:
        return asked.con_id == listed.con_id and _trades_at(listed, asked.exchange)
    return (
        (not asked.sec_type or listed.sec_type in asked.sec_type.split("+"))
        and asked.symbol in ("", listed.card.symbol)
        and asked.currency in ("", listed.terms.currency)
        and _trades_at(listed, asked.exchange)
        and _trades_at(listed, asked.primary_exchange)
        and asked.local_symbol in ("", listed.local_symbol)
        and asked.trading_class in ("", listed.trading_class)
        and listed.has_date(asked.last_trade_date)
        and _same_number(listed.multiplier, asked.multiplier)
        and not asked.strike
        and asked.right in _NO_STRIKE
    )


@attrs.define
class ContractBook:
    """Contracts by contract id, by symbol, and by the exchange's contract."""

    _by_number: dict[int, Listed] = attrs.field(factory=dict, init=False)
    _by_symbol: dict[str, list[Listed]] = attrs.field(factory=dict, init=False)
    _by_contract: dict[FuturesContract | FxPair, Listed] = attrs.field(factory=dict, init=False)
    _rules: dict[int, Decimal] = attrs.field(factory=dict, init=False)
    _matching: dict[Contract, list[Listed]] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, terms: Iterable[tuple[ContractTerms, InstrumentCard]]) -> ContractBook:
        """Return a book of contracts with their instrument cards."""
        book = cls()
        for each, card in terms:
            book.add(each, card)
        return book

    def add(self, terms: ContractTerms, card: InstrumentCard, *, since: datetime | None = None) -> Listed:
        """Add a contract, found from a given time on or always, and return it as listed."""
        number = contract_number(str(terms.contract))
        while number in self._by_number:
            number += 1
        listed = Listed(number, terms, card, since)
        self._by_number[number] = listed
        self._by_symbol.setdefault(card.symbol, []).append(listed)
        self._by_contract[terms.contract] = listed
        self._rules[market_rule_of(terms.tick_size)] = terms.tick_size
        self._matching.clear()
        return listed

    def find(self, asked: Contract, now: datetime, *, include_expired: bool = False) -> list[Listed]:
        """Return the contracts that match a client's description, the earliest expiry first.

        Args:
            asked: The client's description; blank fields match anything.
            now: The exchange's time.
            include_expired: Whether to include contracts that expired in the last two years.
        """
        matching = self._matching.get(asked) or self._match(asked)
        return [listed for listed in matching if self._is_found(listed, now, include_expired=include_expired)]

    def _match(self, asked: Contract) -> list[Listed]:
        found = [listed for listed in self._candidates(asked) if matches(listed, asked)]
        found.sort(key=lambda listed: (listed.card.symbol, listed.last_trade_date, listed.con_id))
        if found and not asked.con_id and len(asked.last_trade_date) + len(asked.multiplier) <= _MAX_CACHED_LENGTH:
            if len(self._matching) >= _MAX_CACHED:
                self._matching.clear()
            self._matching[asked] = found
        return found

    def _candidates(self, asked: Contract) -> Iterable[Listed]:
        if asked.con_id:
            found = self._by_number.get(asked.con_id)
            return [found] if found else []
        return self._by_symbol.get(asked.symbol, []) if asked.symbol else self._by_number.values()

    @staticmethod
    def _is_found(listed: Listed, now: datetime, *, include_expired: bool) -> bool:
        expiry = listed.terms.expiry
        if listed.since is not None and now < listed.since:
            return False
        if expiry is None or now < expiry:
            return True
        return include_expired and now - expiry <= KEPT_AFTER_EXPIRY

    def of_contract(self, contract: FuturesContract | FxPair) -> Listed:
        """Return the listed contract of an exchange's contract."""
        return self._by_contract[contract]

    def by_number(self, con_id: int) -> Listed | None:
        """Return the contract with a contract id, or None."""
        return self._by_number.get(con_id)

    def price_step(self, rule: int) -> Decimal | None:
        """Return the price increment of a market rule, or None if there is no such rule."""
        return self._rules.get(rule)

    def symbols_like(self, pattern: str) -> list[InstrumentCard]:
        """Return up to 16 instruments whose symbol, or a word of whose name, starts with a pattern."""
        wanted = pattern.strip().casefold()
        if not wanted:
            return []
        cards = {(card.symbol, card.exchange): card for card in (listed.card for listed in self)}
        ranked = sorted((rank, key) for key, card in cards.items() if (rank := _rank(card, wanted)) is not None)
        return [cards[key] for _, key in ranked[:16]]

    def with_card(self, card: InstrumentCard) -> list[Listed]:
        """Return every contract of an instrument."""
        return [listed for listed in self._by_symbol.get(card.symbol, []) if listed.card == card]

    def __iter__(self) -> Iterator[Listed]:
        """Yield every contract, in the order of adding."""
        return iter(self._by_number.values())

    def __len__(self) -> int:
        """Return the number of contracts."""
        return len(self._by_number)


def _rank(card: InstrumentCard, wanted: str) -> int | None:
    symbol = card.symbol.casefold()
    if symbol == wanted:
        return 0
    if symbol.startswith(wanted):
        return 1
    return 2 if any(word.startswith(wanted) for word in card.long_name.casefold().split()) else None
