"""Opens the plugin: builds the connection, the components that use it, and the domain objects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import partial

import attrs

from brokerkit.errors import InvalidOrder
from brokerkit.plugins.ib.capital import IBCapital
from brokerkit.plugins.ib.clients.accounting import AccountingClient
from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.clients.orders import OrdersClient
from brokerkit.plugins.ib.clients.positions import PositionsClient
from brokerkit.plugins.ib.clients.prices import PriceClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.contracts import IBContracts
from brokerkit.plugins.ib.event_delivery import EventDelivery
from brokerkit.plugins.ib.fx import IBFx
from brokerkit.plugins.ib.fx_pairs import FxPairs
from brokerkit.plugins.ib.hours_files import load_weekly_hours
from brokerkit.plugins.ib.instruments import IBInstruments
from brokerkit.plugins.ib.logins import kind_of_all
from brokerkit.plugins.ib.order_changing import OrderChanging
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.plugins.ib.order_placing import OrderPlacing
from brokerkit.plugins.ib.orders import IBOrders
from brokerkit.plugins.ib.positions import IBPositions
from brokerkit.plugins.ib.prices import IBPrices
from brokerkit.plugins.ib.reconciliation import Reconciliation
from brokerkit.plugins.ib.settings import IBSettings
from brokerkit.plugins.ib.table_files import load_fx, load_instruments
from brokerkit.plugins.ib.weekly_hours import WeeklyHours
from brokerkit.spec.lifecycle import Services, Session
from brokerkit.spec.services import Store


@attrs.frozen(eq=False, repr=False)
class IBDesk:
    """The plugin's own object, `broker.native`, for everything beyond the contract.

    Attributes:
        connection: The connection; `connection.ib` is the live IB object.
        reconciliation: Differences between IB and the journal, and the instruments locked because of them.
        fx: The domain object, with pysystemtrade's names as well as the contract's.
        prices: Likewise.
        contracts: Likewise.
        instruments: Likewise.
        capital: Likewise.
        orders: Likewise.
        positions: Likewise.
    """

    connection: IBConnection
    reconciliation: Reconciliation
    fx: IBFx
    prices: IBPrices
    contracts: IBContracts
    instruments: IBInstruments
    capital: IBCapital
    orders: IBOrders
    positions: IBPositions

    def __repr__(self) -> str:
        """Return the connection."""
        return f"<IBDesk on {self.connection}>"

    @property
    def domains(self) -> tuple[object, ...]:
        """The domain objects."""
        return self.fx, self.prices, self.contracts, self.instruments, self.capital, self.orders, self.positions

    @property
    def ib(self) -> object:
        """The client library's live IB object, safe to use from any thread."""
        return self.connection.ib

    def server_time(self) -> datetime:
        """Return the Gateway's time, aware UTC, to the second."""
        return self.connection.server_time()


def open_session(settings: IBSettings, services: Services) -> Session:
    """Connect to a Gateway or TWS and return the open session.

    Raises:
        ConfigError: A table cannot be read, or no client library is installed.
        ConnectionProblem: The Gateway cannot be reached; the error says why.
        StoreError: The store, which prevents orders from being sent twice, cannot be used.
    """
    instruments = load_instruments(settings.instruments, settings.instruments_replaced_by)
    pairs = load_fx(settings.fx_codes, settings.fx_codes_replaced_by)
    hours = load_weekly_hours(settings.trading_hours)
    with ExitStack() as resources:
        delivery = EventDelivery(services.emit, services.has_listener)
        at_the_end = resources.enter_context(ExitStack())  # runs once every event has been delivered
        resources.callback(delivery.close)
        connection = IBConnection(settings, services.store, delivery.tell)
        directory = ContractDirectory(
            ContractsClient(connection), instruments, settings.contract_age, connection.clock.recent
        )
        desk = OrderDesk(OrdersClient(connection), directory, services.store, delivery)
        at_the_end.callback(desk.finish)
        resources.callback(desk.close)
        resources.callback(connection.close_connection)
        desk.start()
        connection.send_client_id()
        reconciliation = Reconciliation(desk, services.state_folder, lock=settings.lock_on_break)
        fx_pairs = FxPairs(directory.client, pairs)
        native = _assembled(connection, directory, desk, reconciliation, fx_pairs, hours, services.store)
        connection.open()
        reconciliation.start()
        resources.callback(reconciliation.save_at_the_end)
        resources.callback(desk.begin_to_close)
        desk.prune(settings.journal_days)
        delivery.opened()
        return Session(
            domains=native.domains,
            account_kind=kind_of_all(connection.accounts),
            native=native,
            close=partial(_close, resources.pop_all()),
            state=lambda: connection.state,
            hear_out=desk.hear_out,
            data=f"{settings.gateway}, {connection.library.name} {connection.library.version}",
            forked=connection.let_go_of_socket,
        )


def _close(resources: ExitStack) -> None:
    """Close everything, unless the interpreter is exiting: the threads that would do it no longer run.

    It is then as if the process had been killed: its end closes the connection, and what was not reported is reported
    at the next start.
    """
    if not sys.is_finalizing():
        resources.close()


def _assembled(
    connection: IBConnection,
    directory: ContractDirectory,
    desk: OrderDesk,
    reconciliation: Reconciliation,
    fx_pairs: FxPairs,
    hours: Mapping[str, WeeklyHours],
    store: Callable[[], Store],
) -> IBDesk:
    """Return the plugin's own object with its domain objects, which share what they use."""
    check_lock = partial(_refuse_locked, reconciliation)
    placing = OrderPlacing(desk, directory, fx_pairs, lambda: store().journal, check_lock)
    prices = PriceClient(connection)
    accounting = AccountingClient(connection)
    capital = IBCapital(accounting)
    orders = IBOrders(desk, placing, OrderChanging(desk, directory, check_lock), accounting)
    return IBDesk(
        connection=connection,
        reconciliation=reconciliation,
        fx=IBFx(prices, fx_pairs, capital, desk, placing),
        prices=IBPrices(prices, directory),
        contracts=IBContracts(directory, hours, orders.commission_of, connection.server_time),
        instruments=IBInstruments(directory),
        capital=capital,
        orders=orders,
        positions=IBPositions(PositionsClient(connection), desk),
    )


def _refuse_locked(reconciliation: Reconciliation, instrument_code: str) -> None:
    if instrument_code not in reconciliation.locked:
        return
    reason = reconciliation.recheck().get(instrument_code)
    if reason:
        raise InvalidOrder(
            f"{instrument_code} is locked: {reason}.",
            remedy="It unlocks once the positions agree, or when you call `native.reconciliation.unlock`.",
        )
