"""Scenarios: a TOML script of bars, orders and faults, with the event log that is expected of it.

A scenario is a test, a bug report and an example in one file. Everything has a default but the bars::

    title = "A limit order that the open has passed fills at the open"
    [contracts."GOLD/202312"]
    bars = '''
    09:00  100  101   99  100  10
    '''
    [[steps]]
    submit = "entry"
    quantity = 1
    type = "limit"
    limit = "102"
    [[steps]]
    advance = 1
    [expect]
    log = '''
    ...
    '''

`python -m brokerkit.plugins.sim.exchange.scenario FILE...` runs files and shows what differs. The
format is described in `docs/sim.md`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import tomli

from brokerkit.errors import BrokerkitError, InvalidArgument
from brokerkit.plugins.sim.exchange.commission import NoCommission, PercentOfValue, PerLot, PerOrder
from brokerkit.plugins.sim.exchange.exchange import Exchange
from brokerkit.plugins.sim.exchange.faults import fault
from brokerkit.plugins.sim.exchange.latency import Latency
from brokerkit.plugins.sim.exchange.liquidity import UnlimitedVolume, VolumeShare
from brokerkit.plugins.sim.exchange.matching import IntrabarPath
from brokerkit.plugins.sim.exchange.models import Models
from brokerkit.plugins.sim.exchange.sessions import SessionList, Sessions, WeeklyHours
from brokerkit.plugins.sim.exchange.slippage import NoSlippage, PercentSlippage, TickSlippage, VolumeImpact
from brokerkit.plugins.sim.exchange.terms import ContractTerms, OutsideHours
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.events import CommissionReport, ConnectionChange, DataGap
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from brokerkit.spec.orders import OrderChange

_START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
_COMMISSION = {"per_lot": PerLot, "per_order": PerOrder, "percent": PercentOfValue}
_SLIPPAGE = {"ticks": TickSlippage, "percent": PercentSlippage, "impact": VolumeImpact}


def contract_named(name: str) -> FuturesContract | FxPair:
    """Return the contract of a name: `CORN/202312`, `CORN/202312_202403`, or `GBPUSD`."""
    code, slash, dates = name.partition("/")
    return FuturesContract(code, dates) if slash else FxPair(code)


@attrs.frozen
class Scenario:
    """A script and what is expected of it.

    Attributes:
        script: The TOML document.
        name: Of its file, or of its place in a text.
    """

    script: Mapping[str, Any]
    name: str = ""

    @classmethod
    def from_text(cls, text: str, name: str = "") -> Scenario:
        """Return the scenario of a TOML text.

        Raises:
            InvalidArgument: It is not TOML.
        """
        try:
            return cls(tomli.loads(text), name)
        except tomli.TOMLDecodeError as problem:
            raise InvalidArgument(f"{problem}.", place=name) from problem

    @classmethod
    def from_file(cls, path: Path) -> Scenario:
        """Return the scenario of a TOML file."""
        return cls.from_text(path.read_text("utf-8"), path.name)

    def run(self) -> Run:
        """Return the run of the script, to its end."""
        return Run(self.script, self.name)

    def problems(self) -> list[str]:
        """Return what differs from what is expected, as lines of a diff; nothing when all is as expected."""
        run = self.run()
        found = list(run.surprises)
        for what, expected in self.script.get("expect", {}).items():
            wanted = _lines(expected) if isinstance(expected, str) else _flat(expected)
            got = (
                _lines("\n".join(run.outcome(what))) if isinstance(expected, str) else _flat(run.table(what, expected))
            )
            found += difflib.unified_diff(wanted, got, f"expected {what}", f"{what} of the run", lineterm="")
        return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    lines = []
    for key, value in table.items():
        lines += _flat(value, f"{prefix}{key} ") if isinstance(value, Mapping) else [f"{prefix}{key} = {value}"]
    return lines


class Run:
    """One run of a scenario.

    Attributes:
        exchange: As the script left it.
        heard: What the client's listeners were told, one line an event.
        surprises: Errors that were expected and did not come, or came and were not expected.
    """

    def __init__(self, script: Mapping[str, Any], name: str) -> None:
        self._script = script
        self._start = script.get("start", _START)
        self._refs: dict[str, str] = {}
        self.heard: list[str] = []
        self.surprises: list[str] = []
        faults = [fault(**settings) for settings in script.get("faults", ())]
        models = _models(script.get("models", {}))
        self.exchange = Exchange(self._start, seed=script.get("seed", 0), models=models, faults=faults)
        self._listen()
        for account, settings in script.get("accounts", {"DU1": {}}).items():
            cash = settings.get("cash", {"USD": 100_000})
            self.exchange.open_account(account, cash, settings.get("base_currency", "USD"))
        for contract, settings in script["contracts"].items():
            self._list(contract_named(contract), settings)
        self._first = contract_named(next(iter(script["contracts"])))
        for number, step in enumerate(script.get("steps", ()), 1):
            self._step(f"{name} step {number}", step)

    # -- what came of it -------------------------------------------------------------------

    def outcome(self, what: str) -> list[str]:
        """Return the event log (`log`), or what the client heard (`heard`), as lines."""
        return self.exchange.log() if what == "log" else self.heard

    def table(self, what: str, expected: Mapping[str, Any]) -> dict[str, Any]:
        """Return what there is of `cash`, `realised`, `positions`, `orders` or `client`, for the names expected."""
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
            name: exchange.order(self._refs[name]).at_exchange()
            if what == "orders"
            else exchange.order(self._refs[name]).current()
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
        settings = dict(given)
        bars, ticks = settings.pop("bars", ""), settings.pop("ticks", "")
        length = settings.pop("length", 60)
        settings.setdefault("currency", contract.quote if isinstance(contract, FxPair) else "USD")
        if "hours" in settings:
            settings["sessions"] = _weekly(settings.pop("hours"))
        if "sessions" in settings and not isinstance(settings["sessions"], WeeklyHours):
            settings["sessions"] = _sessions(settings["sessions"])
        if "outside_hours" in settings:
            settings["outside_hours"] = OutsideHours(settings["outside_hours"])
        self.exchange.list_contract(ContractTerms(contract, settings.pop("tick", "0.1"), **settings))
        rows = [line.split() for line in _lines(bars or ticks) if line]
        if not rows:
            return
        times = [self._instant(row[0]) for row in rows]
        columns = [[float(row[at]) for row in rows] for at in range(1, len(rows[0]))]
        if ticks:
            self.exchange.add_ticks(contract, times, *columns)
        else:
            self.exchange.add_bars(contract, times, *columns, length=timedelta(seconds=length))

    def _instant(self, text: str | datetime) -> int:
        if isinstance(text, datetime):
            return nanoseconds(text)
        day, separator, clock = text.rpartition("T")
        on = date.fromisoformat(day) if separator else self._start.date()
        return nanoseconds(datetime.combine(on, time.fromisoformat(clock), tzinfo=timezone.utc))

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
                self.surprises.append(f"{place}: {expected} was expected, and did not come")

    def _do(self, step: Mapping[str, Any]) -> None:
        exchange = self.exchange
        if "submit" in step:
            order = self._order(step)
            self._refs[step["submit"]] = order.order_ref
            for number, child in enumerate(order.children, 1):
                self._refs[f"{step['submit']}.{number}"] = child.order_ref
            exchange.submit(order)
        elif "cancel" in step:
            exchange.cancel(self._refs[step["cancel"]])
        elif "modify" in step:
            change = OrderChange(step.get("limit"), step.get("stop"), step.get("quantity"))
            exchange.modify(self._refs[step["modify"]], change)
        elif "advance" in step:
            exchange.advance(step["advance"])
        elif "to" in step:
            exchange.advance_to(self._instant(step["to"]))
        elif "query" in step:
            exchange.query(self._refs[step["query"]])
        elif "disconnect" in step:
            exchange.disconnect("ordered by the script", timedelta(seconds=step["disconnect"]))
        elif "positions" in step:
            held = [f"{one.quantity:+d} {one.contract}" for one in exchange.positions()]
            self.heard.append(f"positions {', '.join(held) or 'none'}")
        else:
            _named_step(exchange, step)

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


def _named_step(exchange: Exchange, step: Mapping[str, Any]) -> None:
    actions: dict[str, Callable[[], object]] = {
        "run": exchange.run,
        "cancel_all": exchange.cancel_all,
        "reconnect": exchange.reconnect,
    }
    for name, action in actions.items():
        if name in step:
            action()
            return
    raise InvalidArgument(f"No step is called {next(iter(step), 'nothing')!r}.", candidates=actions)


def _tuple(lots: Sequence[int]) -> str:
    return ",".join(map(str, lots))


def _fill_line(fill: Fill) -> str:
    corrects = f" corrects {fill.corrects}" if fill.corrects else ""
    return f"fill {fill.execution_id} {fill.quantity:+d} @ {fill.price}{corrects}{' late' if fill.late else ''}"


def _models(given: Mapping[str, Any]) -> Models:
    volume = given.get("volume_share", 1)
    return Models(
        commission=_one_of(_COMMISSION, given.get("commission"), NoCommission()),
        slippage=_one_of(_SLIPPAGE, given.get("slippage"), NoSlippage()),
        volume=UnlimitedVolume() if volume == "unlimited" else VolumeShare(volume),
        latency=Latency(**{name: timedelta(seconds=value) for name, value in given.get("latency", {}).items()}),
        path=IntrabarPath(given.get("path", "nearest-first")),
        limit_fills_on_touch=given.get("limit_fills_on_touch", True),
        queue_ahead=given.get("queue_ahead", 0),
    )


def _one_of(kinds: Mapping[str, Any], given: Mapping[str, Any] | None, default: Any) -> Any:
    if not given:
        return default
    (name, value), *more = given.items()
    return kinds[name](value, **dict(more))


def _weekly(hours: Mapping[str, Any]) -> WeeklyHours:
    spans = [(time.fromisoformat(first), time.fromisoformat(last)) for first, last in hours["daily"]]
    days = hours.get("days", [0, 1, 2, 3, 4])
    return WeeklyHours(dict.fromkeys(days, spans), hours.get("zone", "UTC"), hours.get("holidays", ()))


def _sessions(spans: Sequence[Sequence[datetime]]) -> Sessions:
    return SessionList((first, last) for first, last in spans)


def main(paths: Sequence[str]) -> int:
    """Run scenario files, print what differs, and return how many are not as expected."""
    wrong = 0
    for path in paths:
        problems = Scenario.from_file(Path(path)).problems()
        wrong += bool(problems)
        print(f"{path}: {'differs' if problems else 'as expected'}", *problems, sep="\n")
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
