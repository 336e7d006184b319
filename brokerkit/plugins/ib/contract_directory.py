"""Resolves and caches contracts: by name, by chain, and by IB's contract id."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from brokerkit.errors import AmbiguousContract, InvalidArgument, MissingContract, RequestTimedOut
from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.contract_facts import ContractFacts, ContractQuery, PriceSteps, ResolvedContract
from brokerkit.plugins.ib.contract_rules import RULES
from brokerkit.plugins.ib.instrument_table import InstrumentRow, InstrumentTable
from brokerkit.spec.contract import FuturesContract

_log = logging.getLogger(__name__)
_FALSE_200_TRIES = 2


class ContractDirectory:
    """Finds contracts at IB, and caches them by name and by IB's contract id for a limited time.

    Unknown contracts are never cached, because during maintenance IB denies contracts that exist.
    """

    def __init__(
        self,
        client: ContractsClient,
        table: InstrumentTable,
        age: float,
        now: Callable[[], datetime],
    ) -> None:
        self.client = client
        self.table = table
        self._age = timedelta(seconds=age)
        self._now = now
        self._lock = threading.Lock()
        self._by_name: dict[FuturesContract, ResolvedContract] = {}
        self._by_con_id: dict[int, ResolvedContract] = {}
        self._steps: dict[int, PriceSteps] = {}

    def resolve(self, contract: FuturesContract) -> ResolvedContract:
        """Return a single contract with IB's facts, expired or not.

        Raises:
            InvalidArgument: It is a spread.
            MissingInstrument: The table has no such instrument.
            MissingContract: IB has no such contract.
            AmbiguousContract: Several contracts match; all are named.
        """
        if contract.is_spread:
            raise InvalidArgument(f"{contract} is a spread; a single contract is required here.")
        with self._lock:
            known = self._by_name.get(contract)
        if known is not None and self._now() - known.read < self._age:
            return known
        row = self.table.row(contract.instrument_code)
        return self._remember(row, self._find(row, contract), contract)

    def chain(self, code: str, *, include_expired: bool) -> list[ResolvedContract]:
        """Return the contracts of an instrument by date, each under the name that every hook accepts.

        Raises:
            MissingInstrument: The table has no such instrument.
            MissingContract: IB has no contract of it.
        """
        row = self.table.row(code)
        found = self._own(row, self._ask(row, "", include_expired=include_expired))
        if not include_expired:
            today = self._now().date()
            found = [facts for facts in found if facts.expiry is not None and facts.expiry.day >= today]
        if not found:
            raise MissingContract(f"IB has no contract of {code}.", remedy="Check its row in the instrument table.")
        named = [(self._name(row, facts, found), facts) for facts in found]
        return sorted((self._remember(row, facts, name) for name, facts in named), key=lambda each: each.contract)

    def by_con_id(self, con_id: int) -> ResolvedContract:
        """Return the contract with an id of IB's, under our name for it.

        Raises:
            MissingContract: IB does not have the id, or it is not a future.
            MissingInstrument: The table has no row for it.
            AmbiguousInstrument: The table has several rows for it.
        """
        with self._lock:
            known = self._by_con_id.get(con_id)
        if known is not None:
            return known
        found = self.client.listings(ContractQuery(con_id=con_id))  # expired, too
        if not found or found[0].security_type != "FUT":
            raise MissingContract(f"IB has no future with contract id {con_id}.")
        facts = found[0]
        row = self.table.row_of_contract(
            facts.symbol, {facts.exchange, *facts.valid_exchanges}, facts.multiplier, facts.currency
        )
        named = self._named(row, facts)
        if named is not None:  # resolved at its row's exchange, which takes precedence over any other
            return named
        at_own = next((each for each in found if each.exchange == row.exchange), facts)
        return self._remember(row, at_own, FuturesContract(row.code, self._day(facts)))

    def known(self, con_id: int) -> ResolvedContract | None:
        """Return a cached contract, without a request to IB; None if it is not cached."""
        with self._lock:
            return self._by_con_id.get(con_id)

    # Finding

    def _find(self, row: InstrumentRow, contract: FuturesContract) -> ContractFacts:
        date = contract.date
        by_month = len(date) == 6
        found = _of_date(self._ask(row, date, include_expired=True), date)
        if not found:  # named by a month other than that of its expiry, or falsely denied
            found = _of_date(self._ask(row, "", include_expired=True), date)
        own = self._own(row, found) if by_month else found
        if len(own) == 1:
            return own[0]
        if not own:
            raise MissingContract(
                f"IB has no contract {contract} ({row.symbol} at {row.exchange}).",
                remedy="List the instrument's contract dates, or check its row in the instrument table.",
                candidates=[_describe(each) for each in found],
            )
        raise AmbiguousContract(
            f"{len(own)} of IB's contracts match {contract}: {', '.join(map(_describe, own))}.",
            candidates=[f"{each.expiry.day:%Y%m%d}" for each in own if each.expiry],
            remedy="Name it by its expiry, YYYYMMDD, or set a contract_rule for the instrument in the table.",
        )

    def _ask(self, row: InstrumentRow, date: str, *, include_expired: bool) -> list[ContractFacts]:
        query = ContractQuery(
            symbol=row.symbol,
            exchange=row.exchange,
            currency=row.currency,
            multiplier=row.multiplier_text,
            date=date,
            include_expired=include_expired,
        )
        for _ in range(1 if date else _FALSE_200_TRIES):
            found = self.client.details(query)
            if found:
                return found
        return []

    def _own(self, row: InstrumentRow, found: Iterable[ContractFacts]) -> list[ContractFacts]:
        """Leave out weeklies and dailies that share a month with the monthly contract."""
        rule = RULES.get(row.contract_rule)
        return [facts for facts in found if facts.expiry and (rule is None or rule(facts.as_candidate))]

    # Naming

    def _named(self, row: InstrumentRow, facts: ContractFacts) -> ResolvedContract | None:
        """Return the contract cached under the month or the expiry of IB's, if it is the same one."""
        try:
            named = self.resolve(FuturesContract(row.code, self._month(facts)))
        except (AmbiguousContract, MissingContract):
            named = None
        if named is None or named.facts.con_id != facts.con_id:
            with self._lock:
                named = self._by_name.get(FuturesContract(row.code, self._day(facts)))
        return named if named is not None and named.facts.con_id == facts.con_id else None

    def _name(self, row: InstrumentRow, facts: ContractFacts, chain: list[ContractFacts]) -> FuturesContract:
        month = self._month(facts)
        alone = sum(self._month(other) == month for other in chain) == 1
        return FuturesContract(row.code, month if alone else self._day(facts))

    def _month(self, facts: ContractFacts) -> str:
        return facts.contract_month or self._day(facts)[:6]

    def _day(self, facts: ContractFacts) -> str:
        if facts.expiry is None:
            raise MissingContract(f"IB reports no expiry for {facts.local_symbol}.")
        return f"{facts.expiry.day:%Y%m%d}"

    # Caching

    def _remember(self, row: InstrumentRow, facts: ContractFacts, name: FuturesContract) -> ResolvedContract:
        filled = attrs.evolve(
            row, currency=row.currency or facts.currency, multiplier=row.multiplier or facts.multiplier
        )
        resolved = ResolvedContract(name, filled, facts, self._steps_of(facts), self._now())
        with self._lock:
            self._by_name[name] = resolved
            shorter = self._by_con_id.get(facts.con_id)
            if shorter is None or len(name.date) <= len(shorter.contract.date):
                self._by_con_id[facts.con_id] = resolved
        return resolved

    def _steps_of(self, facts: ContractFacts) -> PriceSteps:
        """Return a contract's price increments; its smallest alone, this time, where IB does not tell the rule."""
        rule_id = facts.market_rule_id()
        if not rule_id:
            return self.client.price_steps(facts)
        if rule_id not in self._steps:
            try:
                self._steps[rule_id] = self.client.price_steps(facts)
            except RequestTimedOut as error:
                _log.warning("IB's own check has to do for prices of %s: %s", facts.local_symbol, error)
                return PriceSteps(((Decimal(0), facts.min_tick),))
        return self._steps[rule_id]


def _of_date(found: Iterable[ContractFacts], date: str) -> list[ContractFacts]:
    if len(date) == 8:
        return [facts for facts in found if facts.expiry and f"{facts.expiry.day:%Y%m%d}" == date]
    return [
        facts
        for facts in found
        if (facts.contract_month or (f"{facts.expiry.day:%Y%m}" if facts.expiry else "")) == date
    ]


def _describe(facts: ContractFacts) -> str:
    expiry = f" expiring {facts.expiry.day}" if facts.expiry else ""
    return f"{facts.local_symbol}{expiry}"
