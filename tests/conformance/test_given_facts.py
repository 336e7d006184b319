"""Facts given as text on the command line."""

from __future__ import annotations

import attrs
import pytest

from brokerkit import FuturesContract
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.given_facts import read


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("contract", "CORN/202312", FuturesContract("CORN", "202312")),
        ("while_away", "3600", 3600.0),
        ("shares_account", "false", False),
        ("broker_parameters", "{hidden = true}", {"hidden": True}),
    ],
)
def test_a_fact_is_read_as_what_it_means(name: str, text: str, meant: object) -> None:
    assert read({name: text}) == {name: meant}


def test_every_fact_that_text_can_say_can_be_given() -> None:
    with pytest.raises(pytest.UsageError) as raised:
        read({"contrcat": "CORN/202312"})
    told = str(raised.value)
    assert told.startswith("No fact is called contrcat. Did you mean contract?")
    in_code_only = {"broker", "settings", "fresh", "address_settings", "harness"}
    assert all(field.name in told for field in attrs.fields(Facts) if field.name not in in_code_only)


def test_a_fact_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="--fact shares_account=no: write true or false"):
        read({"shares_account": "no"})
