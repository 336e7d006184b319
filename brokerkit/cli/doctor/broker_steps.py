"""The steps on the opened broker: connection, account, data, clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from brokerkit.cli.demo.looking import liked_first
from brokerkit.cli.doctor.finding import Finding, note, ok
from brokerkit.cli.output import moment
from brokerkit.errors import NotFound
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.events import ConnectionState

if TYPE_CHECKING:
    from brokerkit import Broker

_TOLERABLE_SKEW = 2.0
_SIMULATED_SKEW = 86_400.0
_OLD_DAYS = 5
_LOOKED_AT = 5


@runtime_checkable
class TellsTime(Protocol):
    """A plugin's own object that can ask the broker what time it is."""

    def server_time(self) -> datetime:
        """Return the broker's clock, aware UTC."""
        ...


def connection(broker: Broker, seconds: float) -> Iterator[Finding]:
    """Say whether the broker can be reached, and what of the contract it declines."""
    says = f"{broker.state.value} in {seconds:.2f} s; prices from {broker.data or 'the broker'}"
    if broker.state is ConnectionState.CONNECTED:
        yield ok("connection", says)
    else:
        yield note("connection", f"{broker.state.value}.", "Wait, or check the broker's own program.")
    declined = {hook: each.reason for hook, each in broker.capabilities().items() if not each}
    if declined:
        yield ok("contract", f"declines {len(declined)} of {len(broker.capabilities())} hooks", **declined)


def account(broker: Broker) -> Iterator[Finding]:
    """Say which accounts there are, and whether orders would be sent."""
    accounts = broker.capital.get_list_of_accounts()
    kinds = ", ".join(f"{each.account_id} ({each.kind.value}, {each.base_currency})" for each in accounts)
    yield ok("account", kinds)
    if broker.read_only:
        yield note(
            "account",
            "Orders are refused: the broker is read-only.",
            "Set read_only = false in its section to allow them.",
        )
    elif broker.account_kind is AccountKind.LIVE:
        yield note(
            "account", "Orders are sent, to a live account.", "Set read_only = true in its section to refuse them."
        )


def data(broker: Broker) -> Iterator[Finding]:
    """Say how many instruments have prices, or pairs where there are none, and how old the newest of one is."""
    if not broker.supports("get_instruments_with_price_data") and broker.supports("get_list_of_fxcodes"):
        yield from _rates(broker)
        return
    codes = broker.prices.get_instruments_with_price_data()
    if not codes:
        yield note("data", "No instrument has prices.", "Check the data folder, or the broker's subscriptions.")
        return
    looked_at = liked_first(codes)[:_LOOKED_AT]
    try:
        contract, newest = _newest_bar(broker, looked_at)
    except NotFound as error:
        yield note("data", f"None of {', '.join(looked_at)} has daily bars: {error.fact}", error.remedy)
        return
    yield ok("data", f"{len(codes)} instruments with prices; newest daily bar of {contract}: {newest:%Y-%m-%d}")
    age = (_now(broker) - newest).days
    if age > _OLD_DAYS and broker.account_kind is not AccountKind.SIMULATED:
        yield note("data", f"That bar is {age} days old.", "Check the market-data subscription.")


def _rates(broker: Broker) -> Iterator[Finding]:
    pairs = broker.fx.get_list_of_fxcodes()
    if not pairs:
        yield note("data", "No currency pair has rates.", "Check the broker's subscriptions.")
        return
    newest = broker.fx.get_fx_prices(pairs[0]).index[-1]
    yield ok("data", f"{len(pairs)} currency pairs with rates; newest rate of {pairs[0]}: {newest:%Y-%m-%d}")


def _newest_bar(broker: Broker, codes: Sequence[str]) -> tuple[FuturesContract, datetime]:
    """Return the front contract of the first instrument that has daily bars, and the time of its newest one.

    Raises:
        NotFound: None of them has; the last reason.
    """
    failures = []
    for code in codes:
        try:
            dates = broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
            contract = FuturesContract(code, dates[0])
            return contract, broker.prices.get_prices_for_contract_object(contract).index[-1]
        except NotFound as error:
            failures.append(error)
    raise failures[-1]


def clock(broker: Broker) -> Iterator[Finding]:
    """Compare this machine's clock with the broker's."""
    if broker.account_kind is AccountKind.SIMULATED and not isinstance(broker.native, TellsTime):
        yield ok("clock", "simulated: there is nothing to compare it with")
        return
    if not isinstance(broker.native, TellsTime):
        yield note("clock", "This plugin does not report the broker's time.")
        return
    theirs, ours = broker.native.server_time(), datetime.now(timezone.utc)
    skew = (theirs - ours).total_seconds()
    if abs(skew) <= _TOLERABLE_SKEW:
        yield ok("clock", f"{abs(skew):.1f} s from the broker's")
    elif abs(skew) > _SIMULATED_SKEW:
        yield note(
            "clock", f"The broker's clock shows {moment(theirs)}: it is a simulated one, or this machine's is wrong."
        )
    else:
        direction = "behind" if skew > 0 else "ahead of"
        yield note("clock", f"This machine is {abs(skew):.1f} s {direction} the broker.", "Synchronise it with NTP.")


def _now(broker: Broker) -> datetime:
    """Return the time at the broker, where its plugin tells it; else this machine's."""
    return broker.native.server_time() if isinstance(broker.native, TellsTime) else datetime.now(timezone.utc)
