"""The fixtures of the suite: the broker under test, its market, a trader, and what can break it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from brokerkit.conformance.capability import decline_if_unsupported, hooks_tested, refusals_end_the_test
from brokerkit.conformance.connection import Connection, OpenAnother, Restart, end_as_unopened
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.given_facts import facts_of
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import Case, Level, case_of
from brokerkit.conformance.market import Market
from brokerkit.conformance.options import run_of
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.recorder import Recorder
from brokerkit.conformance.trader import Trader
from brokerkit.conformance.watch import within
from brokerkit.errors import BrokerkitError

if TYPE_CHECKING:
    from brokerkit import Broker

_PUTTING_BACK = 3
"""How many times as long as a test it may take to put the account back."""


@pytest.fixture(scope="session")
def facts(request: pytest.FixtureRequest) -> Iterator[Facts]:
    """Return what is known of the broker; a plugin's author may define this fixture anew in conftest.py."""
    run = run_of(request.config)
    with ExitStack() as stack:
        try:
            known = stack.enter_context(facts_of(run))
        except BrokerkitError as problem:
            end_as_unopened(request.session, run.broker, problem)
        yield known


@pytest.fixture(scope="session")
def conformance_connection(
    request: pytest.FixtureRequest, facts: Facts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """Return what opens the broker; everything is closed at the end of the run."""
    connection = Connection(facts, request.session, tmp_path_factory)
    connection.shared()
    yield connection
    connection.close_shared()


@pytest.fixture
def open_another(conformance_connection: Connection) -> Iterator[OpenAnother]:
    """Return a function that opens the broker once more; all are closed at the end of the test."""
    another = OpenAnother(conformance_connection)
    yield another
    another.close_all()


@pytest.fixture
def broker(request: pytest.FixtureRequest, conformance_connection: Connection) -> Iterator[Broker]:
    """Return the broker, opened; the test is skipped where it declines a hook that the test needs."""
    case = _case_of(request)
    trades = case is not None and case.level >= Level.TRADE
    keeps = case is not None and "restart" in case.faults
    opened = conformance_connection.for_trading(keeps=keeps) if trades else conformance_connection.shared()
    request.node.user_properties.append(("broker", f"{opened.name}\t{opened.plugin}"))
    if case is not None:
        hooks = hooks_tested(opened, case.hooks)
        request.node.user_properties.append(("hooks", " ".join(hooks)))
        decline_if_unsupported(opened, hooks)
    yield opened
    conformance_connection.end_of_test(opened)


@pytest.fixture
def market(broker: Broker, conformance_connection: Connection) -> Market:
    """Return the part of the broker's market that tests look at; found once for the broker that tests share."""
    return conformance_connection.market_of(broker)


@pytest.fixture
def events(broker: Broker) -> Iterator[Recorder]:
    """Return a listener that keeps every event from here on."""
    recorder = Recorder()
    with recorder.listen_to(broker):
        yield recorder


@pytest.fixture
def trader(market: Market, events: Recorder, conformance_connection: Connection) -> Iterator[Trader]:
    """Return a trader; whatever the test does, the account is put back as it was."""
    connection, longest = conformance_connection, conformance_connection.facts.test_timeout

    def ready() -> Trader:
        connection.make_ready_to_trade(market.broker)
        harness = connection.harness_of(market.broker)
        can_advance = harness is not None and "advance" in harness.offers
        trading = Trader(market, events, harness.advance if harness is not None and can_advance else None)
        trading.needs_open_market()
        return trading

    def put_back() -> None:
        trading.carry_on_with(connection.living(market.broker))
        trading.restore()

    with refusals_end_the_test(market.broker):
        trading = within(longest, ready, "getting ready to trade")
    yield trading
    is_put_back = False
    try:
        within(_PUTTING_BACK * longest, put_back, "putting the account back as it was")
        is_put_back = True
    finally:
        conformance_connection.settle(is_put_back=is_put_back)


@pytest.fixture
def harness(request: pytest.FixtureRequest, broker: Broker, conformance_connection: Connection) -> Iterator[Harness]:
    """Return what can break the broker; the test is skipped where it cannot do what the test needs."""
    found = conformance_connection.harness_of(broker)
    case = _case_of(request)
    if found is None:
        blocked(f"broker {broker.name!r} offers no harness")
    missing = sorted(set(case.faults if case else ()) - set(found.offers))
    if missing:
        reasons: Mapping[str, str] = getattr(found, "lacks", {})
        why = "; ".join(reasons[name] for name in missing if name in reasons)
        blocked(f"the harness does not offer {', '.join(missing)}{f': {why}' if why else ''}")
    yield found
    found.heal()


@pytest.fixture
def restart(harness: Harness, open_another: OpenAnother, broker: Broker) -> Restart:
    """Return a function that lets the strategy's side die, and opens the broker again."""
    return Restart(harness, open_another, broker)


@pytest.fixture
def rng(pytestconfig: pytest.Config) -> random.Random:
    """Return the source of a test's random choices, from the run's seed."""
    return random.Random(run_of(pytestconfig).seed)


def _case_of(request: pytest.FixtureRequest) -> Case | None:
    return case_of(getattr(request.node, "function", None))
