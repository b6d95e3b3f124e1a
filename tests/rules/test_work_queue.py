"""Duties: each the move of somebody who can read the thing, and most of them of somebody who can make it."""

from __future__ import annotations

import pytest

from programme.rules.lifecycle import Role
from programme.rules.permissions import PERMISSIONS, may
from programme.rules.work_queue import DUTIES, Kind

SEEN_TO_ELSEWHERE = {
    (Kind.AGREEMENT_TO_SIGN, Role.PROVIDER),  # the coordinator enters what both have signed
    (Kind.SUSPENSION_TO_REVIEW, Role.COORDINATOR),  # the awarder decides, the coordinator sees that it comes to it
}


def test_every_kind_has_its_duty() -> None:
    assert set(DUTIES) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_duty_waits_for_who_reads_the_thing_and_can_move_it(kind: Kind) -> None:
    duty = DUTIES[kind]
    assert duty.permission in PERMISSIONS
    assert duty.roles
    for role in duty.roles:
        assert may(role, f"{duty.resource}.read")
        assert may(role, duty.permission) != ((kind, role) in SEEN_TO_ELSEWHERE)
    assert duty.sentence.lt != duty.sentence.en


def test_what_has_a_lifecycle_waits_from_the_states_that_the_move_starts_from() -> None:
    assert DUTIES[Kind.REPORT_TO_SUBMIT].states == ["drafting", "returned", "scheduled"]
    assert DUTIES[Kind.ERASURE_TO_CARRY_OUT].states is None
    assert all(duty.states for kind, duty in DUTIES.items() if kind is not Kind.ERASURE_TO_CARRY_OUT)


def test_nobody_waits_for_who_only_reads() -> None:
    idle = {Role.SUPERVISOR, Role.PARTNER, Role.WORKER, Role.PUBLIC}
    assert {role for duty in DUTIES.values() for role in duty.roles} == set(Role) - idle
