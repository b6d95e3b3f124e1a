"""Levels on the scale of a version, and what they come to by perspective."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules.ratings import PLAIN_SCALE, off_scale, perspective_levels, scale_flaws

FIVE: dict[str, Any] = {
    "lowest": 1, "highest": 4, "perspectives": [{"number": number, "name": None} for number in range(1, 6)],
}  # fmt: skip


def level(perspective: int, found: int) -> dict[str, int]:
    return {"perspective": perspective, "level": found}


@pytest.mark.parametrize(
    ("found", "levels", "errors"),
    [
        (None, [], {}),
        (1, [level(1, 1), level(5, 4)], {}),
        (0, [], {"/level": "level_off_scale"}),
        (5, [], {"/level": "level_off_scale"}),
        (
            None,
            [level(1, 0), level(2, 5)],
            {"/levels/0/level": "level_off_scale", "/levels/1/level": "level_off_scale"},
        ),
        (None, [level(6, 2)], {"/levels/0/perspective": "unknown_perspective"}),
        (None, [level(2, 2), level(1, 2), level(2, 3)], {"/levels/2/perspective": "repeated"}),
    ],
)
def test_a_level_lies_on_the_scale(found: int | None, levels: list[dict[str, int]], errors: dict[str, str]) -> None:
    assert {one.pointer: one.code for one in off_scale(FIVE, found, levels)} == errors


def test_a_version_that_says_nothing_of_levels_has_no_perspectives() -> None:
    assert list(scale_flaws(PLAIN_SCALE)) == []
    assert [one.code for one in off_scale(PLAIN_SCALE, 10, [level(1, 1)])] == ["unknown_perspective"]


@pytest.mark.parametrize(
    ("scale", "errors"),
    [
        (FIVE, {}),
        ({**FIVE, "highest": 1}, {"/scale/highest": "scale_reversed"}),
        ({**FIVE, "highest": 0}, {"/scale/highest": "scale_reversed"}),
        (
            {**FIVE, "perspectives": [{"number": 2, "name": None}, {"number": 2, "name": None}]},
            {"/scale/perspectives/0/number": "not_in_order"},
        ),
        (
            {**FIVE, "perspectives": [{"number": number, "name": None} for number in (1, 2, 1)]},
            {"/scale/perspectives/2/number": "not_in_order"},
        ),
    ],
)
def test_a_scale_rises_and_its_perspectives_are_numbered_in_order(
    scale: dict[str, Any], errors: dict[str, str]
) -> None:
    assert {one.pointer: one.code for one in scale_flaws(scale)} == errors
    for one in scale_flaws(scale):
        if one.code == "not_in_order":
            assert one.facts == {"expected": int(one.pointer.split("/")[3]) + 1}


def test_levels_come_to_their_mean_by_perspective() -> None:
    levels = [[level(2, 1), level(1, 4)], [], [level(2, 2)], [level(2, 2)]]
    assert perspective_levels(levels) == [
        {"perspective": 1, "level": Decimal("4.00"), "criteria": 1},
        {"perspective": 2, "level": Decimal("1.67"), "criteria": 3},
    ]


seen = st.lists(st.lists(st.builds(level, st.integers(1, 5), st.integers(0, 10)), max_size=4), max_size=10)


@given(seen)
def test_a_mean_lies_between_its_lowest_and_highest_level(levels: list[list[dict[str, int]]]) -> None:
    everything = [one for of_criterion in levels for one in of_criterion]
    found = perspective_levels(levels)
    assert sum(one["criteria"] for one in found) == len(everything)
    for one in found:
        of_it = [other["level"] for other in everything if other["perspective"] == one["perspective"]]
        assert min(of_it) <= one["level"] <= max(of_it)
