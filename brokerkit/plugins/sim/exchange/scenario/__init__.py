"""Scenarios: a TOML script of bars, orders and faults, with the expected event log.

A scenario is a test, a bug report and an example in one file. Only the bars have no default::

    title = "A limit order that the open has passed fills at the open"
    [contracts."GOLD/202312"]
    bars = '''
    09:00  100  101   99  100  10
    '''
    [[steps]]
    submit = "entry"
    quantity = 1
    type = "limit"
    limit = "102"
    [[steps]]
    advance = 1
    [expect]
    log = '''
    ...
    '''

`brokerkit scenario FILE` runs files and prints the differences. `docs/sim.md` describes the format.
"""

from __future__ import annotations

from brokerkit.plugins.sim.exchange.scenario.run import Run
from brokerkit.plugins.sim.exchange.scenario.script import Scenario
from brokerkit.plugins.sim.exchange.scenario.settings import contract_named

__all__ = ["Run", "Scenario", "contract_named"]
