"""Which rows a caller may know of, role by role."""

from __future__ import annotations

from uuid import UUID

import pytest

from programme.rules.assessments import Kind
from programme.rules.lifecycle import Role
from programme.rules.sight import SEES, Sees, Sight

OWN, FOREIGN, ME, OTHER = (UUID(int=number) for number in range(1, 5))
A_PART = [role for role in Role if SEES[role] is not Sees.EVERYTHING]


def seen(role: Role) -> Sight:
    return Sight(role, ME, frozenset({OWN}))


def test_every_role_sees_as_far_as_the_plan_says() -> None:
    assert SEES == {
        Role.COORDINATOR: "everything", Role.PROJECT_MANAGER: "everything", Role.SUPERVISOR: "everything",
        Role.OPS: "everything", Role.WORKER: "everything", Role.PROVIDER: "own", Role.AUDITOR: "assigned",
        Role.REVIEWER: "docket", Role.AWARDER: "docket", Role.PARTNER: "granted", Role.PUBLIC: "register",
    }  # fmt: skip


@pytest.mark.parametrize("role", Role)
def test_an_organisation_is_known_where_it_is_in_sight_or_everything_is(role: Role) -> None:
    everything = SEES[role] is Sees.EVERYTHING
    assert seen(role).knows(OWN)
    assert seen(role).knows(FOREIGN) is everything
    assert seen(role).knows(None) is everything


@pytest.mark.parametrize("role", A_PART)
def test_nobody_in_sight_is_nobody_known(role: Role) -> None:
    assert not Sight(role).knows(OWN)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("revision", [0, 1, 2])
@pytest.mark.parametrize("assessor", [None, ME, OTHER])
@pytest.mark.parametrize("role", Role)
def test_an_assessment_is_known_to_its_auditor_once_handed_in_to_who_decides_and_to_its_organisation(
    role: Role, assessor: UUID | None, revision: int, kind: Kind
) -> None:
    expected = {
        Sees.EVERYTHING: True, Sees.OWN: True, Sees.DOCKET: revision > 0,
        Sees.ASSIGNED: assessor == ME or (kind is Kind.SELF_ASSESSMENT and revision > 0),
        Sees.GRANTED: False, Sees.REGISTER: False,
    }[SEES[role]]  # fmt: skip
    assert seen(role).knows_assessment(kind, assessor, revision) is expected


def test_an_auditor_without_a_client_is_nobodys_auditor() -> None:
    assert not Sight(Role.AUDITOR, None, frozenset({OWN})).knows_assessment("external_audit", None, 1)


@pytest.mark.parametrize("role", Role)
def test_queries_are_told_the_same(role: Role) -> None:
    assert seen(role).values == {
        "organisations": [OWN], "client": ME, "drafts_hidden": role is Role.PROVIDER, "people_masked": role is Role.OPS,
    }  # fmt: skip
