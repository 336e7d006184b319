"""Opens the broker under test, once for a run or once for a test, and closes what it opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs
import pytest

from brokerkit import AccountKind, ConnectionState, open_broker
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.harness import ATTRIBUTE, Harness
from brokerkit.conformance.ledger import Ledger, ledger_of
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import end_run, in_lines, say
from brokerkit.conformance.recovery import LeftBehindError, take_back
from brokerkit.conformance.watch import within

if TYPE_CHECKING:
    from brokerkit import Broker

_HAS_OPENED = pytest.StashKey[bool]()
_CANNOT_BE_OPENED = "Broker {name!r} cannot be opened, so nothing can be tested.\n{problem}"
_MONEY_AT_STAKE = (
    "The suite trades on simulated and paper accounts only, and broker {name!r} calls this account {kind!r}. "
    "Nothing was sent. Run it with --level read."
)
_READ_ONLY = (
    "Broker {name!r} is read-only, so no order can be placed, and nothing was sent. "
    "Run it with --set read_only=false, or set read_only = false in its section; or run it with --level read."
)
_ONE_ACCOUNT = (
    "Several processes would trade one account at once, and none could tell which positions are its own. "
    "Nothing was sent. Run it without -n, or with --level read."
)
_LEFT_BEHIND = (
    "An interrupted run left something in this account that cannot be undone now: {problem}. "
    "Nothing has been sent since. Try again later, or correct it by hand and delete {file}."
)


class Connection:
    """The broker under test. It is opened again when a test has closed it, or lost it."""

    def __init__(self, facts: Facts, session: pytest.Session, folders: pytest.TempPathFactory) -> None:
        self.facts = facts
        self._session = session
        self._folders = folders
        self._shared: Broker | None = None
        self._market: Market | None = None
        self._latest: Market | None = None
        self._ledger: Ledger | None = None
        self._is_taken_back = False

    def open(self, **settings: Any) -> Broker:
        """Return the broker, opened anew."""
        given = {**self.facts.settings, **settings}
        opened = within(self.facts.test_timeout, lambda: open_broker(self.facts.broker, **given), "opening the broker")
        if self._ledger is not None:
            self._ledger.listen_to(opened)
        return opened

    def beside(self) -> dict[str, Any]:
        """Return the settings that open the broker once more while it is open.

        A simulation that keeps its state in a file has that file for itself: the other one gets a new file.
        """
        shared = self._shared
        is_alone = shared is not None and shared.state is not ConnectionState.CLOSED and state_of(shared)
        return {"state": self._new_file()} if is_alone else {}

    def close(self, broker: Broker) -> None:
        """Close a broker that was opened here."""
        within(self.facts.test_timeout, broker.close, "closing the broker")

    def shared(self) -> Broker:
        """Return the broker that tests share."""
        if self._session.stash.get(_HAS_OPENED, False):
            return self._opened_for_all()
        try:
            broker = self._opened_for_all()
        except (Exception, pytest.fail.Exception) as problem:  # noqa: BLE001 because any of them is told, once
            end_as_unopened(self._session, self.facts.broker, problem)
        self._session.stash[_HAS_OPENED] = True
        return broker

    def _opened_for_all(self) -> Broker:
        if self._shared is None or self._shared.state is not ConnectionState.CONNECTED:
            self.close_shared()
            self._shared = self.open()
            if self._ledger is None and self.facts.shares_account and not self._is_fresh_each_test(self._shared):
                self._ledger = ledger_of(self._shared)
                self._ledger.listen_to(self._shared)
        return self._shared

    def for_trading(self, *, keeps: bool = False) -> Broker:
        """Return the broker to trade on; a simulation that keeps nothing is opened anew for each test.

        Args:
            keeps: The test lets the broker die: where it can keep its state in a file, it is told to.
        """
        broker = self.shared()
        self.make_ready_to_trade(broker)
        if not self._is_fresh_each_test(broker):
            return broker
        return self.open(state=self._new_file()) if keeps and "state" in broker.settings else self.open()

    def _new_file(self) -> Path:
        """Return the path of a state file that is not there yet."""
        return self._folders.mktemp("state") / "state.db"

    def _is_fresh_each_test(self, broker: Broker) -> bool:
        if self.facts.fresh is not None:
            return self.facts.fresh
        return broker.account_kind is AccountKind.SIMULATED and not state_of(broker)

    def make_ready_to_trade(self, broker: Broker) -> None:
        """Refuse accounts that may not be traded, and take back what an interrupted run left in this one."""
        refuse_money_at_stake(broker, self._session)
        if broker.read_only:
            end_run(self._session, _READ_ONLY.format(name=broker.name))
        if self._is_fresh_each_test(broker):
            return
        if self.facts.shares_account and broker is self._shared:  # any other one was opened for one test
            refuse_to_share_an_account(self._session)
        if self._ledger is not None and not self._is_taken_back:
            self._is_taken_back = True
            self._take_back(broker, self._ledger)

    def _take_back(self, broker: Broker, ledger: Ledger) -> None:
        left = ledger.left()
        if not left:
            return
        try:
            done = take_back(broker, left, Market(broker, self.facts).patience)
        except LeftBehindError as problem:
            end_run(self._session, _LEFT_BEHIND.format(problem=problem, file=ledger.file))
        ledger.clear()
        say(self._session, f"An interrupted run had left orders: {'; '.join(done) or 'none was open or filled'}.")

    def settle(self, *, is_put_back: bool) -> None:
        """End a test that traded: the account is as it was, or what the test left is kept for the next run."""
        if self._ledger is not None:
            self._ledger.settle(is_put_back=is_put_back)
            if self._shared is not None and self._shared.account_kind is AccountKind.SIMULATED:
                self._market = self._latest = None  # the test may have moved its clock

    def forget(self, broker: Broker) -> None:
        """Let go of a broker that has died: the next one that is asked for is opened anew."""
        if broker is self._shared:
            self._shared = None

    def living(self, broker: Broker) -> Broker:
        """Return a broker, or the one opened in its place if it is shared and has died."""
        lives = broker is self._shared and broker.state is not ConnectionState.CLOSED
        return broker if lives or self._is_fresh_each_test(broker) else self.shared()

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


def end_as_unopened(session: pytest.Session, name: str, problem: BaseException) -> NoReturn:
    """End the whole run, because its broker cannot be opened."""
    end_run(session, _CANNOT_BE_OPENED.format(name=name, problem=in_lines(problem)))


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
    broker: Broker
    again: list[Broker] = attrs.field(factory=list)

    def __call__(self) -> Broker:
        """Return the broker, opened again after the death of what was open."""
        connection = self.another.connection
        living = connection.harness_of(self.again[-1]) if self.again else None
        (living or self.harness).die()
        connection.forget(self.broker)
        self.again.append(self.another(**state_of(self.broker)))
        return self.again[-1]


@attrs.frozen
class OpenAnother:
    """Opens the broker under test once more, beside the first."""

    connection: Connection
    opened: list[Broker] = attrs.field(factory=list)

    def __call__(self, **settings: Any) -> Broker:
        """Return the broker, opened with these settings over the facts' own."""
        self.opened.append(self.connection.open(**{**self.connection.beside(), **settings}))
        return self.opened[-1]

    def close_all(self) -> None:
        """Close what was opened."""
        while self.opened:
            self.connection.close(self.opened.pop())
