"""The simulation's synthetic instruments are the contracts that the IB plugin trades under the same codes."""

from __future__ import annotations

import pytest

from brokerkit.plugins.ib.table_files import load_instruments
from brokerkit.plugins.sim.feeds.catalogue import RECIPES

WHAT_IT_IS = ("broker_code", "exchange", "currency", "multiplier", "price_magnifier", "asset_class")


@pytest.mark.parametrize("code", sorted(RECIPES))
def test_a_code_means_the_same_contract_in_the_simulation_and_at_ib(code: str) -> None:
    simulated, traded = RECIPES[code].facts, load_instruments().row(code).as_instrument()
    assert {name: getattr(simulated, name) for name in WHAT_IT_IS} == {
        name: getattr(traded, name) for name in WHAT_IT_IS
    }
