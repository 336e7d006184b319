"""Contracts found by what a client says of them, also when it has asked the same before."""

from __future__ import annotations

from datetime import timedelta

import attrs

from brokerkit.plugins.sim.gateway import sample_market
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.spec.contract import FuturesContract

FUTURES = Contract(symbol="ES", sec_type="FUT")


def test_a_contract_listed_since_is_found_by_a_question_asked_before() -> None:
    market = sample_market(days=1)
    book, now = market.contracts, market.exchange.now
    first, *others = book.find(FUTURES, now)
    newer = attrs.evolve(first.terms, contract=FuturesContract("SP500", "202409"), expiry=None)
    listed = book.add(newer, first.card)
    assert book.find(FUTURES, now) == [first, *others, listed]


def test_a_contract_that_has_expired_is_not_found_by_a_question_asked_before() -> None:
    market = sample_market(days=1)
    book, now = market.contracts, market.exchange.now
    first, *others = book.find(FUTURES, now)
    later = now + timedelta(days=30)
    assert book.find(FUTURES, later) == others
    assert book.find(FUTURES, later, include_expired=True) == [first, *others]
    assert book.find(FUTURES, later + timedelta(days=730), include_expired=True) == others


def test_a_number_with_another_exchange_finds_nothing() -> None:
    market = sample_market(days=1)
    book, now = market.contracts, market.exchange.now
    first, *_ = book.find(FUTURES, now)
    for exchange, found in (("", [first]), ("SMART", []), ("CME", [first]), ("NYMEX", [])):
        assert book.find(Contract(con_id=first.con_id, exchange=exchange), now) == found


def test_the_sample_market_names_its_contracts_and_their_zones() -> None:
    found = {(one.card.symbol, one.card.time_zone): one.local_symbol for one in sample_market(days=1).contracts}
    assert found["GBL", "Europe/Berlin"] == "FGBLM4"
