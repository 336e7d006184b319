"""The simulated broker, through `broker.orders.put_order_on_stack`, every fill heard as an event."""

from __future__ import annotations

from decimal import Decimal

from bench.exchange_market import Case, report, timed, walk
from brokerkit import Broker, FuturesContract, Order, open_broker
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, PerLot


def run(case: Case) -> tuple[float, int]:
    """Return the seconds it took, and how many fills were heard."""
    heard = 0

    def hear(_: object) -> None:
        nonlocal heard
        heard += 1

    with open_broker("sim") as broker:
        contract, exchange, ends = _listed(broker, case)
        closes = [Decimal(str(price)) for price in walk(case.bars).close.tolist()]
        with broker.subscribe(on_fill=hear):
            seconds = timed(lambda: _trade(broker, exchange, contract, case, ends, closes))
    return seconds, heard


def _listed(broker: Broker, case: Case) -> tuple[FuturesContract, Exchange, list[int]]:
    """List the walk, from where the clock is, as a contract that the broker knows, with margin and commission."""
    exchange = broker.native.exchange
    front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[-1]
    contract = FuturesContract("GOLD", front)
    terms = ContractTerms(
        contract, "0.01", multiplier=10, initial_margin=100, maintenance_margin=80, commission=PerLot(1)
    )
    exchange.list_own(terms)
    bars = walk(case.bars)
    starts = bars.time - bars.time[0] + exchange.now_ns
    exchange.add_bars(contract, starts, bars.open, bars.high, bars.low, bars.close, bars.volume)
    minute = int(starts[1] - starts[0])
    return contract, exchange, (starts + minute).tolist()


def _trade(
    broker: Broker, exchange: Exchange, contract: FuturesContract, case: Case, ends: list[int], closes: list[Decimal]
) -> None:
    put, advance_to = broker.orders.put_order_on_stack, exchange.advance_to
    if case.one_step:
        advance_to(ends[-1])
        return
    side, away = 1, Decimal("0.02")
    for end, close in zip(ends[:-1], closes, strict=False):
        advance_to(end)
        for _ in range(case.orders_a_bar):
            if case.kind == "market":
                put(Order.market(contract, side))
            else:
                put(Order.limit(contract, side, close - away * side))
            side = -side
    advance_to(ends[-1])


if __name__ == "__main__":
    report(run)
