"""The house keeps its order: doors on every route, sentences on every constraint, words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import CheckConstraint, UniqueConstraint

from api import problems
from api.deps import ReadingDoor, WritingDoor
from api.openapi import door_of
from api.routes import ROUTES
from programme.rules.lifecycle import Role
from programme.rules.permissions import LIFECYCLES, PERMISSIONS
from programme.tables import Table

ROOT = Path(__file__).resolve().parent.parent
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
WITHOUT_A_KEY = ("/public/v1/", "/oauth/token", "/livez", "/readyz", "/metrics")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
def test_every_route_names_a_permission(route: APIRoute) -> None:
    door = door_of(route)
    if route.path.startswith(WITHOUT_A_KEY):
        assert door is None
        return
    assert door is not None, "nothing under /v1 is open without a key"
    assert door.permission in PERMISSIONS
    assert isinstance(door, WritingDoor if route.methods & UNSAFE else ReadingDoor)


def test_every_move_of_a_lifecycle_has_its_route_and_its_permission() -> None:
    paths = {route.path: door_of(route) for route in ROUTES if "POST" in route.methods}
    for plural, lifecycle in LIFECYCLES.items():
        for move in lifecycle.moves.values():
            if move.who == {Role.WORKER}:
                continue
            found = [
                path
                for path in paths
                if re.fullmatch(rf"/v1/(?:\w+/{{\w+}}/)?{plural.replace('_', '-')}/{{\w+}}/{move.path}", path)
            ]
            assert found, f"{plural}: no route for {move.name}"
            door = paths[found[0]]
            assert door is not None
            assert door.permission == f"{plural}.{move.name}"


def test_every_permission_is_named_by_some_route() -> None:
    named = {door.permission for route in ROUTES if (door := door_of(route))}
    moves_of_the_worker = {"certificates.expire", "test_clocks.arrive", "test_clocks.break_off"}
    assert set(PERMISSIONS) - moves_of_the_worker == named


CANNOT_BE_HIT = {
    # Written by the service itself, whatever a caller sends.
    "ck": re.compile(
        r"ck_(standard_version_state|organisation_kind|organisation_source|contact_\w+|strand_places_taken"
        r"|enrolment_active_means_signed|enrolment_source|assessment_kind|assessment_outcome_when_finalised"
        r"|assessment_improvement_has_its_day|finding_\w+|rating_rating"
        r"|certificate_\w+|annual_report_\w+|compliance_case_\w+|import_\w+|criterion_mapping_\w+|client_\w+|api_key_\w+|job_\w+|test_clock_\w+|policy_(?:validity_months|decision_quorum)|webhook_\w+"
        r"|indicator_\w+|support_activity_\w+)"
    ),
    "uq": re.compile(
        r"uq_(\w+_organisation_id_id|strand_project_id_id|organisation_id_municipality_key|certificate_(?:decision|revision)_\w+|annual_report_\w+|rating_\w+"
        r"|annual_report_submission_\w+|assessment_submission_\w+|compliance_case_\w+|known_fact_\w+|import_row_\w+|event_\w+|webhook_delivery_\w+)"
    ),
}


def test_every_constraint_that_a_caller_can_hit_says_so_in_a_sentence() -> None:
    silent = []
    for table in Table.metadata.tables.values():
        rules = [one for one in table.constraints if isinstance(one, CheckConstraint | UniqueConstraint)]
        for rule in [*rules, *(index for index in table.indexes if index.unique)]:
            name = str(rule.name)
            if "refusal" not in rule.info and not CANNOT_BE_HIT[name[:2]].fullmatch(name):
                silent.append(name)
    assert silent == []


def test_every_text_for_people_stands_in_both_languages() -> None:
    lithuanian = re.compile("[ąčęėįšųūž]", re.IGNORECASE)
    sentences = {code: problem.meaning for code, problem in problems.catalogue().items()}
    assert all(sentence.lt and sentence.en and sentence.lt != sentence.en for sentence in sentences.values())
    for lifecycle in LIFECYCLES.values():
        assert all(name.lt != name.en for name in lifecycle.states.values())
    assert lithuanian.search("".join(sentence.lt for sentence in sentences.values()))


def test_the_first_line_of_each_module_says_what_it_is_for() -> None:
    for folder in ("api", "worker", "schemas", "programme", "migrations", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not text.strip() or text.startswith('"""'), path


def test_a_file_of_code_stays_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("api", "worker", "schemas", "programme")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 520
    }
    assert long == {}
