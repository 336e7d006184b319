"""One contract may have two names, its month and its expiry: which of them a proposal uses."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from brokerkit.errors import NotFound, NotSupported
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.domains import Domains


@attrs.frozen
class Names:
    """Calls contracts by the names that a proposal uses for them.

    Attributes:
        used: The contracts by the proposal's names.
    """

    used: Collection[FuturesContract | FxPair]
    _broker: Domains

    def of(self, contract: FuturesContract | FxPair) -> FuturesContract | FxPair:
        """Return the proposal's name for a contract; the contract itself when the proposal does not trade it."""
        if contract in self.used or not isinstance(contract, FuturesContract):
            return contract
        for own in self.used:
            if isinstance(own, FuturesContract) and self._may_be_one(own, contract) and self._is_one(own, contract):
                return own
        return contract

    def _may_be_one(self, own: FuturesContract, other: FuturesContract) -> bool:
        return own.instrument_code == other.instrument_code and len(own.date) != len(other.date)

    def _is_one(self, own: FuturesContract, other: FuturesContract) -> bool:
        """Ask the broker; where it does not say, a day within a month is taken for the month's contract."""
        find = self._broker.contracts.get_contract_object_with_broker_data
        try:
            return find(own).broker_id == find(other).broker_id
        except (NotFound, NotSupported):
            return own.date[:6] == other.date[:6]
