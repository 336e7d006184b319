"""Opens the broker under test, once for a run or once for a test, and closes what it opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from brokerkit import AccountKind, ConnectionState, open_broker
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.harness import ATTRIBUTE, Harness
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import end_run
from brokerkit.conformance.watch import within

if TYPE_CHECKING:
    from brokerkit import Broker

_MONEY_AT_STAKE = (
    "The suite trades on simulated and paper accounts only, and broker {name!r} calls this account {kind!r}. "
    "Nothing was sent. Run it with --level read."
)
_ONE_ACCOUNT = (
    "Several processes would trade one account at once, and none could tell its own positions. Nothing was sent. "
    "Run it without -n, or with --level read."
)


class Connection:
    """The broker under test. It is opened again when a test has closed it, or lost it."""

    def __init__(self, facts: Facts, session: pytest.Session) -> None:
        self.facts = facts
        self._session = session
        self._shared: Broker | None = None
        self._market: Market | None = None
        self._latest: Market | None = None

    def open(self, **settings: Any) -> Broker:
        """Return the broker, opened anew."""
        given = {**self.facts.settings, **settings}
        return within(self.facts.test_timeout, lambda: open_broker(self.facts.broker, **given), "opening the broker")

    def close(self, broker: Broker) -> None:
        """Close a broker that was opened here."""
        within(self.facts.test_timeout, broker.close, "closing the broker")

    def shared(self) -> Broker:
        """Return the broker that tests share."""
        if self._shared is None or self._shared.state is not ConnectionState.CONNECTED:
            self.close_shared()
            self._shared = self.open()
        return self._shared

    def for_trading(self, *, keeps: bool = False) -> Broker:
        """Return the broker to trade on; a simulation is opened anew for each test.

        Args:
            keeps: The test lets the broker die: where it can keep its state in a file, it is told to.
        """
        broker = self.shared()
        refuse_money_at_stake(broker, self._session)
        fresh = self.facts.fresh
        if fresh is None:
            fresh = broker.account_kind is AccountKind.SIMULATED
        if not fresh:
            refuse_to_share_an_account(self._session)
            return broker
        return self.open(state=Path(mkdtemp()) / "state.db") if keeps and "state" in broker.settings else self.open()

    def market_of(self, broker: Broker) -> Market:
        """Return the market of a broker: of the shared one always the same; all trade the contract found first."""
        if self._market is None or self._market.broker is not broker:
            known = next((found.found for found in (self._market, self._latest) if found and found.found), None)
            self._latest = Market(broker, self.facts, known)
            if broker is not self._shared:
                return self._latest
            self._market = self._latest
        return self._market

    def end_of_test(self, broker: Broker) -> None:
        """Close a broker that one test had for itself."""
        if broker is not self._shared:
            self.close(broker)

    def close_shared(self) -> None:
        """Close the broker that tests share."""
        shared, self._shared = self._shared, None
        if shared is not None:
            self.close(shared)

    def harness_of(self, broker: Broker) -> Harness | None:
        """Return what can break the broker, from the author's facts or from the plugin's native object."""
        if self.facts.harness is not None:
            return self.facts.harness(broker)
        make: Callable[[], Harness] | None = getattr(broker.native, ATTRIBUTE, None)
        return make() if make is not None else None


def refuse_money_at_stake(broker: Broker, session: pytest.Session) -> None:
    """End the whole run when the broker says that its account is neither simulated nor paper."""
    kinds = {broker.account_kind}
    if broker.supports("get_list_of_accounts"):
        kinds |= {account.kind for account in broker.capital.get_list_of_accounts()}
    if AccountKind.LIVE in kinds:
        end_run(session, _MONEY_AT_STAKE.format(name=broker.name, kind=AccountKind.LIVE.value))


def refuse_to_share_an_account(session: pytest.Session) -> None:
    """End the whole run when several processes would trade one account, each in the way of the others."""
    if getattr(session.config, "workerinput", {}).get("workercount", 1) > 1:
        end_run(session, _ONE_ACCOUNT)


def state_of(broker: Broker) -> dict[str, Any]:
    """Return the setting that opens a broker again on the state that it kept, where it has one."""
    kept = broker.settings.get("state")
    return {"state": kept.value} if kept is not None and kept.value else {}


@attrs.frozen
class Restart:
    """Lets the strategy's side die, and opens the broker again."""

    harness: Harness
    another: OpenAnother
    settings: Mapping[str, Any]

    def __call__(self) -> Broker:
        """Return the broker, opened again after the death of what was open."""
        self.harness.die()
        return self.another(**self.settings)


@attrs.frozen
class OpenAnother:
    """Opens the broker under test once more, beside the first."""

    connection: Connection
    opened: list[Broker] = attrs.field(factory=list)

    def __call__(self, **settings: Any) -> Broker:
        """Return the broker, opened with these settings over the facts' own."""
        self.opened.append(self.connection.open(**settings))
        return self.opened[-1]

    def close_all(self) -> None:
        """Close what was opened."""
        while self.opened:
            self.connection.close(self.opened.pop())
