"""An account's values as IB names them: tag, value as text, currency."""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.errors import MissingContract, MissingFxCode
from brokerkit.plugins.sim.exchange import Exchange, Statement
from brokerkit.spec.contract import FxPair

Value = tuple[str, str, str]
"""Tag, value, currency."""


def _text(amount: object) -> str:
    return f"{amount:.2f}"


@attrs.frozen
class AccountFigures:
    """What an account is worth, in total and by currency.

    Attributes:
        base: Its base currency.
        statements: Cash and profit by currency.
        rates: What one unit of each currency is in the base currency.
        initial: Initial margin in the base currency.
        maintenance: Maintenance margin in the base currency.
    """

    base: str
    statements: dict[str, Statement]
    rates: dict[str, Decimal]
    initial: Decimal
    maintenance: Decimal

    @classmethod
    def of(cls, exchange: Exchange, account: str) -> AccountFigures:
        """Return an account's figures now. A currency without a rate counts for nothing in the total."""
        base = dict(exchange.accounts())[account]
        statements = exchange.statement(account)
        rates = {currency: rate_of(exchange, currency, base) for currency in statements}
        try:
            margins = exchange.margins(account)
            initial, maintenance = margins.initial.amount, margins.maintenance.amount
        except MissingFxCode:
            initial = maintenance = Decimal(0)
        return cls(base, statements, rates, initial, maintenance)

    def total(self, figure: str) -> Decimal:
        """Return one figure of the statements, summed in the base currency."""
        return sum(
            (getattr(one, figure).amount * self.rates[currency] for currency, one in self.statements.items()),
            Decimal(0),
        )

    @property
    def net_liquidation(self) -> Decimal:
        """Cash plus unrealised profit in the base currency."""
        return self.total("cash") + self.total("unrealised")


def rate_of(exchange: Exchange, currency: str, base: str) -> Decimal:
    """Return what one unit of a currency is in another; 0 where the exchange has no rate."""
    if currency == base:
        return Decimal(1)
    direct, inverse = _pair_price(exchange, currency + base), _pair_price(exchange, base + currency)
    return direct or (1 / inverse if inverse else Decimal(0))


def _pair_price(exchange: Exchange, code: str) -> Decimal | None:
    try:
        return exchange.last_price(FxPair(code))
    except MissingContract:
        return None


def account_values(account: str, figures: AccountFigures) -> list[Value]:
    """Return every value of an account, totals first, then by currency, then in the base currency."""
    worth, cash = figures.net_liquidation, figures.total("cash")
    free, spare = worth - figures.initial, worth - figures.maintenance
    totals = {
        "NetLiquidation": worth,
        "TotalCashValue": cash,
        "SettledCash": cash,
        "AccruedCash": 0,
        "AccruedDividend": 0,
        "EquityWithLoanValue": worth,
        "GrossPositionValue": 0,
        "InitMarginReq": figures.initial,
        "MaintMarginReq": figures.maintenance,
        "FullInitMarginReq": figures.initial,
        "FullMaintMarginReq": figures.maintenance,
        "LookAheadInitMarginReq": figures.initial,
        "LookAheadMaintMarginReq": figures.maintenance,
        "AvailableFunds": free,
        "FullAvailableFunds": free,
        "LookAheadAvailableFunds": free,
        "ExcessLiquidity": spare,
        "FullExcessLiquidity": spare,
        "LookAheadExcessLiquidity": spare,
        "BuyingPower": free,
    }
    found: list[Value] = [
        ("AccountCode", account, ""),
        ("AccountReady", "true", ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("Cushion", f"{spare / worth:.6f}" if worth else "0", ""),
        ("DayTradesRemaining", "-1", ""),
        ("HighestSeverity", "0", ""),
        ("Leverage", "0.00", ""),
        ("LookAheadNextChange", "0", ""),
        *((tag, _text(amount), figures.base) for tag, amount in totals.items()),
    ]
    for currency in figures.statements:
        found += _by_currency(currency, figures)
    return found + _in_base(figures)


def _by_currency(currency: str, figures: AccountFigures) -> list[Value]:
    one = figures.statements[currency]
    cash, unrealised, realised = one.cash.amount, one.unrealised.amount, one.realised.amount
    amounts = {
        "CashBalance": cash,
        "TotalCashBalance": cash,
        "AccruedCash": 0,
        "NetLiquidationByCurrency": cash + unrealised,
        "UnrealizedPnL": unrealised,
        "RealizedPnL": realised,
        "FuturesPNL": unrealised,
    }
    rows: list[Value] = [("Currency", currency, currency)]
    rows += [(tag, _text(amount), currency) for tag, amount in amounts.items()]
    return [*rows, ("ExchangeRate", f"{figures.rates[currency]:.8f}", currency)]


def _in_base(figures: AccountFigures) -> list[Value]:
    cash, unrealised, realised = (figures.total(name) for name in ("cash", "unrealised", "realised"))
    amounts = {
        "CashBalance": cash,
        "TotalCashBalance": cash,
        "NetLiquidationByCurrency": cash + unrealised,
        "UnrealizedPnL": unrealised,
        "RealizedPnL": realised,
        "FuturesPNL": unrealised,
    }
    rows: list[Value] = [("Currency", "BASE", "BASE")]
    rows += [(tag, _text(amount), "BASE") for tag, amount in amounts.items()]
    return [*rows, ("ExchangeRate", "1.00", "BASE")]
