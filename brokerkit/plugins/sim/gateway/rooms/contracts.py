"""Contract details, matching symbols, market rules, option chains."""

from __future__ import annotations

from collections.abc import Mapping

from brokerkit.plugins.sim.gateway.attributes import attribute_time, attribute_zone
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.codec.requests import contracts as requests
from brokerkit.plugins.sim.gateway.codec.responses.contracts import (
    ContractDetails,
    ContractDetailsEnd,
    MarketRule,
    OptionParametersEnd,
    PriceIncrement,
    SymbolSample,
    SymbolSamples,
)
from brokerkit.plugins.sim.gateway.codes import NO_DEFINITION, Code
from brokerkit.plugins.sim.gateway.contracts.hours import hours_text
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard, Listed, contract_number
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.rooms.room import Handler, Room
from brokerkit.plugins.sim.gateway.session import Session

ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AVGCOST,BASKET,COND,CONDORDER,DAY,DEACT,DEACTDIS,DEACTEOD,GAT,GTC,GTD,GTT,"
    "IOC,LIT,LMT,MIT,MKT,MOC,LOC,NONALGO,OCA,OPG,SCALE,STP,STPLMT,TRAIL,WHATIF"
)
SECURITY_TYPES = frozenset(
    {
        *("", "FUT", "FUT+CONTFUT", "CASH", "STK", "IND", "OPT", "FOP", "CFD", "BOND", "CONTFUT", "FUND", "CMDTY"),
        *("WAR", "IOPT", "NEWS", "CRYPTO", "BILL"),
    }
)
"""IB's security types; only futures and currency pairs are simulated."""


class ContractRoom(Room):
    """Serves contract details, symbol searches, market rules and option chains."""

    def handlers(self) -> Mapping[type, Handler]:
        """Return the handler of each request class."""
        return {
            requests.ContractDetailsRequest: self._details,
            requests.MatchingSymbolsRequest: self._symbols,
            requests.MarketRuleRequest: self._rule,
            requests.OptionParametersRequest: self._options,
        }

    def _details(self, session: Session, request: requests.ContractDetailsRequest) -> None:
        asked = request.contract
        if not asked.con_id and asked.sec_type not in SECURITY_TYPES:
            raise invalid("Please enter a valid security type", "bD")
        found = self.gateway.find(asked, include_expired=request.include_expired)
        if not found:
            raise RefusedError(Code.NO_CONTRACT, NO_DEFINITION)
        for listed in found:
            session.send(self._describe(request.req_id, listed))
        session.send(ContractDetailsEnd(request.req_id))

    def _describe(self, req_id: int, listed: Listed) -> ContractDetails:
        card, terms = listed.card, listed.terms
        zone, zone_name = attribute_zone(card.time_zone, self.gateway.settings)
        hours = hours_text(terms.sessions, self.gateway.now, zone)
        return ContractDetails(
            req_id,
            contract=listed.wire,
            last_trade=self._last_trade(listed),
            market_name=listed.trading_class,
            min_tick=float(terms.tick_size),
            order_types=ORDER_TYPES,
            valid_exchanges=card.exchange,
            price_magnifier=int(terms.price_magnifier),
            under_con_id=contract_number(card.code) if listed.is_future else 0,
            long_name=card.long_name,
            contract_month=listed.contract_month,
            industry=card.industry,
            time_zone=zone_name,
            trading_hours=hours,
            liquid_hours=hours,
            aggregated_group=2147483647 if listed.is_future else 4,
            under_symbol=card.symbol if listed.is_future else "",
            under_sec_type="IND" if listed.is_future else "",
            market_rule_ids=str(listed.market_rule),
            real_expiration_date=listed.last_trade_date,
        )

    def _last_trade(self, listed: Listed) -> str:
        expiry = listed.terms.expiry
        if expiry is None:
            return listed.last_trade_date
        return attribute_time(expiry, listed.card.time_zone, self.gateway.settings)

    def _symbols(self, session: Session, request: requests.MatchingSymbolsRequest) -> None:
        cards = self.gateway.contracts.symbols_like(request.pattern)
        session.send(SymbolSamples(request.req_id, tuple(self._sample(card) for card in cards)))

    def _sample(self, card: InstrumentCard) -> SymbolSample:
        first = self.gateway.contracts.with_card(card)[0]
        currency = first.terms.currency
        if not first.is_future:
            return SymbolSample(first.con_id, card.symbol, "CASH", card.exchange, currency, (), card.long_name)
        number = contract_number(card.code)
        return SymbolSample(number, card.symbol, "IND", card.exchange, currency, ("FUT",), card.long_name)

    def _rule(self, session: Session, request: requests.MarketRuleRequest) -> None:
        step = self.gateway.contracts.price_step(request.rule_id)
        if step is None:
            raise invalid(f"Invalid market rule id {request.rule_id}", "bH")
        session.send(MarketRule(request.rule_id, (PriceIncrement(0.0, float(step)),)))

    def _options(self, session: Session, request: requests.OptionParametersRequest) -> None:
        """Send an empty option chain: options are not simulated."""
        known = self.gateway.find(Contract(con_id=request.con_id, symbol=request.symbol, sec_type=request.sec_type))
        if not known:
            raise RefusedError(Code.NO_CONTRACT, NO_DEFINITION)
        session.send(OptionParametersEnd(request.req_id))
