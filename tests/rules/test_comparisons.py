"""Two assessments side by side: what became better or worse, and what only one of them has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules import comparisons as rules
from programme.rules.assessments import RatingValue, score
from programme.rules.comparisons import Direction, Presence

Found = tuple[RatingValue, int | None] | None
_found = st.one_of(st.none(), st.tuples(st.sampled_from(RatingValue), st.one_of(st.none(), st.integers(0, 4))))
trees = st.dictionaries(st.sampled_from("ABCD"), st.lists(_found, max_size=4), max_size=4)


def rating(found: Found, carried_from: str | None = None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "rating": found[0], "level": found[1], "levels": [], "comment": None, "evidence": [], "carried_from": carried_from,
    }  # fmt: skip


def tree(by_code: dict[str, list[Found]]) -> list[dict[str, Any]]:
    """Principles with these codes in this order, numbered 1, 2, 3…"""
    made = []
    for number, (code, founds) in enumerate(by_code.items(), start=1):
        counted = score(one[0] for one in founds if one)
        made.append({
            "number": number, "code": code, "name": {"lt": code, "en": code}, "score": counted.rounded,
            "met": counted.met, "applicable": counted.applicable,
            "criteria": [
                {"number": f"{number}.{below}", "title": {"lt": "Kriterijus", "en": "Criterion"}, "rating": rating(found)}
                for below, found in enumerate(founds, start=1)
            ],
        })  # fmt: skip
    return made


def compared(before: dict[str, list[Found]], after: dict[str, list[Found]]) -> list[dict[str, Any]]:
    return list(rules.principles(tree(before), tree(after), same_scale=True))


MET, PARTLY, NOT_MET, NOT_APPLICABLE = RatingValue


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ((NOT_MET, None), (PARTLY, None), Direction.IMPROVED),
        ((PARTLY, None), (MET, None), Direction.IMPROVED),
        ((MET, 4), (NOT_MET, 4), Direction.WORSE),
        ((MET, None), (MET, 3), Direction.SAME),
        ((MET, 2), (MET, 3), Direction.IMPROVED),
        ((MET, 3), (MET, 2), Direction.WORSE),
        ((MET, 3), (MET, 3), Direction.SAME),
        ((NOT_MET, 4), (PARTLY, 0), Direction.IMPROVED),
        ((NOT_APPLICABLE, None), (MET, None), None),
        ((MET, None), (NOT_APPLICABLE, None), None),
        (None, (MET, None), None),
        ((MET, None), None, None),
    ],
)
def test_a_rating_improves_stays_or_gets_worse(before: Found, after: Found, direction: Direction | None) -> None:
    assert rules.of_ratings(rating(before), rating(after), same_scale=True) is direction


def test_levels_of_two_scales_say_nothing() -> None:
    assert rules.of_ratings(rating((MET, 1)), rating((MET, 4)), same_scale=False) is Direction.SAME


def test_what_is_only_carried_forward_is_no_finding() -> None:
    before, after = tree({"A": [(NOT_MET, None)]}), tree({"A": [(MET, None)]})
    after[0]["criteria"][0]["rating"]["carried_from"] = "somewhere"
    (principle,) = rules.principles(before, after, same_scale=True)
    (criterion,) = principle["criteria"]
    assert (criterion["rating"], criterion["direction"]) == (None, None)
    assert criterion["with_rating"]["rating"] == "not_met"


def test_a_principle_that_moved_is_found_by_its_code() -> None:
    before = {"RIGHTS": [(NOT_MET, None), (MET, None)], "STAFF": [(MET, None)]}
    after = {"ETHICS": [(MET, None)], "RIGHTS": [(MET, None)]}
    ethics, rights, staff = compared(before, after)
    assert [(one["code"], one["number"], one["presence"]) for one in (ethics, rights, staff)] == [
        ("ETHICS", 1, Presence.ADDED),
        ("RIGHTS", 2, Presence.BOTH),
        ("STAFF", 2, Presence.REMOVED),
    ]
    assert (rights["direction"], ethics["direction"], staff["direction"]) == (Direction.IMPROVED, None, None)
    assert [(one["number"], one["with_number"], one["presence"], one["direction"]) for one in rights["criteria"]] == [
        ("2.1", "1.1", Presence.BOTH, Direction.IMPROVED),
        ("1.2", "1.2", Presence.REMOVED, None),
    ]
    assert rules.summary([ethics, rights, staff]) == {
        "improved": 1, "same": 0, "worse": 0, "unknown": 0, "added": 1, "removed": 2,
    }  # fmt: skip


@given(trees, trees)
def test_every_criterion_of_either_is_named_once(before: dict[str, list[Found]], after: dict[str, list[Found]]) -> None:
    found = compared(before, after)
    counted = rules.summary(found)
    both = [code for code in before if code in after]
    pairs = sum(min(len(before[code]), len(after[code])) for code in both)
    every = sum(map(len, before.values())) + sum(map(len, after.values()))
    assert sum(counted.values()) == every - pairs
    assert counted["added"] == sum(map(len, after.values())) - pairs
    assert counted["removed"] == sum(map(len, before.values())) - pairs
    assert [one["code"] for one in found] == [*after, *(code for code in before if code not in after)]


@given(trees, trees)
def test_looked_at_from_the_other_side_better_is_worse(
    before: dict[str, list[Found]], after: dict[str, list[Found]]
) -> None:
    there, back = rules.summary(compared(before, after)), rules.summary(compared(after, before))
    turned = {"improved": "worse", "worse": "improved", "added": "removed", "removed": "added"}
    assert back == {name: there[turned.get(name, name)] for name in there}
    directions = {one["code"]: one["direction"] for one in compared(before, after)}
    opposite = {Direction.IMPROVED: Direction.WORSE, Direction.WORSE: Direction.IMPROVED}
    for one in compared(after, before):
        assert one["direction"] == opposite.get(directions[one["code"]], directions[one["code"]])  # type: ignore[call-overload]


@given(trees)
def test_nothing_changed_from_itself(same: dict[str, list[Found]]) -> None:
    counted = rules.summary(compared(same, same))
    assert counted["same"] + counted["unknown"] == sum(counted.values()) == sum(map(len, same.values()))
