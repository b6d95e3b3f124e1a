"""Who may do what, as the table of the design has it, and that nothing unknown is ever allowed."""

from __future__ import annotations

import pytest

from programme.rules.lifecycle import Role
from programme.rules.permissions import LIFECYCLES, PERMISSIONS, may

PEOPLE = set(Role) - {Role.WORKER, Role.PUBLIC}

MOVES_OF_THE_WORKER = {
    "annual_reports.void", "certificates.expire", "test_clocks.arrive", "test_clocks.break_off",
}  # fmt: skip


@pytest.mark.parametrize(
    ("permission", "without"),
    [
        ("me.read", set()),
        ("standards.read", set()),
        ("organisations.read", set()),
        ("projects.read", set()),
        ("enrolments.read", set()),
        ("certificates.read", set()),
        ("assessments.read", {Role.PARTNER}),
        ("annual_reports.read", {Role.PARTNER}),
    ],
)
def test_everybody_with_a_key_reads_except_where_it_is_said(permission: str, without: set[Role]) -> None:
    assert {role for role in Role if may(role, permission)} == PEOPLE - without


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
