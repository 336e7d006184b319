"""The synthetic world's instruments and currencies: facts of real ones, and parameters for generating their prices."""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.plugins.sim.feeds.feed import InstrumentFacts


@attrs.frozen
class Recipe:
    """How an instrument's prices are generated.

    Attributes:
        facts: The instrument's facts.
        cycle: The months that it has contracts for, as letters.
        listed_months: How many months before its own month a contract starts to trade.
        price: The level that the price wanders around.
        volatility: The annual standard deviation, as a share of the price; for a rate, in points.
        carry: By how much a contract's price rises per additional year to expiry, in the same units.
            Positive is contango.
        volume: Lots per day of the front contract.
        is_rate: The price is 100 minus an interest rate, and moves by points, not by shares of itself.
        related: Whether it follows another instrument's prices, as a micro contract does.
    """

    facts: InstrumentFacts
    cycle: str
    listed_months: int
    price: float
    volatility: float
    carry: float
    volume: int
    is_rate: bool = False
    related: str = ""


_FACTS = """
BUND        GBL    EUREX   EUR 1000     1   0.01      Bond   2.00 German 10 year bond
COPPER      HG     COMEX   USD 25000    1   0.0005    Metals 2.31 Copper
CORN        ZC     CBOT    USD 5000     100 0.25      Ags    2.92 Corn
CRUDE_W     CL     NYMEX   USD 1000     1   0.01      OilGas 2.31 Light sweet crude
EDOLLAR     GE     CME     USD 2500     1   0.005     STIR   2.11 Eurodollar
EUR         EUR    CME     USD 125000   1   0.00005   FX     2.46 Euro in dollars
EUROSTX     ESTX50 EUREX   EUR 10       1   1         Equity 1.50 Euro Stoxx 50
FTSE100     Z      ICEEU   GBP 1000     100 0.5       Equity 1.70 FTSE 100
GAS_US      NG     NYMEX   USD 10000    1   0.001     OilGas 2.36 Henry Hub gas
GBP         GBP    CME     USD 62500    1   0.0001    FX     2.46 Sterling in dollars
GOLD        GC     COMEX   USD 100      1   0.1       Metals 2.31 Gold
JPY         JPY    CME     USD 12500000 1   0.0000005 FX     2.46 Yen in dollars
NIKKEI      N225M  OSE.JPN JPY 100      1   5         Equity 40   Nikkei 225 mini
SILVER      SI     COMEX   USD 1000     1   0.005     Metals 1.27 Silver, 1000 ounces
SOYBEAN     ZS     CBOT    USD 5000     100 0.25      Ags    2.92 Soybeans
SP500       ES     CME     USD 50       1   0.25      Equity 2.05 S&P 500
SP500_micro MES    CME     USD 5        1   0.25      Equity 0.62 S&P 500, micro
US10        ZN     CBOT    USD 1000     1   0.015625  Bond   1.51 US 10 year note
WHEAT       ZW     CBOT    USD 5000     100 0.25      Ags    2.92 Wheat
"""
"""One line per instrument: code, symbol, exchange, currency, multiplier, magnifier, tick, class, commission, words."""

_PRICES = """
BUND        HMUZ         9  134.0   0.07 -0.012 800000  share
COPPER      HKNUZ        24 4.05    0.22 0.012  70000   share
CORN        HKNUZ        36 630.0   0.25 0.02   160000  share
CRUDE_W     FGHJKMNQUVXZ 30 76.5    0.32 0.03   330000  share
EDOLLAR     HMUZ         48 95.6    0.9  0.12   250000  points
EUR         HMUZ         15 1.071   0.08 0.018  210000  share
EUROSTX     HMUZ         9  4210.0  0.19 0.012  900000  share
FTSE100     HMUZ         9  7850.0  0.16 0.011  110000  share
GAS_US      FGHJKMNQUVXZ 30 2.9     0.55 0.09   140000  share
GBP         HMUZ         15 1.211   0.09 0.004  100000  share
GOLD        GJMQVZ       24 1855.0  0.15 0.045  190000  share
JPY         HMUZ         15 0.0074  0.11 0.05   150000  share
NIKKEI      HMUZ         15 28100.0 0.2  0.002  30000   share
SILVER      HKNUZ        24 21.8    0.27 0.046  60000   share
SOYBEAN     FHKNQUX      30 1495.0  0.21 0.015  110000  share
SP500       HMUZ         15 4020.0  0.18 0.03   1600000 share
SP500_micro HMUZ         15 4020.0  0.18 0.03   900000  share:SP500
US10        HMUZ         9  112.5   0.07 -0.008 1500000 share
WHEAT       HKNUZ        30 700.0   0.3  0.03   70000   share
"""
"""One line per instrument: code, cycle, months listed, price, volatility, carry, volume, and how it moves.

`share`: by shares of its price; `points`: by points; `share:CODE`: like that instrument.
"""


def _facts() -> dict[str, InstrumentFacts]:
    rows = [line.split(maxsplit=9) for line in _FACTS.split("\n") if line]
    return {
        code: InstrumentFacts(
            code,
            symbol,
            exchange,
            currency,
            Decimal(size),
            Decimal(magnifier),
            Decimal(tick),
            words,
            kind,
            Decimal(cost),
        )
        for code, symbol, exchange, currency, size, magnifier, tick, kind, cost, words in rows
    }


def _recipes() -> dict[str, Recipe]:
    facts = _facts()
    found = {}
    for code, cycle, listed, price, volatility, carry, volume, moves in map(str.split, _PRICES.strip().split("\n")):
        by, _, related = moves.partition(":")
        numbers = (float(price), float(volatility), float(carry), int(volume))
        found[code] = Recipe(facts[code], cycle, int(listed), *numbers, is_rate=by == "points", related=related)
    return found


RECIPES: dict[str, Recipe] = _recipes()
"""By code, in alphabetical order."""


@attrs.frozen
class CurrencyRecipe:
    """How a currency pair's rates are generated: the level that they wander around, and their annual volatility."""

    rate: float
    volatility: float


CURRENCY_RECIPES: dict[str, CurrencyRecipe] = {
    "AUDUSD": CurrencyRecipe(0.668, 0.11),
    "CADUSD": CurrencyRecipe(0.729, 0.075),
    "CHFUSD": CurrencyRecipe(1.068, 0.085),
    "CNHUSD": CurrencyRecipe(0.1448, 0.055),
    "EURUSD": CurrencyRecipe(1.065, 0.08),
    "GBPUSD": CurrencyRecipe(1.206, 0.09),
    "HKDUSD": CurrencyRecipe(0.1275, 0.006),
    "JPYUSD": CurrencyRecipe(0.00734, 0.11),
    "MXNUSD": CurrencyRecipe(0.0538, 0.11),
    "NZDUSD": CurrencyRecipe(0.615, 0.11),
    "SEKUSD": CurrencyRecipe(0.0938, 0.1),
    "SGDUSD": CurrencyRecipe(0.741, 0.05),
}
"""By code, in alphabetical order."""
