"""The exchange and the plain exchange, side by side: asked the same, compared after every step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from plain_exchange import PlainOrder
from plain_exchange.line import Held

from brokerkit.plugins.sim.exchange import Exchange
from brokerkit.spec.order import Order
from exchange_machine import compare
from exchange_machine.answers import named
from exchange_machine.client import Client
from exchange_machine.hours import BEGIN, MINUTE
from exchange_machine.narrow import looks_at_few_bars
from exchange_machine.reactions import Reactions
from exchange_machine.setting import CONTRACTS, FIRST, settings_of_a_run


class SideBySide(RuleBasedStateMachine):
    """What every room of rules stands on.

    Attributes:
        fault: The fault that strikes in every run, beside others; none strikes where it is empty.
        sent: Orders by the exchange's number of them.
        cursor: When each contract's next bar may begin.
        at: Where each contract's last bar closed, in ticks.
        forgotten: Orders that the exchange has let go of, and its file has not.
        settled: Orders that were final and the same on both sides when they were compared.
    """

    exchange: Exchange
    fault = ""

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        self.folder = Path(self.opened.enter_context(tempfile.TemporaryDirectory()))
        self.sent: dict[int, Order] = {}
        self.cursor: dict[Any, int] = {}
        self.at = dict(FIRST)
        self.listed: list[Any] = list(CONTRACTS)
        self.settled: set[int] = set()
        self.forgotten: dict[int, PlainOrder] = {}
        self.is_set_up = self.is_sound = False

    @initialize(data=st.data())
    def set_up(self, data: st.DataObject) -> None:
        setting = self.setting = data.draw(settings_of_a_run(self.fault))
        self.plain = setting.plain()
        if setting.narrow:
            self.opened.enter_context(looks_at_few_bars())
        self.reactions = Reactions(self)
        self.open()
        self.cursor = {contract: BEGIN - 5 * MINUTE + setting.offset(contract) for contract in self.listed}
        self.is_set_up = True
        self.give_history()

    def open(self) -> None:
        """Open the exchange, new or as it was left, with a client that listens."""
        self.exchange = self.setting.exchange(self.folder)
        self.opened.callback(self.exchange.close)
        for contract in self.listed[len(CONTRACTS) :]:
            self.exchange.list_contract(self.setting.terms(contract))
        self.client = Client(self.exchange, set(self.setting.faults))
        self.reactions.listen()

    def give_history(self) -> None:
        """Give every contract a bar before the start."""
        raise NotImplementedError

    # -- both sides ----------------------------------------------------------------------------

    def both(self, ask: Callable[[], Any], ask_plain: Callable[[], Any]) -> bool:
        """Ask both; what one refuses the other must refuse, under the same name. Return whether it was taken."""
        refused, expected = named(ask), named(ask_plain)
        assert refused == expected, f"the exchange says {refused or 'yes'}, the plain one {expected or 'yes'}"
        self.plain.tell()
        return not refused

    def advance(self, to: int) -> None:
        """Move both clocks."""
        self.exchange.advance_to(to)
        self.follow()

    def follow(self) -> None:
        """Move the plain exchange's clock; which contract trades first at one instant is for the exchange to choose."""
        self.plain.first_and_last = compare.first_and_last(self.exchange, self.settled)
        self.plain.advance_to(self.exchange.now_ns)

    # -- what must hold ------------------------------------------------------------------------

    @invariant()
    def both_are_the_same(self) -> None:
        if not self.is_set_up:
            return
        self.is_sound = False
        try:
            self._compare()
        except AssertionError as difference:
            log = "\n".join(self.exchange.log()[-60:])
            raise AssertionError(f"{difference}\nThe exchange's log ends with\n{log}") from difference
        self.is_sound = True

    def _compare(self) -> None:
        assert self.exchange.now_ns == self.plain.now
        compare.check_orders(self.exchange, self.plain, self.settled)
        self.reactions.check()
        self.client.check_lost_acknowledgements()
        compare.check_money(self.exchange, self.plain)
        held: list[Held] = []
        self.both(
            lambda: held.append(compare.positions(self.exchange)),
            lambda: held.append(compare.plain_positions(self.plain)),
        )
        assert not held or held[0] == held[1]

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self.come_to_rest()
        finally:
            self.opened.close()

    def come_to_rest(self) -> None:
        """Let nothing more go wrong, and everything arrive: then the client knows what is true."""
        self.exchange.clear_faults()
        self.plain.line.faults.clear()
        self.exchange.reconnect()
        self.plain.line.reconnect()
        self.advance(self.exchange.now_ns + 10 * MINUTE)
        self.settled.clear()
        self.both_are_the_same()
        self.client.check_everything()
