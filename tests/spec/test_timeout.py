"""How long a call may wait: a number of seconds, or an error that says what was given."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from brokerkit.errors import InvalidArgument, WrongArgumentType
from brokerkit.spec.timeout import LONGEST, seconds_of


@pytest.mark.parametrize(
    ("given", "seconds", "kind"),
    [
        (60, 60, int),
        (0, 0, int),
        (LONGEST, LONGEST, int),
        (0.25, 0.25, float),
        (np.int64(5), 5, int),
        (np.float32(0.5), 0.5, float),
        (Fraction(1, 4), 0.25, float),
    ],
)
def test_any_real_number_becomes_one_of_pythons_own(given: float, seconds: float, kind: type) -> None:
    assert seconds_of(given) == seconds
    assert type(seconds_of(given)) is kind


@pytest.mark.parametrize("given", [-1, 10**400, LONGEST + 1, Fraction(-1, 2), float("nan"), float("-inf")])
def test_what_cannot_be_waited_for_is_out_of_range(given: float) -> None:
    with pytest.raises(InvalidArgument, match=r"wait\(\) was given timeout = .*0 to 3,153,600,000") as refused:
        seconds_of(given)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("given", ["5", "5" * 1000, None, object(), 1j])
def test_what_is_no_number_is_told_by_its_type(given: float) -> None:
    with pytest.raises(WrongArgumentType, match=rf"of type {type(given).__name__}\. \(OrderControl\.wait\)") as refused:
        seconds_of(given)
    assert len(str(refused.value)) < 300
