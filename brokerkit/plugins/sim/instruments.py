"""The instruments domain of the simulated broker."""

from __future__ import annotations

from brokerkit.errors import AmbiguousInstrument, DataFileError, MissingInstrument
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.instruments import FuturesInstrument, Instruments


def instrument_of(simulation: Simulation, instrument_code: str) -> FuturesInstrument:
    """Return an instrument as a `FuturesInstrument`."""
    facts = simulation.facts(instrument_code)
    return FuturesInstrument(
        code=facts.code,
        broker_code=facts.broker_code,
        exchange=facts.exchange,
        currency=facts.currency,
        multiplier=facts.multiplier,
        price_magnifier=facts.price_magnifier,
        description=facts.description,
        asset_class=facts.asset_class,
    )


class SimInstruments(Instruments):
    """The instruments in the simulation's data, with the symbols that a real broker uses for them."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @hookimpl
    def get_list_of_instruments(self) -> list[str]:
        """Return brokerkit's codes of all instruments in the data."""
        return list(self._simulation.feed.instruments())

    @hookimpl
    def get_futures_instrument_object_with_broker_data(self, instrument_code: str) -> FuturesInstrument:
        """Return an instrument's facts."""
        return instrument_of(self._simulation, instrument_code)

    @hookimpl
    def get_brokers_instrument_code(self, instrument_code: str) -> str:
        """Return the broker's symbol for brokerkit's code."""
        return self._simulation.facts(instrument_code).broker_code

    @hookimpl
    def get_instrument_code_from_broker_code(self, broker_code: str) -> str:
        """Return brokerkit's code for the broker's symbol."""
        symbols, damage = self._symbols()
        matches = [code for code, symbol in symbols.items() if symbol == broker_code]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise AmbiguousInstrument(
                f"{len(matches)} instruments have the symbol {broker_code!r}.",
                candidates=matches,
                remedy=f"Use one of brokerkit's codes: {', '.join(matches)}.",
            )
        if damage is not None:  # the symbol may be the one that cannot be read
            raise damage
        raise MissingInstrument(
            f"No instrument has the symbol {broker_code!r}.", given=broker_code, candidates=symbols.values()
        )

    def _symbols(self) -> tuple[dict[str, str], DataFileError | None]:
        """Return the symbol of each instrument whose files are sound, and the first damage of the others."""
        feed, symbols, damage = self._simulation.feed, {}, None
        for code in feed.instruments():
            try:
                symbols[code] = feed.facts(code).broker_code
            except DataFileError as error:
                damage = damage or error
        return symbols, damage
