"""When a finding is overdue, and who may do what with it: never the owner the verifying."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import Forbidden, NotAllowed
from programme.rules import assessments
from programme.rules.assessments import AUDIT_DRAFT, Kind, improvement_is_overdue
from programme.rules.findings import AWAITED, LIFECYCLE, STANDING, FindingFacts, State, is_overdue
from programme.rules.lifecycle import Role

OWNER, ELSEWHERE, SOMEBODY, SOMEBODY_ELSE = (UUID(int=number) for number in range(1, 5))
DUE = date(2027, 1, 29)
DAYS = st.dates(min_value=date(2027, 1, 1), max_value=date(2027, 2, 28))


def facts(state: State, role: Role = Role.REVIEWER, **more: object) -> FindingFacts:
    known = {
        "assessment_state": assessments.State.UNDER_REVIEW, "kind": Kind.EXTERNAL_AUDIT, "owner": OWNER,
        "caller": SOMEBODY, **more,
    }  # fmt: skip
    return FindingFacts(state=state, role=role, **known)  # type: ignore[arg-type]


def codes(verb: str, of: FindingFacts) -> list[str]:
    return [reason.code for reason in LIFECYCLE.reasons(verb, of)]


@given(DAYS, st.sampled_from(State), st.one_of(st.none(), DAYS), st.sampled_from(assessments.State))
def test_what_is_awaited_is_overdue_the_day_after_it_is_due(
    on: date, state: State, due_on: date | None, assessment_state: assessments.State
) -> None:
    owed = state in AWAITED and assessment_state not in AUDIT_DRAFT
    assert is_overdue(on, state, due_on, assessment_state) == (owed and due_on is not None and due_on < on)


@pytest.mark.parametrize(
    ("on", "overdue"), [(date(2027, 1, 28), False), (date(2027, 1, 29), False), (date(2027, 1, 30), True)]
)
def test_the_last_day_is_included(on: date, overdue: bool) -> None:
    assert is_overdue(on, State.OPEN, DUE, assessments.State.SUBMITTED) is overdue
    assert improvement_is_overdue(on, assessments.State.IMPROVEMENT, DUE) is overdue
    assert not improvement_is_overdue(on, assessments.State.IMPROVEMENT, None)
    assert not improvement_is_overdue(on, assessments.State.UNDER_REVIEW, DUE)


@pytest.mark.parametrize("verb", ["verify", "reopen"])
def test_neither_its_owner_nor_who_answered_verifies(verb: str) -> None:
    assert codes(verb, facts(State.ANSWERED, answered_by=SOMEBODY_ELSE)) == []
    assert codes(verb, facts(State.ANSWERED)) == []
    assert codes(verb, facts(State.ANSWERED, caller=None)) == []
    for own, reason in (
        ({"answered_by": SOMEBODY}, "verifier_answered"),
        ({"caller_organisation": OWNER}, "verifier_is_owner"),
    ):
        mine = facts(State.ANSWERED, **own)
        assert codes(verb, mine) == [reason]
        with pytest.raises(Forbidden) as refused:
            LIFECYCLE.check(verb, mine)
        assert refused.value.problem == "conflict_of_interest"
    assert codes(verb, facts(State.ANSWERED, caller_organisation=ELSEWHERE)) == []


@pytest.mark.parametrize("state", AUDIT_DRAFT)
@pytest.mark.parametrize(
    ("verb", "source"),
    [("plan", State.OPEN), ("answer", State.PLANNED), ("verify", State.ANSWERED), ("reopen", State.ANSWERED),
     ("extend", State.OPEN)],
)  # fmt: skip
def test_nothing_is_owed_or_judged_before_the_assessment_is_handed_in(
    state: assessments.State, verb: str, source: State
) -> None:
    drafted = facts(source, assessment_state=state)
    assert codes(verb, drafted) == ["assessment_not_handed_in"]
    with pytest.raises(NotAllowed):
        LIFECYCLE.check(verb, drafted)
    assert codes("withdraw", drafted) == []  # of a reviewer, once it is in their sight


@pytest.mark.parametrize("kind", Kind)
def test_an_organisation_withdraws_what_it_found_itself_and_nothing_else(kind: Kind) -> None:
    own = kind in (Kind.SELF_ASSESSMENT, Kind.INTERNAL_AUDIT)
    mine = facts(State.OPEN, Role.PROVIDER, kind=kind, caller_organisation=OWNER)
    assert codes("withdraw", mine) == ([] if own else ["not_the_assessor"])
    for auditor, reasons in ((SOMEBODY, []), (SOMEBODY_ELSE, ["not_the_assessor"]), (None, ["not_the_assessor"])):
        assert codes("withdraw", facts(State.OPEN, Role.AUDITOR, kind=kind, assessor=auditor)) == reasons
    assert codes("withdraw", facts(State.OPEN, Role.REVIEWER, kind=kind)) == []


@pytest.mark.parametrize("state", State)
def test_what_is_closed_or_withdrawn_stays_so(state: State) -> None:
    open_to = {move for move in LIFECYCLE.moves if "wrong_state" not in codes(move, facts(state))}
    assert bool(open_to) == (state in STANDING)
