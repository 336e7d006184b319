"""How history is paced, whatever the size of its bars."""

from __future__ import annotations

import random

from brokerkit.plugins.ib.history_pacing import MessageRule, SmallBarRules


def test_no_second_has_more_requests_than_the_rule_says() -> None:
    rule, chances, now, sent = MessageRule(most=25), random.Random(7), 100.0, []
    for _ in range(300):
        now += chances.choice((0.0, 0.0, 0.0, 0.2))
        now += rule.wait(now)
        rule.count(now)
        sent.append(now)
    assert max(sum(start <= each < start + 1 for each in sent) for start in sent) == 25
    assert now - 100 < 300 / 25 + 60  # and no longer than the rule asks for


def test_what_is_over_is_forgotten() -> None:
    """A program that reads seconds for months must not grow."""
    rules = SmallBarRules()
    for number in range(1000):
        rules.count(20.0 * number, f"request {number}", f"stream {number}")
    assert len(rules._identical) == 1
    assert len(rules._burst) == 1
