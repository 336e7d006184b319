"""The positions domain at IB."""

from __future__ import annotations

from brokerkit.errors import AmbiguousInstrument, BrokerkitError, MissingAccount, MissingContract, MissingInstrument
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

        Positions in shares, in options, and in futures that the instrument table does not have are left out and listed
        in `left_out` with the reason. Any other position that cannot be named is an error, never left out.
        """
        accounts = self.ibconnection.accounts
        if account and account not in accounts:
            raise MissingAccount(f"This login has no account {account!r}.", given=account, candidates=accounts)
        positions = self._read(account)
        return sorted(positions, key=lambda each: (each.account, each.contract.instrument_code, each.contract.dates))

    def _read(self, account: str) -> list[Position]:
        self.ibconnection.require_up("the positions")
        self.ib_client.ask(self._desk.read_positions, "the positions")
        self._desk.flush()
        if self._desk.positions.book.has_doubts():  # another client's fills may explain it: IB tells them when asked
            self._desk.read_lists()
        holdings = [each for each in self._desk.positions.book.holdings() if account in ("", each.account)]
        found, left_out = [], dict(self._desk.positions.left_out)
        for holding in holdings:
            try:
                found.append(self._desk.positions.position(holding))
            except (MissingInstrument, AmbiguousInstrument) as error:
                left_out[holding.con_id] = error
            except MissingContract as error:
                raise MissingContract(
                    f"IB denies the contract with id {holding.con_id}, of which {holding.account} holds "
                    f"{holding.quantity} lots.",
                    remedy="Ask again later: during maintenance IB denies contracts that exist.",
                ) from error
        self.left_out = left_out
        return found
