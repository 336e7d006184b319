"""Converts the contract of an order of IB's to ours."""

from __future__ import annotations

from typing import Any

from brokerkit.errors import InvalidOrder
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.order_reading import signed_units
from brokerkit.spec.contract import FuturesContract, FxPair

Read = tuple[FuturesContract | FxPair, tuple[int, ...]]


class ContractReader:
    """Reads IB's contracts: futures, spreads of them, and currency pairs.

    A spread is resolved through its legs, because IB does not answer requests for the spread itself.
    """

    def __init__(self, directory: ContractDirectory) -> None:
        self._directory = directory

    def read(self, contract: Any, ib_order: Any, filled: float = 0.0) -> Read:
        """Return our contract and the signed quantities, one per leg.

        Raises:
            InvalidOrder: It is for something else.
            MissingContract: IB no longer has the contract.
            MissingInstrument: The instrument table has no row for it.
        """
        units = signed_units(ib_order, filled)
        if contract.secType == "FUT":
            return self._directory.by_con_id(contract.conId).contract, (units,)
        if contract.secType == "CASH":
            return FxPair(contract.symbol + contract.currency), (units,)
        if contract.secType == "BAG" and contract.comboLegs:
            return self._read_spread(contract, units)
        raise InvalidOrder(f"{contract.secType} {contract.symbol} is not a future, spread or currency pair.")

    def legs(self, contract: Any) -> dict[int, int]:
        """Return the index of each leg by IB's contract id; empty for a single contract."""
        if contract.secType != "BAG":
            return {}
        return {leg.conId: position for position, leg in enumerate(contract.comboLegs or ())}

    def leg_of_con_id(self, contract: FuturesContract) -> dict[int, int]:
        """Return the index of each leg of one of our spreads by IB's contract id.

        Raises:
            MissingContract: IB no longer has a leg.
            AmbiguousContract: Several of IB's contracts match a leg.
        """
        return {self._directory.resolve(leg).facts.con_id: position for position, leg in enumerate(contract.legs)}

    def _read_spread(self, contract: Any, units: int) -> Read:
        legs = [self._directory.by_con_id(leg.conId).contract for leg in contract.comboLegs]
        codes = {leg.instrument_code for leg in legs}
        if len(codes) != 1:
            raise InvalidOrder(f"Spreads of several instruments are not supported: {', '.join(sorted(codes))}.")
        sides = [leg.ratio if leg.action == "BUY" else -leg.ratio for leg in contract.comboLegs]
        return FuturesContract(codes.pop(), [leg.date for leg in legs]), tuple(side * units for side in sides)
