"""What a gateway holds in memory over an hour of synthetic trading at 600 times the speed of the clock.

The hour is played as fast as the server can: 3,600 rounds of ten minutes each, twenty-five days of the exchange, its
nights and weekends with them. Four clients watch quotes, bars, books, positions and profit; in each round one of them
trades (an order that fills, one that is placed and called off); they ask for history, and connect anew now and then.

    python -m bench.gateway_memory
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.gateway_load import Client, Server
from brokerkit.plugins.sim.feeds import open_feed
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.market import Market
from brokerkit.plugins.sim.gateway.market.fed import fed_market

SPEED = 600
ROUNDS = 3600
"""Seconds in an hour; each is `SPEED` seconds of the exchange's clock."""

SYMBOLS = (("GE", "CME"), ("GC", "COMEX"), ("ZC", "CBOT"), ("ES", "CME"))
ACCOUNT = "DU1000001"


def synthetic() -> Market:
    """Return the market that `brokerkit gateway` serves unless told otherwise."""
    return fed_market(open_feed("synthetic"), accounts=(ACCOUNT,))


class Trader:
    """One client: what it watches, and what it does in each round."""

    def __init__(self, port: int, number: int) -> None:
        symbol, exchange = SYMBOLS[number % len(SYMBOLS)]
        self._contract = Contract(
            symbol=symbol, sec_type="FUT", last_trade_date="202312", exchange=exchange, currency="USD"
        )
        self._port, self._number = port, number
        self._order_id = 0
        self._connect()

    def _connect(self) -> None:
        self._client = Client(self._port, self._number)
        contract = self._contract
        self._client.send(
            requests.market_data.MarketDataRequest(1, contract),
            requests.market_data.DepthRequest(2, contract, rows=5),
            requests.market_data.TickByTickRequest(3, contract, tick_type="BidAsk"),
            requests.market_data.RealTimeBarsRequest(4, contract),
            self._history(5, keep_up_to_date=True),
            requests.account.AccountUpdatesRequest(True, ACCOUNT),
            requests.account.PositionsRequest(),
            requests.account.PnlRequest(6, ACCOUNT),
        )

    def _history(self, req_id: int, *, keep_up_to_date: bool = False) -> requests.history.HistoricalDataRequest:
        return requests.history.HistoricalDataRequest(
            req_id, self._contract, bar_size="1 min", duration="2 D", keep_up_to_date=keep_up_to_date
        )

    def place(self, at: int) -> None:
        """Place an order that fills, and one that never will; now and then do more."""
        fills, rests = self._order_id + 1, self._order_id + 2
        side = "BUY" if fills % 4 == 1 else "SELL"
        self._client.send(
            self._order(fills, OrderTerms(side, 1.0, "MKT")), self._order(rests, OrderTerms("BUY", 1.0, "LMT", 1.0))
        )
        if at % 20 == self._number:
            self._client.send(self._history(7), requests.orders.CompletedOrdersRequest(False))
        self._order_id = rests

    def _order(self, order_id: int, terms: OrderTerms) -> requests.orders.PlaceOrder:
        return requests.orders.PlaceOrder(order_id, self._contract, terms.but(tif="GTC", order_ref=f"{order_id:010d}"))

    def call_off(self) -> None:
        """Cancel what rests."""
        self._client.send(requests.orders.CancelOrder(self._order_id))

    def catch_up(self, at: int) -> None:
        """Read everything, and every three hundred rounds connect anew."""
        self._client.catch_up()
        if (at + 60 * self._number) % 300 == 299:
            self._client.close()
            self._connect()

    def close(self) -> None:
        """Leave."""
        self._client.close()


def hour(rounds: int = ROUNDS, every: int = 600) -> Iterator[tuple[int, float]]:
    """Yield how many rounds were played and the memory the server held then, in MB, now and then."""
    with Server(synthetic, eager=False) as server:
        traders = [Trader(server.port, number) for number in range(len(SYMBOLS))]
        for at in range(1, rounds + 1):
            trading = traders[at % len(traders)]
            trading.place(at)
            server.advance(SPEED // 60)
            trading.call_off()
            for trader in traders:
                trader.catch_up(at)
            if not at % every:
                yield at, server.memory()
        for trader in traders:
            trader.close()


if __name__ == "__main__":
    for played, resident in hour(every=300):
        print(f"{played // 60:3d} minutes  {resident:6.1f} MB", flush=True)
