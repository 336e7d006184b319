"""How history is paced, whatever the size of its bars."""

from __future__ import annotations

import asyncio
import random
import time

from brokerkit.plugins.ib.history_pacing import HistoryPacing, MessageRule, SmallBarRules


def test_no_second_has_more_requests_than_the_rule_says() -> None:
    rule, chances, now, sent = MessageRule(most=25), random.Random(7), 100.0, []
    for _ in range(300):
        now += chances.choice((0.0, 0.0, 0.0, 0.2))
        now += rule.wait(now)
        rule.count(now)
        sent.append(now)
    assert max(sum(start <= each < start + 1 for each in sent) for start in sent) == 25
    assert now - 100 < 300 / 25 + 60  # and no longer than the rule asks for


def test_a_slot_is_given_only_as_the_rules_allow() -> None:
    async def slots(count: int, *, is_small: bool) -> list[float]:
        pacing, given = HistoryPacing(), []
        for number in range(count):
            async with pacing.slot(number, "GOLD", is_small=is_small):
                given.append(time.monotonic())
        return given

    large = asyncio.run(slots(26, is_small=False))
    assert large[24] - large[0] < 1.0 <= large[25] - large[0]
    small = asyncio.run(slots(6, is_small=True))
    assert small[4] - small[0] < 2.0 <= small[5] - small[0]


def test_what_is_over_is_forgotten() -> None:
    """A program that reads seconds for months must not grow."""
    rules = SmallBarRules()
    for number in range(1000):
        rules.count(20.0 * number, f"request {number}", f"stream {number}")
    assert len(rules._identical) == 1
    assert len(rules._burst) == 1
