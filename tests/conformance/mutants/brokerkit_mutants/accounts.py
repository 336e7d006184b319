"""Mutants whose accounts are wrong."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from brokerkit import AccountKind, Fill, Money, Services, Session
from brokerkit.errors import MissingAccount
from brokerkit_mutants.mutant import Break, Mutant, after, answer, both

_ACCOUNTS = "get_list_of_accounts"
_VALUE = "get_account_value_across_currency"
_TOTAL = "get_account_value_across_currency_across_accounts"
_EXCESS = "get_excess_liquidity_value_across_currency"


def _zero_for_unknown(right: Callable[..., Any], account: str) -> Any:
    try:
        return right(account)
    except MissingAccount:
        return [Money("USD", 0)]


def _default_for_unknown(right: Callable[..., Any], account: str) -> Any:
    try:
        return right(account)
    except MissingAccount:
        return right("")


def _whole_on_each(fills: list[Fill]) -> list[Fill]:
    whole: dict[str, Decimal] = {}
    for fill in fills:
        whole[fill.order_ref] = whole.get(fill.order_ref, Decimal(0)) + (
            fill.commission.amount if fill.commission else 0
        )
    return [
        attrs.evolve(fill, commission=fill.commission and Money(fill.commission.currency, whole[fill.order_ref]))
        for fill in fills
    ]


def _in_euros(values: list[Money]) -> list[Money]:
    return [Money("EUR", value.amount) for value in values]


def _all_of(spoil: Callable[[list[Money]], list[Money]]) -> Break:
    return both(*(after(hook, spoil) for hook in (_VALUE, _TOTAL, _EXCESS)))


def _all_is_free(session: Session, services: Services) -> Session:
    capital: Any = next(domain for domain in session.domains if hasattr(domain, _VALUE))
    wrong = answer(_EXCESS, lambda right, account: capital.get_account_value_across_currency(account))
    return wrong(session, services)


def _doubled(values: list[Money]) -> list[Money]:
    return [value + value for value in values]


MUTANTS = (
    Mutant(
        "zero_for_unknown_account", "test_088_a_failing_balance_call_fails_each_time", answer(_VALUE, _zero_for_unknown)
    ),
    Mutant(
        "default_for_unknown_account", "test_087_unknown_accounts_are_refused", answer(_EXCESS, _default_for_unknown)
    ),
    Mutant("total_counted_twice", "test_083_accounts_add_up", after(_TOTAL, _doubled)),
    Mutant("currency_listed_twice", "test_089_cash_is_counted_once", after(_VALUE, lambda values: values + values)),
    Mutant("more_free_than_there_is", "test_080_value_is_what_is_free_and_what_is_used", after(_EXCESS, _doubled)),
    Mutant(
        "account_listed_twice",
        "test_090_accounts_have_an_id_and_a_kind",
        after(_ACCOUNTS, lambda accounts: accounts * 2),
    ),
    Mutant(
        "kind_that_accounts_deny",
        "test_008_says_whether_money_is_at_stake",
        after(_ACCOUNTS, lambda them: [attrs.evolve(each, kind=AccountKind.PAPER) for each in them]),
    ),
    Mutant("no_cash", "test_079_there_is_cash", after("get_fx_balances", lambda balances: [])),
    Mutant("value_in_another_currency", "test_089_cash_is_counted_once", _all_of(_in_euros)),
    Mutant("value_doubled_everywhere", "test_089_cash_is_counted_once", _all_of(_doubled)),
    Mutant("free_in_another_currency", "test_080_value_is_what_is_free_and_what_is_used", after(_EXCESS, _in_euros)),
    Mutant("no_margin_in_use", "test_086_margin_is_positive_and_in_order", _all_is_free),
    Mutant(
        "whole_commission_on_each_part",
        "test_085_each_part_pays_for_its_own_lots",
        after("get_list_of_fills", _whole_on_each),
    ),
    Mutant(
        "base_currency_in_small_letters",
        "test_090_accounts_have_an_id_and_a_kind",
        after(_ACCOUNTS, lambda them: [attrs.evolve(each, base_currency=each.base_currency.lower()) for each in them]),
    ),
    Mutant("accounts_as_a_tuple", "test_010_results_are_of_the_declared_types", after(_ACCOUNTS, tuple)),
)
