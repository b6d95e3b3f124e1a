"""Taking part in a strand: the table of moves against the plan, and what stands in the way of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from programme.rules import enrolments as rules
from programme.rules.enrolments import LIFECYCLE, EnrolmentFacts, Flag, State

PLAN = Path(__file__).parents[2] / "programme" / "data" / "lifecycles.yaml"
FACTS = EnrolmentFacts(
    state=State.DRAFT,
    today=date(2026, 11, 22),
    project_starts_on=date(2023, 8, 18),
    project_ends_on=date(2029, 1, 31),
    declared=True,
    scope_named=True,
    capacity=80,
)


def test_the_moves_are_those_of_the_plan() -> None:
    plan: dict[str, Any] = yaml.safe_load(PLAN.read_text(encoding="utf-8"))["enrolment"]
    planned = {
        line["do"]: (set(line["from"]), line["to"], set(line["who"]), list(line.get("guards", [])))
        for line in plan["transitions"]
    }
    assert planned == {
        move.name: (set(move.sources), move.to, set(move.who), list(move.guards)) for move in LIFECYCLE.moves.values()
    }
    assert set(plan["terminal"]) == set(rules.ENDED)


def test_a_state_is_open_or_ended_and_nothing_leads_out_of_an_end() -> None:
    assert set(rules.OPEN) | set(rules.ENDED) == set(State) == set(LIFECYCLE.states)
    assert not set(rules.OPEN) & set(rules.ENDED)
    assert not any(move.sources & set(rules.ENDED) for move in LIFECYCLE.moves.values())


def test_only_selecting_takes_a_place_and_only_leaving_early_gives_it_back() -> None:
    changes: dict[int, set[str]] = {}
    for move in LIFECYCLE.moves.values():
        for source in move.sources:
            changes.setdefault(rules.places(move.to or source) - rules.places(source), set()).add(move.name)
    assert changes[1] == {"select"}
    assert changes[-1] == {"withdraw", "terminate"}
    assert set(changes) == {1, 0, -1}


@pytest.mark.parametrize(
    ("move", "changed", "code"),
    [
        ("submit", {"today": date(2023, 8, 17)}, "project_not_open"),
        ("submit", {"today": date(2029, 2, 1)}, "project_not_open"),
        ("submit", {"declared": False}, "declaration_missing"),
        ("submit", {"scope_named": False}, "scope_missing"),
        ("submit", {"state": State.SUBMITTED}, "wrong_state"),
        ("select", {"state": State.IN_SELECTION, "places_taken": 80}, "strand_full"),
        ("select", {"state": State.RESERVE, "places_taken": 80}, "strand_full"),
        ("select", {"state": State.RESERVE, "places_taken": 81}, "strand_full"),
        ("complete", {"state": State.ACTIVE, "stages_open": ("external_audit",)}, "stages_open"),
    ],
)
def test_what_stands_in_the_way_is_said_with_its_code(move: str, changed: dict[str, Any], code: str) -> None:
    assert [reason.code for reason in LIFECYCLE.reasons(move, replace(FACTS, **changed))] == [code]


@pytest.mark.parametrize(
    ("move", "changed"),
    [
        ("submit", {"today": date(2023, 8, 18)}),
        ("submit", {"today": date(2029, 1, 31)}),
        ("submit", {"today": date(2040, 1, 1), "project_starts_on": None, "project_ends_on": None}),
        ("select", {"state": State.IN_SELECTION, "places_taken": 79}),
        ("select", {"state": State.IN_SELECTION, "places_taken": 500, "capacity": None}),
        ("complete", {"state": State.ACTIVE}),
    ],
)
def test_first_and_last_days_count_and_unknown_bounds_refuse_nothing(move: str, changed: dict[str, Any]) -> None:
    assert LIFECYCLE.reasons(move, replace(FACTS, **changed)) == ()


def test_a_full_strand_offers_the_reserve_list_to_those_who_are_not_on_it() -> None:
    full = replace(FACTS, state=State.IN_SELECTION, capacity=3, places_taken=3)
    (applicant,) = LIFECYCLE.reasons("select", full)
    (waiting,) = LIFECYCLE.reasons("select", replace(full, state=State.RESERVE))
    assert applicant.say("lt") == {
        "code": "strand_full",
        "message": "Visos vietos (3) užimtos; organizaciją galima įrašyti į rezervinį sąrašą.",
        "capacity": 3,
        "offer": "put_on_reserve",
    }
    assert waiting.say("en") == {
        "code": "strand_full",
        "message": "All places (3) are still taken; the organisation stays on the reserve list.",
        "capacity": 3,
    }


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        ({"services": [], "sites": [], "unit": None}, False),
        ({"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}, True),
        ({"services": [], "sites": ["0199"], "unit": None}, True),
        ({"services": [], "sites": [], "unit": "Dienos centras"}, True),
    ],
)
def test_a_scope_is_named_by_a_service_a_site_or_a_unit(scope: dict[str, Any], named: bool) -> None:
    assert rules.is_named(scope) is named


def test_a_stage_is_done_from_the_day_on_which_it_was() -> None:
    stages = rules.new_stages(["staff_training_2_days", "external_audit"])
    assert rules.stages_open(stages) == ("staff_training_2_days", "external_audit")
    stages[0]["done_on"] = "2026-11-20"
    assert rules.stages_open(stages) == ("external_audit",)


def test_what_nobody_said_is_neither_declared_nor_named_nor_taken() -> None:
    bare = EnrolmentFacts(State.DRAFT, FACTS.today)
    assert [reason.code for reason in LIFECYCLE.reasons("submit", bare)] == ["declaration_missing", "scope_missing"]
    applicant = replace(bare, state=State.IN_SELECTION)
    assert LIFECYCLE.reasons("select", replace(applicant, capacity=1)) == ()
    assert [reason.code for reason in LIFECYCLE.reasons("select", replace(applicant, capacity=0))] == ["strand_full"]


# What becomes late by itself

PROJECT_END = date(2029, 1, 31)
NEAR_THE_END = st.integers(min_value=-20, max_value=20).map(lambda count: PROJECT_END + timedelta(days=count))
STAGES = st.lists(
    st.tuples(st.one_of(st.none(), NEAR_THE_END), st.one_of(st.none(), NEAR_THE_END)), max_size=4
).map(
    lambda days: [
        {"code": f"s{place}", "planned_on": planned and planned.isoformat(), "started_on": None,
         "done_on": done and done.isoformat()}
        for place, (planned, done) in enumerate(days)
    ]
)  # fmt: skip
"""Stages of which some are planned and some are done."""
ENDS = st.one_of(st.none(), st.just(PROJECT_END))


def stage(code: str, planned_on: str | None, done_on: str | None = None) -> dict[str, str | None]:
    return {"code": code, "planned_on": planned_on, "started_on": None, "done_on": done_on}


@pytest.mark.parametrize(
    ("stages", "on", "flags"),
    [
        ([], "2028-12-01", []),
        ([], "2029-01-31", []),
        ([], "2029-02-01", ["outlives_project"]),
        ([stage("training", "2028-12-01")], "2028-12-01", []),
        ([stage("training", "2028-12-01")], "2028-12-02", ["stage_overdue"]),
        ([stage("training", "2028-12-01", "2028-12-20")], "2028-12-24", []),
        ([stage("training", None)], "2028-12-24", []),
        ([stage("audit", "2029-01-31")], "2028-12-24", []),
        ([stage("audit", "2029-02-01")], "2028-12-24", ["outlives_project"]),
        ([stage("training", "2028-12-01"), stage("audit", "2029-02-01")], "2028-12-24", list(Flag)),
    ],
)
def test_what_the_plan_and_the_day_say(stages: list[dict[str, str | None]], on: str, flags: list[str]) -> None:
    day = date.fromisoformat(on)
    for state in State:
        found = rules.flags(day, state, stages, PROJECT_END)
        assert found == (flags if state in rules.UNDER_WAY else [])
        assert Flag.OUTLIVES_PROJECT not in rules.flags(day, state, stages, None)


@given(NEAR_THE_END, st.sampled_from(State), STAGES, ENDS)
def test_what_has_come_is_flagged_and_what_is_flagged_has_come(
    on: date, state: State, stages: list[dict[str, str | None]], ends_on: date | None
) -> None:
    come = {flag for flag, day in rules.milestones(on, state, stages, ends_on).values() if day <= on}
    assert set(rules.flags(on, state, stages, ends_on)) == come


@pytest.mark.parametrize(
    ("planned_on", "done_on", "late"),
    [
        ("2026-11-21", None, True), ("2026-11-22", None, False), ("2026-11-23", None, False), (None, None, False),
        ("2026-11-21", "2026-11-22", False),
    ],
)  # fmt: skip
def test_a_stage_is_late_from_the_day_after_its_plan_until_it_is_done(
    planned_on: str | None, done_on: str | None, late: bool
) -> None:
    one = stage("external_audit", planned_on, done_on)
    assert rules.stages_late(date(2026, 11, 22), [one]) == (("external_audit",) if late else ())


@pytest.mark.parametrize(
    ("outcomes", "share"),
    [
        ([], None), (["certified"], 1.0), (["maintained", "not_certified"], 0.5), (["certified", None, None], 0.3333),
        (["not_certified"], 0.0),
    ],
)  # fmt: skip
def test_the_share_of_success_is_of_all_whose_taking_part_has_ended(
    outcomes: list[str | None], share: float | None
) -> None:
    assert rules.success_share(outcomes) == share
