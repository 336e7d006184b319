"""What a run trades on, drawn by Hypothesis: the exchange, and the plain exchange beside it, set up alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from plain_exchange import PlainContract, PlainExchange, PlainFault, PlainModels

from brokerkit.plugins.sim.exchange import (
    CommissionModel,
    ContractTerms,
    Exchange,
    IntrabarPath,
    Latency,
    Models,
    NoCommission,
    NoSlippage,
    OutsideHours,
    PercentOfValue,
    PercentSlippage,
    PerLot,
    PerOrder,
    SlippageModel,
    TickSlippage,
    UnlimitedVolume,
    VolumeImpact,
    VolumeShare,
    fault,
)
from brokerkit.spec.contract import FuturesContract, FxPair
from exchange_machine.hours import BEGIN, SECOND, START, Hours, drawn_hours, every_day

NEAR, FAR = FuturesContract("GOLD", "202312"), FuturesContract("GOLD", "202402")
LAST, DAX, CORN = FuturesContract("GOLD", "202404"), FuturesContract("DAX", "202312"), FuturesContract("CORN", "202312")
SILVER, EURUSD = FuturesContract("SILVER", "202312"), FxPair("EURUSD")
CONTRACTS: tuple[FuturesContract | FxPair, ...] = (NEAR, FAR, LAST, DAX, CORN, EURUSD)
"""What is listed from the start; silver is listed later, and has no history then."""

ALL = (*CONTRACTS, SILVER)
TICK = dict(zip(ALL, ("0.1", "0.1", "0.1", "0.5", "0.25", "0.0001", "0.1"), strict=True))
CURRENCY = dict(zip(ALL, ("USD", "USD", "USD", "EUR", "USD", "USD", "USD"), strict=True))
POINT = dict(zip(ALL, (300, 100, 100, 75, 50, 1, 120), strict=True))
INITIAL = dict(zip(ALL, (300, 200, 250, 400, 0, 0, 150), strict=True))
MAINTENANCE = dict(zip(ALL, (280, 180, 250, 350, 0, 0, 140), strict=True))
FIRST = dict(zip(ALL, (1000, 1005, 1010, 2000, 1900, 11000, 240), strict=True))
"""Where prices begin, in ticks."""

CHANGES_WHAT_HAPPENS = (
    "rejection", "lost-order", "disconnect", "lost-cancel", "refused-cancel", "cancel-fill-race", "late-fill",
    "lost-modify",
)  # fmt: skip
AT_FILLS = ("silent-stall", "reordered-fills", "execution-correction")
AT_QUESTIONS = ("pacing", "stale-positions", "failed-positions")
"""Both wait for what is told or answered, of which a file that was written before does not know."""

AT_RESTARTS = ("id-reuse",)

ONLY_TOLD = (
    "lost-statuses", "lost-acknowledgement", "late-acknowledgement", "fill-before-acknowledgement", "duplicate-fill",
    "late-commission", "missing-commission",
)  # fmt: skip

EVERY_FAULT = (*CHANGES_WHAT_HAPPENS, *AT_FILLS, *AT_QUESTIONS, *AT_RESTARTS, *ONLY_TOLD)


class Briefly:
    """Shows itself as its `repr` where Hypothesis reports a failure."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass(repr=False)
class Setting(Briefly):
    """Everything that is chosen before a run.

    Attributes:
        stagger: By how many seconds each contract's bars begin later than those of the one before it.
        narrow: Whether the exchange looks at few bars at a time, so that it has to look again often.
        feed: `arrays` of bars, `one by one`, or `ticks` for corn.
        has_rates: Whether the pair has prices.
        reacts: Whether a listener places and cancels orders when it hears of fills.
    """

    stagger: int = 0
    narrow: bool = False
    feed: str = "arrays"
    has_rates: bool = True
    reacts: bool = False
    path: str = "nearest-first"
    touch: bool = True
    queue_ahead: int = 0
    share: str | None = "1"
    slip: tuple[str, str] | None = None
    fee: tuple[str, str, str] | None = None
    latency: tuple[int, int, int] = (0, 0, 0)
    hours: dict[Any, Hours] = field(default_factory=dict)
    refuses: bool = False
    expiry: int | None = None
    settlement: str | None = None
    cash: tuple[int, int, int] = (100_000, 0, 50_000)
    faults: dict[str, tuple[int, ...]] = field(default_factory=dict)
    keeps_state: bool = False

    def __post_init__(self) -> None:
        self.hours = {contract: self.hours.get(contract) or every_day() for contract in ALL}

    def __repr__(self) -> str:
        plain = Setting()
        given = {name: value for name, value in vars(self).items() if value != getattr(plain, name)}
        given["hours"] = {str(one): hours for one, hours in self.hours.items() if hours.sessions is not None}
        return f"Setting({given})"

    # -- the exchange --------------------------------------------------------------------------

    def exchange(self, folder: Path) -> Exchange:
        """Return an exchange so set up, new or as its state file has it."""
        state = folder / "state.sqlite" if self.keeps_state else None
        faults = [fault(name, at=at) for name, at in self.faults.items()]
        made = Exchange(START, models=self._models(), faults=faults, state=state)
        usd, eur, other = self.cash
        made.open_account("A", {"USD": usd, "EUR": eur}, "USD")
        made.open_account("B", {"EUR": other}, "EUR")
        for contract in CONTRACTS:
            made.list_contract(self.terms(contract))
        return made

    def _models(self) -> Models:
        submit, modify, cancel = (timedelta(seconds=seconds) for seconds in self.latency)
        return Models(
            commission=self._commission(),
            slippage=self._slippage(),
            volume=UnlimitedVolume() if self.share is None else VolumeShare(self.share),
            latency=Latency(submit, modify, cancel),
            path=IntrabarPath(self.path),
            queue_ahead=self.queue_ahead,
            limit_fills_on_touch=self.touch,
        )

    def _commission(self) -> CommissionModel:
        kind, amount, minimum = self.fee or ("none", "0", "0")
        if kind == "per lot":
            return PerLot(amount, minimum)
        kinds = {"none": NoCommission, "per order": lambda: PerOrder(amount), "percent": lambda: PercentOfValue(amount)}
        return kinds[kind]()

    def _slippage(self) -> SlippageModel:
        kind, amount = self.slip or ("none", "0")
        if kind == "percent":
            return PercentSlippage(amount)
        kinds = {"none": NoSlippage, "ticks": lambda: TickSlippage(int(amount))}
        return kinds.get(kind, lambda: VolumeImpact(int(amount)))()

    def terms(self, contract: FuturesContract | FxPair) -> ContractTerms:
        """Return the terms on which a contract is listed."""
        refuses = self.refuses and contract is DAX
        return ContractTerms(
            contract,
            TICK[contract],
            CURRENCY[contract],
            multiplier=POINT[contract],
            initial_margin=INITIAL[contract],
            maintenance_margin=MAINTENANCE[contract],
            sessions=self.hours[contract].sessions,
            outside_hours=OutsideHours.REFUSE if refuses else OutsideHours.HOLD,
            expiry=None if self.expiry is None or contract is not NEAR else START + timedelta(seconds=self.expiry),
            settlement_price=self.settlement if contract is NEAR else None,
        )

    # -- the plain exchange --------------------------------------------------------------------

    def plain(self) -> PlainExchange:
        """Return a plain exchange so set up."""
        made = PlainExchange(BEGIN, self._plain_models(), [PlainFault(*one) for one in self.faults.items()])
        usd, eur, other = self.cash
        made.open_account("A", "USD", {"USD": usd, "EUR": eur})
        made.open_account("B", "EUR", {"EUR": other})
        for contract in CONTRACTS:
            made.list_contract(self.plain_contract(contract))
        return made

    def _plain_models(self) -> PlainModels:
        submit, modify, cancel = (seconds * SECOND for seconds in self.latency)
        return PlainModels(
            self.path, self.touch, self.queue_ahead,
            None if self.share is None else Fraction(self.share),
            None if self.slip is None else (self.slip[0], Fraction(self.slip[1])),
            None if self.fee is None else (self.fee[0], Fraction(self.fee[1]), Fraction(self.fee[2])),
            {"submit": submit, "modify": modify, "cancel": cancel},
        )  # fmt: skip

    def plain_contract(self, contract: FuturesContract | FxPair) -> PlainContract:
        """Return the same contract as the plain exchange has it."""
        is_near = contract is NEAR
        return PlainContract(
            contract, ALL.index(contract), Fraction(TICK[contract]), CURRENCY[contract], Fraction(POINT[contract]),
            self.hours[contract].spans, Fraction(INITIAL[contract]), Fraction(MAINTENANCE[contract]),
            self.refuses and contract is DAX,
            BEGIN + self.expiry * SECOND if is_near and self.expiry is not None else None,
            Fraction(self.settlement) if is_near and self.settlement is not None else None,
        )  # fmt: skip

    def offset(self, contract: FuturesContract | FxPair) -> int:
        """Return by how much later than the minute a contract's bars begin."""
        return ALL.index(contract) * self.stagger * SECOND


def price(contract: FuturesContract | FxPair, ticks: int) -> Decimal:
    """Return so many ticks as a price."""
    return ticks * Decimal(TICK[contract])


def some(name: str) -> st.SearchStrategy[tuple[str, tuple[int, ...]]]:
    """Draw on which occasions a fault strikes."""
    return st.tuples(st.just(name), st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True).map(tuple))


FEES = [
    None, ("per lot", "2.07", "0"), ("per lot", "0.85", "6"), ("per order", "3.3", "0"), ("percent", "0.013", "0"),
]  # fmt: skip
SLIPS = [None, None, ("ticks", "2"), ("percent", "0.15"), ("impact", "3")]
LATENCIES = [(0, 0, 0), (0, 0, 0), (11, 13, 17), (71, 19, 23), (5, 0, 97)]
CASH = [(100_000, 0, 50_000), (5_000, 0, 4_000), (4_000, 900, 3_000), (1_500, 2_000, 9_000)]


@st.composite
def settings_of_a_run(draw: st.DrawFn, fault: str) -> Setting:
    """Draw a setting in which one fault strikes, and others may; or nobody listens for faults, but acts on fills.

    What is drawn first is simplest, so that a failure shrinks to a plain market.
    """
    keeps_state = fault in AT_RESTARTS or (fault not in (*AT_FILLS, *AT_QUESTIONS) and draw(st.booleans()))
    reacts = not fault and draw(st.sampled_from([False, False, True]))
    others = [*CHANGES_WHAT_HAPPENS, *ONLY_TOLD, *(AT_RESTARTS if keeps_state else (*AT_FILLS, *AT_QUESTIONS))]
    more = st.lists(st.sampled_from(others).flatmap(some), max_size=3)
    feed = draw(st.sampled_from(["arrays", "arrays", "ticks", "one by one"]))
    return Setting(
        stagger=draw(st.sampled_from([0, 0, 7])),
        narrow=feed == "arrays" and draw(st.booleans()),
        feed=feed,
        has_rates=draw(st.sampled_from([True, True, True, False])),
        reacts=reacts,
        path=draw(st.sampled_from(["nearest-first", "high-first", "low-first"])),
        touch=draw(st.sampled_from([True, True, False])),
        queue_ahead=draw(st.sampled_from([0, 0, 3, 1])),
        share=draw(st.sampled_from(["1", "0.5", None])),
        slip=draw(st.sampled_from(SLIPS)),
        fee=draw(st.sampled_from(FEES)),
        latency=draw(st.sampled_from(LATENCIES)),
        hours=draw(st.one_of(st.just({}), st.dictionaries(st.sampled_from(ALL), drawn_hours, min_size=1, max_size=4))),
        refuses=draw(st.sampled_from([False, False, True])),
        expiry=draw(st.sampled_from([None, None, 300, 485, 900])),
        settlement=draw(st.sampled_from([None, "101.37"])),
        cash=CASH[0] if reacts else draw(st.sampled_from(CASH)),
        faults=dict([*draw(more), draw(some(fault))]) if fault else {},
        keeps_state=keeps_state,
    )
