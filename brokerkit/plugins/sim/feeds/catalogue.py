"""The synthetic world's instruments and currencies: facts of real ones, and how their prices are made up."""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.plugins.sim.feeds.feed import InstrumentFacts


@attrs.frozen
class Recipe:
    """How an instrument's prices are made up.

    Attributes:
        facts: What is known of it.
        cycle: The months it has contracts for, as letters.
        listed_months: How long before its month a contract begins to trade.
        price: What the price wanders around.
        volatility: A year's standard deviation, as a share of the price; of a rate, in points.
        carry: By how much the price of a contract rises with a year more to expiry, in the same units.
            Positive is contango.
        volume: Lots a day of the front contract.
        is_rate: The price is 100 less an interest rate, and moves by points, not by shares of itself.
        related: Whether it goes by another instrument's prices, as a micro contract does.
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


def _recipe(
    code: str,
    terms: str,
    description: str,
    cycle: str,
    listed_months: int,
    prices: tuple[float, float, float],
    volume: int,
    **more: object,
) -> Recipe:
    broker_code, exchange, currency, multiplier, magnifier, tick, asset_class, commission = terms.split()
    facts = InstrumentFacts(
        code,
        broker_code,
        exchange,
        currency,
        Decimal(multiplier),
        Decimal(magnifier),
        Decimal(tick),
        description,
        asset_class,
        Decimal(commission),
    )
    price, volatility, carry = prices
    return Recipe(
        facts, cycle, listed_months, price, volatility, carry, volume, bool(more.get("is_rate")), str(more.get("related", ""))
    )


_ALL_MONTHS = "FGHJKMNQUVXZ"

RECIPES: dict[str, Recipe] = {
    one.facts.code: one
    for one in (
        _recipe("BUND", "GBL EUREX EUR 1000 1 0.01 Bond 2.00", "German 10 year bond", "HMUZ", 9, (134.0, 0.07, -0.012), 800_000),
        _recipe("COPPER", "HG COMEX USD 25000 1 0.0005 Metals 2.31", "Copper", "HKNUZ", 24, (4.05, 0.22, 0.012), 70_000),
        _recipe("CORN", "ZC CBOT USD 5000 100 0.25 Ags 2.92", "Corn", "HKNUZ", 36, (630.0, 0.25, 0.02), 160_000),
        _recipe("CRUDE_W", "CL NYMEX USD 1000 1 0.01 OilGas 2.31", "Light sweet crude", _ALL_MONTHS, 30, (76.5, 0.32, 0.03), 330_000),
        _recipe("EDOLLAR", "GE CME USD 2500 1 0.005 STIR 2.11", "Eurodollar", "HMUZ", 48, (95.6, 0.9, 0.12), 250_000, is_rate=True),
        _recipe("EUR", "EUR CME USD 125000 1 0.00005 FX 2.46", "Euro in dollars", "HMUZ", 15, (1.071, 0.08, 0.018), 210_000),
        _recipe("EUROSTX", "ESTX50 EUREX EUR 10 1 1 Equity 1.50", "Euro Stoxx 50", "HMUZ", 9, (4210.0, 0.19, 0.012), 900_000),
        _recipe("FTSE100", "Z ICEEU GBP 10 1 0.5 Equity 1.70", "FTSE 100", "HMUZ", 9, (7850.0, 0.16, 0.011), 110_000),
        _recipe("GAS_US", "NG NYMEX USD 10000 1 0.001 OilGas 2.36", "Henry Hub gas", _ALL_MONTHS, 30, (2.9, 0.55, 0.09), 140_000),
        _recipe("GBP", "GBP CME USD 62500 1 0.0001 FX 2.46", "Sterling in dollars", "HMUZ", 15, (1.211, 0.09, 0.004), 100_000),
        _recipe("GOLD", "GC COMEX USD 100 1 0.1 Metals 2.31", "Gold", "GJMQVZ", 24, (1855.0, 0.15, 0.045), 190_000),
        _recipe("JPY", "JPY CME USD 12500000 1 0.0000005 FX 2.46", "Yen in dollars", "HMUZ", 15, (0.0074, 0.11, 0.05), 150_000),
        _recipe("NIKKEI", "N225 OSE.JPN JPY 1000 1 10 Equity 500", "Nikkei 225", "HMUZ", 15, (28100.0, 0.2, 0.002), 30_000),
        _recipe("SILVER", "SI COMEX USD 5000 1 0.005 Metals 2.31", "Silver", "HKNUZ", 24, (21.8, 0.27, 0.046), 60_000),
        _recipe("SOYBEAN", "ZS CBOT USD 5000 100 0.25 Ags 2.92", "Soybeans", "FHKNQUX", 30, (1495.0, 0.21, 0.015), 110_000),
        _recipe("SP500", "ES CME USD 50 1 0.25 Equity 2.05", "S&P 500", "HMUZ", 15, (4020.0, 0.18, 0.03), 1_600_000),
        _recipe("SP500_micro", "MES CME USD 5 1 0.25 Equity 0.62", "S&P 500, micro", "HMUZ", 15, (4020.0, 0.18, 0.03), 900_000, related="SP500"),
        _recipe("US10", "ZN CBOT USD 1000 1 0.015625 Bond 1.51", "US 10 year note", "HMUZ", 9, (112.5, 0.07, -0.008), 1_500_000),
        _recipe("WHEAT", "ZW CBOT USD 5000 100 0.25 Ags 2.92", "Wheat", "HKNUZ", 30, (700.0, 0.3, 0.03), 70_000),
    )
}  # fmt: skip
"""By code, in alphabetical order."""


@attrs.frozen
class CurrencyRecipe:
    """How a currency pair's rates are made up: what they wander around, and their volatility in a year."""

    rate: float
    volatility: float


CURRENCY_RECIPES: dict[str, CurrencyRecipe] = {
    "AUDUSD": CurrencyRecipe(0.668, 0.11),
    "CADUSD": CurrencyRecipe(0.729, 0.075),
    "CHFUSD": CurrencyRecipe(1.068, 0.085),
    "EURUSD": CurrencyRecipe(1.065, 0.08),
    "GBPUSD": CurrencyRecipe(1.206, 0.09),
    "HKDUSD": CurrencyRecipe(0.1275, 0.006),
    "JPYUSD": CurrencyRecipe(0.00734, 0.11),
    "NZDUSD": CurrencyRecipe(0.615, 0.11),
    "SEKUSD": CurrencyRecipe(0.0938, 0.1),
    "SGDUSD": CurrencyRecipe(0.741, 0.05),
}
"""By code, in alphabetical order."""
