"""Facts of instruments from the tables in pysystemtrade's `config` folder."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.catalogue import RECIPES
from brokerkit.plugins.sim.feeds.csv_table import Row, read_table
from brokerkit.plugins.sim.feeds.expiry import KNOWN_RULES, ExpiryRule, days_after_the_first, last_trading_date
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts

_ONE, _ZERO = Decimal(1), Decimal(0)
_NOTHING = Row({}, "")


class ConfigTables:
    """The tables `ib_config_futures.csv`, `instrumentconfig.csv` and `rollconfig.csv`, read immediately.

    Args:
        folder: The folder with the tables. A missing table counts as empty.

    Raises:
        DataFileError: One of them is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_broker = read_table(folder / "ib_config_futures.csv", "Instrument")
        self._instruments = read_table(folder / "instrumentconfig.csv", "Instrument")
        self._rolls = read_table(folder / "rollconfig.csv", "Instrument")

    def facts(self, code: str, tick_size: Callable[[], Decimal]) -> InstrumentFacts:
        """Return an instrument's facts from the tables.

        A currency or multiplier missing from the broker's table comes from the instrument table;
        the tick size of an instrument that the package knows by name comes from the package.

        Args:
            code: The instrument.
            tick_size: Returns the tick size of any other instrument.

        Raises:
            DataFileError: No table has it, or a number is invalid.
        """
        ours, theirs = self._instruments.get(code, _NOTHING), self._at_broker.get(code, _NOTHING)
        if ours is _NOTHING and theirs is _NOTHING:
            raise DataFileError(
                f"No table has a row for {code}.",
                place=str(self._folder),
                remedy="Add it to ib_config_futures.csv and instrumentconfig.csv.",
            )
        known = RECIPES.get(code)
        return InstrumentFacts(
            code=code,
            broker_code=theirs.text("IBSymbol", code),
            exchange=theirs.text("IBExchange"),
            currency=theirs.currency("IBCurrency", "") or ours.currency("Currency", "USD"),
            multiplier=theirs.number("IBMultiplier", ours.number("Pointsize", _ONE)),
            price_magnifier=theirs.number("priceMagnifier", _ONE),
            tick_size=known.facts.tick_size if known else tick_size(),
            description=ours.text("Description", code),
            asset_class=ours.text("AssetClass"),
            commission=ours.number("PerBlock", _ZERO, may_be_zero=True),
        )

    def market(self, code: str) -> tuple[str, str]:
        """Return an instrument's exchange and asset class, each empty if no table has it."""
        ours, theirs = self._instruments.get(code, _NOTHING), self._at_broker.get(code, _NOTHING)
        return theirs.text("IBExchange"), ours.text("AssetClass")

    def expiry_rule(self, code: str) -> ExpiryRule:
        """Return the rule of the exchange if it is known, otherwise the one in `rollconfig.csv`.

        Raises:
            DataFileError: `ExpiryOffset` is not a whole number.
        """
        if code in KNOWN_RULES:
            return KNOWN_RULES[code]
        offset = self._rolls.get(code, _NOTHING).day_count("ExpiryOffset")
        return last_trading_date if offset is None else days_after_the_first(offset)
