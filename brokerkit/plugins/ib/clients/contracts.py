"""Contract requests: contract details and price increments."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from brokerkit.errors import MissingContract, MissingData
from brokerkit.plugins.ib.clients.client import IBClient
from brokerkit.plugins.ib.contract_facts import ContractFacts, ContractQuery, PriceSteps
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.times import expiry_from
from brokerkit.plugins.ib.zones import zone_of_last_trade

_RULE_TIMEOUT = 10.0


class ContractsClient(IBClient):
    """Requests contracts from IB."""

    def details(self, query: ContractQuery) -> list[ContractFacts]:
        """Return every contract that matches a query, once each; empty if IB has none.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The connection is down.
        """
        first: dict[int, ContractFacts] = {}
        for facts in self.listings(query):
            first.setdefault(facts.con_id, facts)
        return list(first.values())

    def listings(self, query: ContractQuery) -> list[ContractFacts]:
        """Return the same, but once per exchange that lists a contract if the query names no exchange."""
        what = f"the contract details of {query.symbol or query.con_id} {query.date}".rstrip()
        try:
            found = self.ask(lambda ib: ib.reqContractDetailsAsync(self._contract(query)), what)
        except MissingContract:
            return []
        return [_facts(each) for each in found]

    def price_steps(self, facts: ContractFacts) -> PriceSteps:
        """Return a contract's price increments, from its exchange's market rule where IB has one.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The connection is down.
        """
        rule_id = facts.market_rule_id()
        rule = self._market_rule(rule_id) if rule_id else None
        steps = tuple(sorted((Decimal(str(step.lowEdge)), _exact(step.increment)) for step in rule or ()))
        return PriceSteps(steps or ((Decimal(0), facts.min_tick),))

    def _market_rule(self, rule_id: int) -> list[Any]:
        """Request a market rule; the library's own method gives up silently after a second, or when called twice."""
        key = f"marketRule-{rule_id}"

        async def ask(ib: Any) -> list[Any]:
            answered = ib.wrapper.startReq(key)
            ib.client.reqMarketRule(rule_id)
            rule: list[Any] = await answered
            return rule

        return self.ask(
            lambda ib: self.ib_connection.shared(key, partial(ask, ib)),
            f"market rule {rule_id}",
            min(_RULE_TIMEOUT, self.ib_connection.settings.request_timeout / 2),
        )

    def contract_of(self, facts: ContractFacts) -> Any:
        """Return the library's contract object for known facts.

        It names no last day: its id is enough, and IB refuses an order that names a wrong one (478).
        """
        return self.new(
            "Contract",
            conId=facts.con_id,
            secType=facts.security_type,
            symbol=facts.symbol,
            exchange=facts.exchange,
            currency=facts.currency,
            localSymbol=facts.local_symbol,
            tradingClass=facts.trading_class,
            multiplier="" if facts.multiplier is None else f"{facts.multiplier:f}",
        )

    def _contract(self, query: ContractQuery) -> Any:
        return self.new(
            "Contract",
            conId=query.con_id,
            secType=query.security_type,
            symbol=query.symbol,
            exchange=query.exchange,
            currency=query.currency,
            multiplier=query.multiplier,
            lastTradeDateOrContractMonth=query.date,
            includeExpired=query.include_expired and query.security_type == "FUT",
        )


def _facts(details: Any) -> ContractFacts:
    contract = details.contract
    date_text = f"{contract.lastTradeDateOrContractMonth} {details.lastTradeTime}".strip()
    zone = zone_of_last_trade(contract.exchange, details.timeZoneId).key
    tick = price_from(details.minTick)
    if tick is None or tick <= 0:
        raise MissingData(f"IB reports no tick size for {contract.localSymbol}.")
    return ContractFacts(
        con_id=contract.conId,
        symbol=contract.symbol,
        security_type=contract.secType,
        exchange=contract.exchange,
        currency=contract.currency,
        multiplier=Decimal(contract.multiplier) if contract.multiplier else None,
        local_symbol=contract.localSymbol,
        trading_class=contract.tradingClass,
        contract_month=details.contractMonth,
        expiry=expiry_from(date_text, zone) if date_text else None,
        min_tick=_exact(details.minTick),
        price_magnifier=Decimal(details.priceMagnifier or 1),
        zone_id=details.timeZoneId,
        hours_text=details.tradingHours,
        market_rule_ids=tuple(int(each) for each in details.marketRuleIds.split(",") if each),
        valid_exchanges=tuple(details.validExchanges.split(",")),
        long_name=details.longName,
    )


def _exact(value: float) -> Decimal:
    return Decimal(str(value)).normalize()
