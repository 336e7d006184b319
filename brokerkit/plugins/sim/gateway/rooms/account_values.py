"""An account's values in IB's terms: tag, value as text, currency."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import MissingContract, MissingFxCode
from brokerkit.plugins.sim.exchange import Exchange
from brokerkit.spec.contract import FxPair

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

Value = tuple[str, str, str]
"""Tag, value, currency."""


def _text(amount: object) -> str:
    return f"{amount:.2f}"


@attrs.frozen
class CurrencyFigures:
    """An account's cash and profit in one currency.

    Attributes:
        cash: Cash after commissions.
        futures: Profit on open futures at the last prices.
        unrealised: The same, less the commission of opening them.
        realised: The day's realised profit, net of commissions.
    """

    cash: Decimal
    futures: Decimal
    unrealised: Decimal
    realised: Decimal

    @property
    def worth(self) -> Decimal:
        """Cash plus profit on open futures, which IB counts as cash."""
        return self.cash + self.futures


@attrs.frozen
class AccountFigures:
    """An account's value and margins.

    Attributes:
        base: Its base currency.
        currencies: Cash and profit by currency.
        rates: The value of one unit of each currency in the base currency.
        initial: Initial margin in the base currency.
        maintenance: Maintenance margin in the base currency.
    """

    base: str
    currencies: dict[str, CurrencyFigures]
    rates: dict[str, Decimal]
    initial: Decimal
    maintenance: Decimal

    @classmethod
    def of(cls, gateway: Gateway, account: str) -> AccountFigures:
        """Return an account's current figures. A currency without a rate adds nothing to the total."""
        exchange, books = gateway.exchange, gateway.orders.fills.books
        base = dict(exchange.accounts())[account]
        currencies = {
            currency: CurrencyFigures(
                one.cash.amount,
                one.unrealised.amount,
                one.unrealised.amount - books.opening_commissions(account, currency),
                books.realised_in(account, currency),
            )
            for currency, one in exchange.statement(account).items()
        }
        rates = {currency: rate_of(exchange, currency, base) for currency in currencies}
        try:
            margins = exchange.margins(account)
            initial, maintenance = margins.initial.amount, margins.maintenance.amount
        except MissingFxCode:
            initial = maintenance = Decimal(0)
        return cls(base, currencies, rates, initial, maintenance)

    def total(self, figure: str) -> Decimal:
        """Return one figure summed over the currencies, in the base currency."""
        amounts = (getattr(one, figure) * self.rates[currency] for currency, one in self.currencies.items())
        return sum(amounts, Decimal(0))

    @property
    def net_liquidation(self) -> Decimal:
        """The net liquidation value in the base currency."""
        return self.total("worth")


def rate_of(exchange: Exchange, currency: str, base: str) -> Decimal:
    """Return the value of one unit of a currency in another; 0 if the exchange has no rate."""
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
    """Return every value of an account: totals, then by currency, then the ledger in the base currency."""
    worth = figures.net_liquidation
    free, spare = worth - figures.initial, worth - figures.maintenance
    totals = {
        "NetLiquidation": worth,
        "TotalCashValue": worth,
        "SettledCash": figures.total("cash"),
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
    for currency in figures.currencies:
        found += _by_currency(currency, figures)
    return found + _in_base(figures)


def _by_currency(currency: str, figures: AccountFigures) -> list[Value]:
    rate = f"{figures.rates[currency]:.8f}"
    return _ledger(currency, figures.currencies[currency], rate)


def _in_base(figures: AccountFigures) -> list[Value]:
    whole = CurrencyFigures(*(figures.total(one.name) for one in attrs.fields(CurrencyFigures)))
    return _ledger("BASE", whole, "1.00")


def _ledger(currency: str, one: CurrencyFigures, rate: str) -> list[Value]:
    amounts = {
        "CashBalance": one.worth,
        "TotalCashBalance": one.worth,
        "AccruedCash": 0,
        "NetLiquidationByCurrency": one.worth,
        "UnrealizedPnL": one.unrealised,
        "RealizedPnL": one.realised,
        "FuturesPNL": one.futures,
    }
    rows: list[Value] = [("Currency", currency, currency)]
    rows += [(tag, _text(amount), currency) for tag, amount in amounts.items()]
    return [*rows, ("ExchangeRate", rate, currency)]
