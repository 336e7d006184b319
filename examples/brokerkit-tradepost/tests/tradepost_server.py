"""A Tradepost of one's own: the venue behind the API, small, in memory, trading at prices that stand still."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

API_KEY = "tradepost-test-key"
_ACCOUNT = "TP-77"
_INSTRUMENTS = {
    "COCOA_BEANS": {"symbol": "CCO", "name": "Cocoa beans", "multiplier": "10", "tick": "0.5", "commission": "1.25"},
    "SPICE": {"symbol": "SPC", "name": "Mixed spice", "multiplier": "25", "tick": "0.05", "commission": "0.80"},
}
_BIDS = {"CCO": Decimal("3200.5"), "SPC": Decimal("812.35")}
_FAR_TOO_MANY = 5000


class Refused(Exception):
    """What the venue says no to: a status, a word and a sentence."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


class Venue:
    """Contracts, prices, one account and its orders.

    Attributes:
        is_busy: Whether orders are refused for now, as too many.
        is_ill: Whether orders are taken, and answered by an error of the server.
    """

    def __init__(self) -> None:
        self.is_busy = self.is_ill = False
        self.lock = threading.Lock()
        self.orders: dict[str, dict[str, Any]] = {}
        self.cash = Decimal(500_000)
        self.held: dict[str, tuple[int, Decimal]] = {}

    # Reading

    def instruments(self) -> list[dict[str, Any]]:
        """Return what is traded."""
        return [{"code": code, "currency": "EUR", **row} for code, row in _INSTRUMENTS.items()]

    def contracts(self, symbol: str) -> list[dict[str, Any]]:
        """Return three months gone and six to come."""
        first = _today().replace(day=1)
        return [self._contract(symbol, _month(first, step)) for step in range(-3, 7)]

    def candles(self, contract_id: str) -> list[list[Any]]:
        """Return sixty daily bars before today, or before the contract's end."""
        symbol, row = self._known(contract_id)
        last = min(date.fromisoformat(row["expiry"]), _today() - timedelta(days=1))
        bid, tick = _BIDS[symbol], _tick(symbol)
        return [_candle(last - timedelta(days=back), bid, tick * (back % 7)) for back in range(59, -1, -1)]

    def quote(self, contract_id: str) -> dict[str, Any]:
        """Return the quote, which stands still."""
        symbol, _ = self._known(contract_id)
        bid, ask = _BIDS[symbol], _BIDS[symbol] + _tick(symbol)
        return {"time": _now(), "bid": str(bid), "ask": str(ask), "last": str(bid), "size": 40}

    def account(self) -> dict[str, Any]:
        """Return the account."""
        margin = sum(abs(lots) * 500 for lots, _ in self.held.values())
        worth = self.cash + sum(self._profit(contract) for contract in self.held)
        amounts = {"cash": str(self.cash), "value": str(worth), "free": str(worth - margin)}
        return {"id": _ACCOUNT, "paper": True, "currency": "EUR", **amounts}

    def positions(self) -> dict[str, Any]:
        """Return what is held."""
        codes = {row["symbol"]: code for code, row in _INSTRUMENTS.items()}
        rows = [
            {
                "code": codes[contract.partition("-")[0]],
                "month": contract.partition("-")[2],
                "quantity": lots,
                "average_price": str(price),
            }
            for contract, (lots, price) in self.held.items()
            if lots
        ]
        return {"account": _ACCOUNT, "time": _now(), "held": rows}

    # Trading

    def place(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take an order, and trade it at once if it can be."""
        symbol, row = self._known(asked["contract"])
        if asked["ref"] in self.orders:
            raise Refused(409, "duplicate", f"order {asked['ref']} is there already")
        if row["expired"]:
            raise Refused(422, "rejected", f"{asked['contract']} is over")
        if abs(asked["quantity"]) > _FAR_TOO_MANY:
            raise Refused(422, "rejected", "the account cannot carry that")
        number = f"T{len(self.orders) + 1}"
        fresh = {"id": number, "account": _ACCOUNT, "state": "open", "fills": [], "reason": "", "placed": _now()}
        order = self.orders[asked["ref"]] = {**asked, **fresh, "updated": _now()}
        self._match(order, symbol)
        if order["state"] == "open" and order["tif"] == "IOC":
            _end(order, "cancelled", "nothing to trade with at once")
        return order

    def cancel(self, ref: str) -> dict[str, Any]:
        """Cancel an order."""
        order = self._open_order(ref, "final")
        _end(order, "cancelled", "cancelled on request")
        return order

    def change(self, ref: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change an order, and trade it if it can be now."""
        order = self._open_order(ref, "unchangeable")
        order.update(changes, updated=_now())
        self._match(order, order["contract"].partition("-")[0])
        return order

    def _match(self, order: dict[str, Any], symbol: str) -> None:
        buys = order["quantity"] > 0
        price = _BIDS[symbol] + (_tick(symbol) if buys else 0)
        limit = None if order["limit"] is None else Decimal(order["limit"])
        if limit is None or (limit >= price if buys else limit <= price):
            self._fill(order, symbol, order["quantity"], price)

    def _fill(self, order: dict[str, Any], symbol: str, quantity: int, price: Decimal) -> None:
        row = next(each for each in _INSTRUMENTS.values() if each["symbol"] == symbol)
        commission = Decimal(row["commission"]) * abs(quantity)
        lots, average = self.held.get(order["contract"], (0, Decimal(0)))
        closed = min(abs(lots), abs(quantity)) if lots * quantity < 0 else 0
        side = 1 if lots > 0 else -1
        self.cash += (price - average) * closed * side * Decimal(row["multiplier"]) - commission
        self.held[order["contract"]] = (lots + quantity, _average(lots, average, quantity, price))
        fill = {"id": f"{order['id']}-F", "ref": order["ref"], "quantity": quantity, "price": str(price)}
        order["fills"].append(
            {**fill, "time": _now(), "account": _ACCOUNT, "currency": "EUR", "commission": str(commission)}
        )
        _end(order, "done", "")

    # Looking up

    def _known(self, contract_id: str) -> tuple[str, dict[str, Any]]:
        symbol = contract_id.partition("-")[0]
        rows = {row["id"]: row for row in self.contracts(symbol)} if symbol in _BIDS else {}
        if contract_id not in rows:
            raise Refused(404, "no-contract", f"there is no {contract_id}")
        return symbol, rows[contract_id]

    def _contract(self, symbol: str, first: date) -> dict[str, Any]:
        month, expiry = f"{first:%Y%m}", first.replace(day=20)
        return {
            "id": f"{symbol}-{month}",
            "month": month,
            "expiry": expiry.isoformat(),
            "expired": expiry < _today(),
        }

    def _open_order(self, ref: str, error: str) -> dict[str, Any]:
        if ref not in self.orders:
            raise Refused(404, "no-order", f"there is no order {ref}")
        order = self.orders[ref]
        if order["state"] != "open":
            raise Refused(409, error, f"order {ref} is {order['state']}")
        return order

    def _profit(self, contract: str) -> Decimal:
        symbol = contract.partition("-")[0]
        lots, average = self.held[contract]
        multiplier = next(row["multiplier"] for row in _INSTRUMENTS.values() if row["symbol"] == symbol)
        return (_BIDS[symbol] - average) * lots * Decimal(multiplier)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    venue: Venue

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        try:
            _check_key(self.headers.get("X-Api-Key"))
            with self.venue.lock:
                status, said = 200, json.dumps(_route(self.venue, method, self.path, body))
        except Refused as refusal:
            status, said = refusal.status, json.dumps({"error": refusal.error, "message": refusal.message})
        if method == "POST" and self.venue.is_ill:
            status, said = 502, "bad gateway"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Take an order."""
        self._answer("POST")

    def do_PATCH(self) -> None:
        """Change an order."""
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        """Cancel an order."""
        self._answer("DELETE")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def _check_key(key: str | None) -> None:
    if key != API_KEY:
        raise Refused(401, "unauthorized", "the key is not known")


def _route(venue: Venue, method: str, path: str, body: dict[str, Any]) -> Any:
    parts = urlsplit(path)
    words = {name: values[0] for name, values in parse_qs(parts.query).items()}
    ref = parts.path.removeprefix("/v1/orders/")
    if method == "POST":
        if venue.is_busy:
            raise Refused(429, "too-many", "ask less often")
        return venue.place(body)
    if method == "DELETE":
        return venue.cancel(ref)
    if method == "PATCH":
        return venue.change(ref, body)
    answers = {
        "/v1/status": lambda: {"time": _now(), "paper": True},
        "/v1/instruments": venue.instruments,
        "/v1/contracts": lambda: venue.contracts(words["symbol"]),
        "/v1/candles": lambda: venue.candles(words["contract"]),
        "/v1/quote": lambda: venue.quote(words["contract"]),
        "/v1/account": venue.account,
        "/v1/positions": venue.positions,
        "/v1/orders": lambda: list(venue.orders.values()),
    }
    if parts.path not in answers:
        raise Refused(404, "no-page", f"there is no {parts.path}")
    return answers[parts.path]()


@contextmanager
def running(venue: Venue | None = None) -> Iterator[str]:
    """Run a venue on a free port for the length of the block; the block gets its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"venue": venue or Venue()}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _end(order: dict[str, Any], state: str, reason: str) -> None:
    order.update(state=state, reason=reason, updated=_now())


def _average(lots: int, average: Decimal, quantity: int, price: Decimal) -> Decimal:
    """Return the average price of a position after a fill."""
    total = lots + quantity
    if lots * quantity >= 0:
        return (average * abs(lots) + price * abs(quantity)) / abs(total)
    return average if total * lots > 0 else price


def _candle(day: date, bid: Decimal, step: Decimal) -> list[Any]:
    low = float(bid - step)
    return [day.isoformat(), low, float(bid), low, float(bid), 100.0]


def _tick(symbol: str) -> Decimal:
    return Decimal(next(row["tick"] for row in _INSTRUMENTS.values() if row["symbol"] == symbol))


def _month(first: date, step: int) -> date:
    count = first.year * 12 + first.month - 1 + step
    return date(count // 12, count % 12 + 1, 1)


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()


if __name__ == "__main__":
    with running() as address:
        print(f"Tradepost answers at {address}, key {API_KEY}; Ctrl-C ends it.", flush=True)
        threading.Event().wait()
