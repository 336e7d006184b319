"""The positions domain at IB."""

from __future__ import annotations

from brokerkit.errors import BrokerkitError, MissingAccount
from brokerkit.plugins.ib.clients.positions import PositionsClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.positions import Position, Positions


class IBPositions(Positions):
    """Positions under the same contracts as orders: IB's reports, plus fills not included in them yet."""

    def __init__(self, client: PositionsClient, desk: OrderDesk) -> None:
        self.ib_client = client
        self._desk = desk
        self.left_out: dict[int, BrokerkitError] = {}

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self.ib_client.ib_connection

    @hookimpl
    def get_all_current_positions_as_list_with_contract_objects(self, account: str = "") -> list[Position]:
        """Return every open position, ordered by account, instrument and date.

        Unsupported positions, such as shares, are left out and listed in `left_out` with the reason, so that they do
        not affect the rest.
        """
        accounts = self.ibconnection.accounts
        if account and account not in accounts:
            raise MissingAccount(f"This login has no account {account!r}.", given=account, candidates=accounts)
        positions = [each for each in self._read() if not account or each.account == account]
        return sorted(positions, key=lambda each: (each.account, each.contract.instrument_code, each.contract.dates))

    def _read(self) -> list[Position]:
        self.ibconnection.require_up("the positions")
        self.ib_client.ask(self._desk.read_positions, "the positions")
        self._desk.flush()
        found, left_out = [], dict(self._desk.positions.left_out)
        for holding in self._desk.positions.book.holdings():
            try:
                found.append(self._desk.positions.position(holding))
            except BrokerkitError as error:
                left_out[holding.con_id] = error
        self.left_out = left_out
        return found
