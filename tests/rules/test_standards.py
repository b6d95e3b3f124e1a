"""What is wrong with a version's tree or policy, and its way from announced to retired."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules import standards as rules
from programme.rules.lifecycle import Role
from programme.rules.standards import LIFECYCLE, PROPOSED_POLICY, VersionFacts, VersionState

SIZES = st.lists(st.integers(min_value=0, max_value=4), max_size=4)


def tree(sizes: list[int]) -> list[dict[str, Any]]:
    """A tree without flaws whose principles have so many criteria."""
    return [
        {
            "number": place + 1,
            "code": f"P{place}",
            "criteria": [{"number": f"{place + 1}.{below + 1}"} for below in range(size)],
        }
        for place, size in enumerate(sizes)
    ]


def told(principles: list[dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(flaw.pointer, flaw.code, dict(flaw.facts)) for flaw in rules.flaws(principles)]


@given(SIZES)
def test_a_tree_numbered_in_order_has_no_flaws(sizes: list[int]) -> None:
    assert told(tree(sizes)) == []


@given(SIZES.filter(bool), st.data())
def test_each_number_out_of_order_is_named_with_the_one_expected(sizes: list[int], data: st.DataObject) -> None:
    principles = tree(sizes)
    place = data.draw(st.integers(min_value=0, max_value=len(sizes) - 1))
    principles[place]["number"] += data.draw(st.sampled_from([-1, 1, 7]))
    expected = [(f"/principles/{place}/number", "not_in_order", {"expected": place + 1})]
    assert told(principles) == expected
    if sizes[place]:
        below = data.draw(st.integers(min_value=0, max_value=sizes[place] - 1))
        principles[place]["criteria"][below]["number"] = data.draw(st.sampled_from(["0.1", "9.9"]))
        expected.append(
            (f"/principles/{place}/criteria/{below}/number", "not_in_order", {"expected": f"{place + 1}.{below + 1}"})
        )
        assert told(principles) == expected


def test_a_code_that_stands_twice_is_named_where_it_stands_again() -> None:
    principles = tree([0, 0, 0])
    principles[2]["code"] = principles[0]["code"]
    assert told(principles) == [("/principles/2/code", "code_in_use", {})]


def policy(**changes: Any) -> dict[str, Any]:
    return {**PROPOSED_POLICY, **changes}


@pytest.mark.parametrize(
    ("changes", "flaws"),
    [
        ({}, []),
        ({"validity_months": None, "annual_reports_at_months": [999]}, []),
        ({"validity_months": 36, "annual_reports_at_months": [12, 24, 36]}, []),
        (
            {"validity_months": 36, "annual_reports_at_months": [12, 37]},
            [("/annual_reports_at_months", "report_after_end")],
        ),
        ({"pass_rules": {"ASSURANCE": {"type": "all_met"}}}, []),
        ({"pass_rules": {"ASSURANCE": {"type": "threshold", "values": {"overall": 0.5}}}}, []),
        ({"pass_rules": {"GOLD": {"type": "threshold"}}}, [("/pass_rules", "unknown_level")]),
        ({"pass_rules": {"ASSURANCE": {"type": "threshold"}}}, [("/pass_rules/ASSURANCE/values", "missing")]),
        (
            {"pass_rules": {"ASSURANCE": {"type": "threshold", "values": {}}}},
            [("/pass_rules/ASSURANCE/values", "missing")],
        ),
        (
            {"pass_rules": {"ASSURANCE": {"type": "all_met", "values": {"overall": 0.5}}}},
            [("/pass_rules/ASSURANCE/values", "extra_forbidden")],
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_at_its_place(
    changes: dict[str, Any], flaws: list[tuple[str, str]]
) -> None:
    found = list(rules.policy_flaws(policy(**changes), ["ASSURANCE", "EXCELLENCE"]))
    assert [(flaw.pointer, flaw.code) for flaw in found] == flaws


def test_a_report_after_the_end_is_told_with_the_validity() -> None:
    (flaw,) = rules.policy_flaws(policy(validity_months=24, annual_reports_at_months=[25]), [])
    assert flaw.say("en")["message"].startswith("A certificate is valid for 24 months")


def test_what_is_proposed_until_the_owner_decides() -> None:
    assert PROPOSED_POLICY == {
        "validity_months": None,
        "annual_reports_at_months": [],
        "report_opens_days": 60,
        "report_due_soon_days": 30,
        "report_grace_days": 30,
        "report_extension_days": 60,
        "expiring_days": 180,
        "expiry_notice_days": [180, 90, 30],
        "renewal_opens_days": 365,
        "extension_months": 6,
        "restoration_months": 6,
        "decision_quorum": None,
        "pass_rules": {},
    }


def test_a_version_goes_one_way_and_is_published_with_its_principles_only() -> None:
    ways = {(min(move.sources), move.to, move.name) for move in LIFECYCLE.moves.values()}
    assert ways == {
        ("announced", "draft", "start_drafting"), ("draft", "current", "publish"), ("current", "retired", "retire"),
    }  # fmt: skip
    assert {role for move in LIFECYCLE.moves.values() for role in move.who} == {Role.COORDINATOR}
    codes = [reason.code for reason in LIFECYCLE.reasons("publish", VersionFacts(VersionState.DRAFT))]
    assert codes == ["principles_missing"]
    assert LIFECYCLE.reasons("publish", VersionFacts(VersionState.DRAFT, principles=1)) == ()


@pytest.mark.parametrize(
    ("state", "assessed", "granted"),
    [("announced", False, False), ("draft", False, False), ("current", True, True), ("retired", False, True)],
)
def test_what_a_state_allows(state: str, assessed: bool, granted: bool) -> None:
    for allowed, states in ((assessed, rules.ASSESSED_BY), (granted, rules.GRANTED_BY)):
        reason = rules.not_in_force(state, states)
        assert (reason is None) is allowed
        if reason is not None:
            assert (reason.code, reason.facts["version_state"]) == ("version_not_in_force", state)
            assert reason.say("lt")["message"].endswith(f"„{rules.STATE_NAMES[state].lt}“.")
