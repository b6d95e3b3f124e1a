"""Who may do what, as the table of the design has it, and that nothing unknown is ever allowed."""

from __future__ import annotations

import pytest

from programme.rules.lifecycle import Role
from programme.rules.permissions import LIFECYCLES, PERMISSIONS, may

PEOPLE = set(Role) - {Role.WORKER, Role.PUBLIC}

MOVES_OF_THE_WORKER = {
    "annual_reports.void", "certificates.expire", "test_clocks.arrive", "test_clocks.break_off",
}  # fmt: skip


OF_EVERYBODY = [
    "me.read",
    "standards.read",
    "code_lists.read",
    "organisations.read",
    "projects.read",
    "enrolments.read",
    "certificates.read",
    "support_activities.read",
    "statistics.read",
    "forecast.read",
    "work_queue.read",
]
OF_ALL_BUT_PARTNERS = [
    "assessments.read",
    "findings.read",
    "annual_reports.read",
    "indicators.read",
    "certificates.renewal_info",
]
OF_SOME = {
    "standards.write": "coordinator",
    "imports.read": "coordinator",
    "imports.write": "coordinator",
    "organisations.write": "coordinator",
    "sites.write": "coordinator",
    "contacts.read": "provider coordinator auditor ops",
    "contacts.write": "provider coordinator",
    "contacts.request_erasure": "provider coordinator",
    "contacts.hold": "ops",
    "contacts.erase": "ops",
    "projects.write": "coordinator",
    "projects.progress": "coordinator project_manager supervisor ops",
    "enrolments.write": "provider coordinator",
    "enrolments.stages": "coordinator",
    "assessments.write": "provider coordinator",
    "assessments.candidates": "coordinator",
    "assessments.rate": "provider auditor",
    "findings.write": "provider auditor",
    "certificates.write": "coordinator awarder",
    "certificates.votes": "coordinator reviewer awarder supervisor ops",
    "annual_reports.read_draft": "provider coordinator",
    "annual_reports.draft": "provider coordinator",
    "indicators.write": "provider coordinator",
    "support_activities.write": "coordinator",
    "compliance_cases.read": "coordinator project_manager awarder supervisor ops",
    "events.read": "provider coordinator project_manager supervisor partner ops",
    "webhooks.read": "provider coordinator partner ops",
    "webhooks.write": "provider coordinator partner ops",
    "clients.read": "provider partner ops",
    "clients.write": "provider ops",
    "clients.keys": "provider partner ops",
    "test_clocks.read": "coordinator ops",
    "test_clocks.write": "coordinator ops",
    "jobs.read": "coordinator ops",
    "auditors.read": "coordinator project_manager auditor supervisor ops",
    "auditors.write": "coordinator ops",
}


def test_the_table_says_of_every_permission_who_holds_it() -> None:
    table = {
        **dict.fromkeys(OF_EVERYBODY, PEOPLE),
        **dict.fromkeys(OF_ALL_BUT_PARTNERS, PEOPLE - {Role.PARTNER}),
        **{permission: {Role(name) for name in roles.split()} for permission, roles in OF_SOME.items()},
    }
    moves = {f"{plural}.{name}" for plural, lifecycle in LIFECYCLES.items() for name in lifecycle.moves}
    assert table.keys() == PERMISSIONS.keys() - moves
    assert {permission: {role for role in Role if may(role, permission)} for permission in table} == table


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_the_public_holds_no_permission_and_the_worker_none_but_its_moves(permission: str) -> None:
    assert not may(Role.PUBLIC, permission)
    assert may(Role.WORKER, permission) == (permission in MOVES_OF_THE_WORKER)


def test_a_move_is_allowed_to_those_whom_its_lifecycle_names() -> None:
    moves = {
        f"{plural}.{move.name}": move.who
        for plural, lifecycle in LIFECYCLES.items()
        for move in lifecycle.moves.values()
    }
    assert moves.items() <= PERMISSIONS.items()
    assert all(may(role, name) == (role in who) for name, who in moves.items() for role in Role)


def test_an_unknown_permission_is_a_fault_and_never_a_yes() -> None:
    with pytest.raises(KeyError):
        may(Role.COORDINATOR, "certificates.forge")
