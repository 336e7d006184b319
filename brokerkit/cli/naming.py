"""How contracts are written on the command line: `CORN/202312`, `EDOLLAR/202306_202309`, `GBPUSD`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import InvalidArgument
from brokerkit.spec.contract import FuturesContract, FxPair

if TYPE_CHECKING:
    from brokerkit import Broker


def contract_named(text: str) -> FuturesContract | FxPair:
    """Return the contract, the spread or the currency pair that the text names.

    Raises:
        InvalidArgument: It has none of the three forms.

    Example:
        >>> contract_named("CORN/202312"), contract_named("GBPUSD")
        (FuturesContract('CORN', '202312'), FxPair(code='GBPUSD'))
    """
    instrument, slash, date = text.partition("/")
    if slash:
        return FuturesContract(instrument, date)
    try:
        return FxPair(text)
    except InvalidArgument:
        raise InvalidArgument(
            f"{text!r} does not name a contract.",
            remedy="Write CORN/202312, EDOLLAR/202306_202309 for a spread, or GBPUSD.",
        ) from None


def futures_contract_named(text: str, broker: Broker) -> FuturesContract:
    """Return the contract that the text names; the front one when it names only an instrument.

    Raises:
        InvalidArgument: The date has a wrong form.
        MissingInstrument: No such instrument.
    """
    instrument, slash, date = text.partition("/")
    if slash:
        return FuturesContract(instrument, date)
    return FuturesContract(text, broker.contracts.get_list_of_contract_dates_for_instrument_code(text)[0])
