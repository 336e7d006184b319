"""Rules for what goes wrong outside: the line breaks, the exchange is killed and opened again, the past let go of."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from exchange_machine.bar_rules import Row, WithBars, moves
from exchange_machine.hours import MINUTE, SECOND


class WithALine(WithBars):
    """Breaks and mends."""

    @precondition(lambda self: self.is_set_up and not self.setting.reacts)
    @rule(seconds=st.integers(5, 90))
    def disconnect(self, seconds: int) -> None:
        """Break the line for a while."""
        self.exchange.disconnect("by the test", timedelta(seconds=seconds))
        self.plain.line.disconnect(seconds * SECOND)

    @precondition(lambda self: self.is_set_up and not self.exchange.is_connected)
    @rule()
    def reconnect(self) -> None:
        """Mend the line."""
        self.exchange.reconnect()
        self.plain.line.reconnect()

    @precondition(lambda self: self.is_set_up and self.setting.keeps_state)
    @rule()
    def restart(self) -> None:
        """Drop the exchange as SIGKILL would, open what it kept, and give it the bars again."""
        self.plain.orders = dict(sorted({**self.forgotten, **self.plain.orders}.items()))  # the file has kept them
        self.forgotten.clear()
        self.plain.entry.restart()
        self.exchange.abandon()
        self.open()
        for contract, one in self.plain.contracts.items():
            if one.bars:
                self.give_again(contract, list(one.bars.values()))

    @precondition(lambda self: self.is_set_up and self.setting.keeps_state)
    @rule(rows=st.lists(moves, min_size=1, max_size=3), seconds=st.sampled_from([30, 60, 90, 119]))
    def restart_in_a_bar(self, rows: list[Row], seconds: int) -> None:
        """Let bars come that have a volume, and go down in one of them."""
        self.bars(rows=rows, with_volume=True, skipped=0, seconds=seconds)
        self.restart()

    @rule(minutes=st.sampled_from([0, 3]))
    def forget(self, minutes: int) -> None:
        """Let go of what ended some time ago: what is left is as it was."""
        before = len(self.exchange.orders())
        gone = self.exchange.forget(self.exchange.now_ns - minutes * MINUTE)
        left = {live.number for live in self.exchange.orders()}
        assert len(left) == before - gone
        for number in [number for number in self.plain.orders if number not in left]:
            self.forgotten[number] = self.plain.orders.pop(number)
            assert self.forgotten[number].is_final
            self.sent.pop(number, None)
        self.client.forget()
