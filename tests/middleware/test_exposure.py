"""What a position could become, held against every way in which the working orders could be filled."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from brokerkit.middleware.exposure import Exposure

lots = st.integers(-9, 9).filter(bool)


def with_orders(position: int, working: list[int]) -> Exposure:
    """Return the exposure of a position with working orders."""
    exposure = Exposure(position)
    for order in working:
        exposure = exposure.with_order(order)
    return exposure


def outcomes(position: int, working: list[int]) -> set[int]:
    """Return every position that can come of it, whichever orders are filled."""
    return {
        position + sum(order for order, is_filled in zip(working, filled, strict=True) if is_filled)
        for filled in product([False, True], repeat=len(working))
    }


@given(st.integers(-20, 20), st.lists(lots, max_size=6))
def test_the_reach_is_the_largest_position_of_all_that_can_come(position: int, working: list[int]) -> None:
    exposure = with_orders(position, working)
    possible = outcomes(position, working)
    assert exposure.reach(1) == max(0, max(possible))
    assert exposure.reach(-1) == max(0, -min(possible))


@given(st.integers(-20, 20), st.lists(lots, max_size=3), st.lists(lots, min_size=1, max_size=3))
def test_of_orders_that_cancel_each_other_only_one_counts(position: int, working: list[int], group: list[int]) -> None:
    exposure = with_orders(position, working).with_order(*group)
    possible = set().union(*(outcomes(position, [*working, one]) for one in group))
    assert exposure.reach(1) == max(0, max(possible))
    assert exposure.reach(-1) == max(0, -min(possible))


@given(st.integers(-20, 20), st.lists(lots, max_size=5), lots)
def test_an_order_that_only_shrinks_never_opens_nor_turns_a_position(
    position: int, working: list[int], order: int
) -> None:
    if with_orders(position, working).only_shrinks(order):
        side = 1 if position > 0 else -1
        closing = [each for each in working if each * side < 0]
        assert all(before * side > 0 for before in outcomes(position, closing))
        assert all((before + order) * side >= 0 for before in outcomes(position, closing))


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, -1]))
def test_without_other_orders_it_may_close_all_but_no_more(position: int, order: int, side: int) -> None:
    assert Exposure(position * side).only_shrinks(-order * side) is (order <= position)
    assert not Exposure(position * side).only_shrinks(order * side)
    assert not Exposure(0).only_shrinks(order * side)
