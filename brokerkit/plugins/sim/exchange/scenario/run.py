"""One run of a scenario: an exchange driven step by step, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from brokerkit.errors import BrokerkitError, MissingOrder
from brokerkit.plugins.sim.exchange.exchange import Exchange
from brokerkit.plugins.sim.exchange.faults import fault
from brokerkit.plugins.sim.exchange.scenario.settings import contract_named, instant, models_of, rows_of, terms_of
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.events import CommissionReport, ConnectionChange, DataGap
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from brokerkit.spec.orders import OrderChange

_START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)


class Run:
    """One run of a scenario.

    Attributes:
        exchange: The exchange after the script.
        heard: What the client's listeners received, one line per event.
        surprises: Expected errors that were not raised, and unexpected ones that were.
    """

    def __init__(self, script: Mapping[str, Any], name: str) -> None:
        self._name = name
        self._start = script.get("start", _START)
        self._refs: dict[str, str] = {}
        self.heard: list[str] = []
        self.surprises: list[str] = []
        faults = [fault(**settings) for settings in script.get("faults", ())]
        models = models_of(script.get("models", {}))
        self.exchange = Exchange(self._start, seed=script.get("seed", 0), models=models, faults=faults)
        self._listen()
        for account, settings in script.get("accounts", {"DU1": {}}).items():
            cash = settings.get("cash", {"USD": 100_000})
            self.exchange.open_account(account, cash, settings.get("base_currency", "USD"))
        for contract, settings in script["contracts"].items():
            self._list(contract_named(contract), settings)
        self._first = contract_named(next(iter(script["contracts"])))
        for number, step in enumerate(script.get("steps", ()), 1):
            self._step(f"{name} step {number}".strip(), step)

    # -- outcome ---------------------------------------------------------------------------

    def outcome(self, what: str) -> list[str]:
        """Return the event log (`log`), or what the client received (`heard`), as lines."""
        return self.exchange.log() if what == "log" else self.heard

    def table(self, what: str, expected: Mapping[str, Any]) -> dict[str, Any]:
        """Return the actual `cash`, `realised`, `positions`, `orders` or `client`, for the expected names."""
        exchange = self.exchange
        if what == "cash":
            return {name: {code: str(one.amount) for code, one in exchange.cash(name).items()} for name in expected}
        if what == "realised":
            return {
                name: {code: str(one.realised.amount) for code, one in exchange.statement(name).items()}
                for name in expected
            }
        if what == "positions":
            held = {str(one.contract): one.quantity for one in exchange.positions()}
            return {**held, **{name: 0 for name in expected if name not in held}}
        views = {
            name: exchange.order(self._ref(name)).at_exchange()
            if what == "orders"
            else exchange.order(self._ref(name)).current()
            for name in expected
        }
        return {name: f"{view.state.value} {','.join(map(str, view.filled))}" for name, view in views.items()}

    # -- set-up ----------------------------------------------------------------------------

    def _listen(self) -> None:
        listen, hear = self.exchange.listen, self.heard.append
        listen(BrokerOrder, lambda one: hear(f"order #{one.ids.perm_id} {one.state.value} {_tuple(one.filled)}"))
        listen(Fill, lambda one: hear(_fill_line(one)))
        listen(CommissionReport, lambda one: hear(f"commission {one.execution_id} {one.commission.amount}"))
        listen(ConnectionChange, lambda one: hear(f"connection {one.state.value}"))
        listen(DataGap, lambda one: hear(f"gap {one.start:%H:%M:%S} to {one.end:%H:%M:%S}"))

    def _list(self, contract: FuturesContract | FxPair, given: Mapping[str, Any]) -> None:
        place = f"{self._name} contract {contract}".strip()
        self.exchange.list_contract(terms_of(contract, given, place))
        ticks = "ticks" in given
        times, columns = rows_of(
            given.get("ticks" if ticks else "bars", ""), ticks=ticks, start=self._start, place=place
        )
        if not times:
            return
        if ticks:
            self.exchange.add_ticks(contract, times, *columns)
        else:
            self.exchange.add_bars(contract, times, *columns, length=timedelta(seconds=given.get("length", 60)))

    # -- steps -----------------------------------------------------------------------------

    def _step(self, place: str, step: Mapping[str, Any]) -> None:
        expected = step.get("error", "")
        try:
            self._do(step)
        except BrokerkitError as problem:
            if type(problem).__name__ != expected:
                self.surprises.append(f"{place}: {type(problem).__name__}: {problem}")
        else:
            if expected:
                self.surprises.append(f"{place}: {expected} was expected, but not raised")

    def _do(self, step: Mapping[str, Any]) -> None:
        exchange = self.exchange
        actions: dict[str, Callable[[Any], object]] = {
            "submit": lambda name: self._submit(name, step),
            "modify": lambda name: exchange.modify(self._ref(name), _change_in(step)),
            "cancel": lambda name: exchange.cancel(self._ref(name)),
            "query": lambda name: exchange.query(self._ref(name)),
            "advance": exchange.advance,
            "to": lambda time: exchange.advance_to(instant(time, self._start)),
            "run": lambda _: exchange.run(),
            "cancel_all": lambda _: exchange.cancel_all(),
            "disconnect": lambda seconds: exchange.disconnect("ordered by the script", timedelta(seconds=seconds)),
            "reconnect": lambda _: exchange.reconnect(),
            "positions": lambda _: self._hear_positions(),
        }
        [action] = actions.keys() & step.keys()
        actions[action](step[action])

    def _submit(self, name: str, step: Mapping[str, Any]) -> None:
        order = self._order(step)
        self._refs[name] = order.order_ref
        for number, child in enumerate(order.children, 1):
            self._refs[f"{name}.{number}"] = child.order_ref
        self.exchange.submit(order)

    def _hear_positions(self) -> None:
        held = [f"{one.quantity:+d} {one.contract}" for one in self.exchange.positions()]
        self.heard.append(f"positions {', '.join(held) or 'none'}")

    def _ref(self, name: str) -> str:
        """Return the reference of an order that a step has placed."""
        if name not in self._refs:
            raise MissingOrder(f"No step placed an order {name!r}.", given=name, candidates=self._refs)
        return self._refs[name]

    def _order(self, step: Mapping[str, Any]) -> Order:
        known: dict[str, Any] = {
            "contract": contract_named(step["contract"]) if "contract" in step else self._first,
            "quantity": step["quantity"],
            "order_type": OrderType(step.get("type", "market")),
            "limit_price": step.get("limit"),
            "stop_price": step.get("stop"),
            "trail_amount": step.get("trail"),
            "trail_percent": step.get("trail_percent"),
            "time_in_force": TimeInForce(step.get("tif", "DAY")),
            "good_till": step.get("good_till"),
            "oco_group": step.get("oco", ""),
            "spread_fill": SpreadFill(step.get("spread_fill", "together")),
        }
        for name in ("account", "outside_hours", "post_only", "reduce_only", "algo", "display_quantity"):
            if name in step:
                known[name] = step[name]
        order = Order(**known)
        exits = {name: step[name] for name in ("take_profit", "stop_loss") if name in step}
        return order.with_bracket(**exits) if exits else order


def _change_in(step: Mapping[str, Any]) -> OrderChange:
    return OrderChange(step.get("limit"), step.get("stop"), step.get("quantity"))


def _tuple(lots: Sequence[int]) -> str:
    return ",".join(map(str, lots))


def _fill_line(fill: Fill) -> str:
    corrects = f" corrects {fill.corrects}" if fill.corrects else ""
    return f"fill {fill.execution_id} {fill.quantity:+d} @ {fill.price}{corrects}{' late' if fill.late else ''}"
