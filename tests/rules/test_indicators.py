"""Targets and trends: which way is better, and what makes a series go somewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import NotAllowed
from programme.rules.indicators import LIFECYCLE, Direction, IndicatorFacts, State, Trend, meets, trend

VALUES = st.lists(st.integers(-1000, 1000).map(float), max_size=8)
OTHER = {Direction.HIGHER: Direction.LOWER, Direction.LOWER: Direction.HIGHER}
OPPOSITE = {
    Trend.IMPROVING: Trend.WORSENING, Trend.WORSENING: Trend.IMPROVING, Trend.STEADY: Trend.STEADY, None: None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "target", "direction", "expected"),
    [
        (90, 90, Direction.HIGHER, True), (89.9, 90, Direction.HIGHER, False), (91, 90, Direction.HIGHER, True),
        (10, 10, Direction.LOWER, True), (10.1, 10, Direction.LOWER, False), (9, 10, Direction.LOWER, True),
        (10, None, Direction.LOWER, None), (0, 0, Direction.HIGHER, True),
    ],
)  # fmt: skip
def test_a_result_as_good_as_its_target_meets_it(
    value: float, target: float | None, direction: Direction, expected: bool | None
) -> None:
    assert meets(value, target, direction) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None), ([1], None), ([1, 2], Trend.IMPROVING), ([2, 1], Trend.WORSENING), ([1, 1], Trend.STEADY),
        ([1, 5, 4], Trend.IMPROVING), ([5, 1, 2], Trend.WORSENING), ([1, 2, 1], Trend.STEADY),
        ([80, 84, 99, 83], Trend.IMPROVING),
    ],
)  # fmt: skip
def test_no_single_year_decides_where_a_series_goes(values: list[float], expected: Trend | None) -> None:
    assert trend(values, Direction.HIGHER) is expected
    assert trend(values, Direction.LOWER) is OPPOSITE[expected]


@given(VALUES, st.sampled_from(Direction))
def test_told_backwards_or_for_the_other_direction_a_trend_turns(values: list[float], direction: Direction) -> None:
    found = trend(values, direction)
    assert trend(values[::-1], direction) is OPPOSITE[found]
    assert trend(values, OTHER[direction]) is OPPOSITE[found]
    assert (found is None) == (len(values) < 2)


@given(VALUES, st.integers(1, 50), st.integers(-500, 500), st.sampled_from(Direction))
def test_a_trend_knows_no_unit(values: list[float], scale: int, shift: int, direction: Direction) -> None:
    assert trend([value * scale + shift for value in values], direction) is trend(values, direction)


def test_an_indicator_is_retired_and_resumed() -> None:
    assert LIFECYCLE.check("retire", IndicatorFacts(State.ACTIVE)).to == State.RETIRED
    assert LIFECYCLE.check("resume", IndicatorFacts(State.RETIRED)).to == State.ACTIVE
    for name, state in (("retire", State.RETIRED), ("resume", State.ACTIVE)):
        with pytest.raises(NotAllowed):
            LIFECYCLE.check(name, IndicatorFacts(state))
