"""Finding an instrument, a contract or a pair in a feed, with errors that suggest what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from brokerkit.errors import AmbiguousContract, InvalidArgument, MissingContract, MissingFxCode, MissingInstrument
from brokerkit.plugins.sim.feeds.feed import Feed, ListedContract
from brokerkit.plugins.sim.feeds.rates import pairs_between
from brokerkit.spec.contract import FuturesContract, FxPair


def missing_instrument(instrument_code: str, place: str, known: Iterable[str]) -> MissingInstrument:
    """Return the error for an instrument that a feed does not have."""
    return MissingInstrument(
        f"No instrument {instrument_code!r}.",
        place=place,
        given=instrument_code,
        candidates=known,
        remedy="broker.instruments.get_list_of_instruments() lists them.",
    )


def missing_fx_code(fx_code: str, place: str, known: Iterable[str]) -> MissingFxCode:
    """Return the error for a currency pair that a feed does not have."""
    return MissingFxCode(
        f"No rates for {fx_code!r}.",
        place=place,
        given=fx_code,
        candidates=known,
        remedy="broker.fx.get_list_of_fxcodes() lists the pairs.",
    )


def untraded_pair(pair: FxPair, place: str, known: Collection[str]) -> MissingFxCode:
    """Return the error for an order in a currency pair that a feed does not have, but may derive rates of."""
    instead = pairs_between(pair.base, pair.quote, known)
    if not instead:
        return missing_fx_code(pair.code, place, known)
    return MissingFxCode(
        f"{pair.code} is not traded: its rates are derived.",
        place=place,
        given=pair.code,
        remedy=f"Trade {' and '.join(instead)} instead.",
    )


def find_contract(feed: Feed, contract: FuturesContract) -> ListedContract:
    """Return the listed contract for a contract.

    A date YYYYMM means the contract of that month; a date YYYYMMDD the contract with that name in the feed, or
    the contract of that month that expires on that day.

    Raises:
        InvalidArgument: It is a spread.
        MissingInstrument: No such instrument.
        MissingContract: No such contract.
        AmbiguousContract: The month has several contracts.
    """
    if contract.is_spread:
        raise InvalidArgument(f"{contract} is a spread.", remedy="Ask for one of its legs.")
    chain = feed.contracts(contract.instrument_code)
    matches = _matches(chain, contract.dates[0])
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise AmbiguousContract(
            f"{contract} matches {len(matches)} contracts.",
            candidates=[one.contract for one in matches],
            remedy="Give the day too: " + ", ".join(one.contract.date for one in matches) + ".",
        )
    raise MissingContract(
        f"No contract {contract}.",
        place=feed.describe(),
        given=str(contract),
        candidates=[one.contract for one in chain],
        remedy=f"{contract.instrument_code} has {_span(chain)}.",
    )


def _matches(chain: Sequence[ListedContract], wanted: str) -> list[ListedContract]:
    exact = [one for one in chain if one.contract.dates[0] == wanted]
    if exact:
        return exact
    if len(wanted) == 6:
        return [one for one in chain if one.contract.dates[0].startswith(wanted)]
    return [one for one in chain if one.contract.dates[0] == wanted[:6] and f"{one.expiry:%Y%m%d}" == wanted]


def _span(chain: Sequence[ListedContract]) -> str:
    if not chain:
        return "no contracts"
    return f"{len(chain)} contracts from {chain[0].contract.date} to {chain[-1].contract.date}"
