"""How ratings become scores, scores an outcome, and who may move an assessment on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import Forbidden, NotAllowed
from programme.rules import assessments as rules
from programme.rules.assessments import LIFECYCLE, RATING, AssessmentFacts, Kind, Outcome, RatingValue, Score, State
from programme.rules.lifecycle import Role

MET, PARTLY, NOT_MET, NOT_APPLICABLE = RatingValue
SOMEBODY_BEFORE, AUDITOR, SOMEBODY = UUID(int=0), UUID(int=1), UUID(int=2)
DAY = date(2026, 11, 22)
ALL_MET = {"type": "all_met"}

LIFECYCLES = Path(rules.__file__).resolve().parent.parent / "data" / "lifecycles.yaml"

ratings = st.lists(st.sampled_from(RatingValue), max_size=8)
principles = st.lists(ratings, max_size=6)
shares = st.integers(min_value=0, max_value=100).map(lambda percent: Decimal(percent) / 100)
pass_rules = st.one_of(
    st.just(ALL_MET),
    st.fixed_dictionaries({}, optional={"overall": shares.map(float), "principle": shares.map(float)}).map(
        lambda values: {"type": "threshold", "values": values}
    ),
)


def judged(rule: dict[str, object], by_principle: list[list[RatingValue]]) -> Outcome:
    return rules.outcome(rule, [rules.score(one) for one in by_principle])


@pytest.mark.parametrize(
    ("given_ratings", "met", "applicable", "shown"),
    [
        ([], 0, 0, None),
        ([NOT_APPLICABLE, NOT_APPLICABLE], 0, 0, None),
        ([MET], 1, 1, "1.0000"),
        ([MET, PARTLY, NOT_MET, NOT_APPLICABLE], 1, 3, "0.3333"),
        ([MET, MET, PARTLY], 2, 3, "0.6667"),
        ([MET] + [NOT_MET] * 31, 1, 32, "0.0313"),
    ],
)
def test_a_score_is_what_is_met_of_what_applies(
    given_ratings: list[RatingValue], met: int, applicable: int, shown: str | None
) -> None:
    score = rules.score(given_ratings)
    assert score == Score(met, applicable)
    assert score.rounded == (Decimal(shown) if shown else None)


def test_each_criterion_weighs_the_same_in_the_whole() -> None:
    assert rules.whole([Score(1, 1), Score(0, 3), Score(0, 0)]) == Score(1, 4)


@pytest.mark.parametrize(
    ("rule", "by_principle", "outcome"),
    [
        (ALL_MET, [[MET, MET], [MET]], Outcome.MET),
        (ALL_MET, [[MET, MET], [MET, PARTLY]], Outcome.NOT_MET),
        (ALL_MET, [[MET, NOT_APPLICABLE], [NOT_APPLICABLE]], Outcome.MET),
        (ALL_MET, [[NOT_APPLICABLE]], Outcome.NOT_MET),
        (ALL_MET, [], Outcome.NOT_MET),
        ({"type": "threshold", "values": {"overall": 0.75}}, [[MET, MET, MET, NOT_MET]], Outcome.MET),
        ({"type": "threshold", "values": {"overall": 0.76}}, [[MET, MET, MET, NOT_MET]], Outcome.NOT_MET),
        ({"type": "threshold", "values": {"principle": 0.5}}, [[MET, NOT_MET], [MET]], Outcome.MET),
        ({"type": "threshold", "values": {"principle": 0.5}}, [[MET, NOT_MET, NOT_MET], [MET]], Outcome.NOT_MET),
        (
            {"type": "threshold", "values": {"overall": 0.6, "principle": 0.5}},
            [[MET, NOT_MET], [MET, MET, NOT_MET], [NOT_APPLICABLE]],
            Outcome.MET,
        ),
        ({"type": "threshold", "values": {"overall": 0.1}}, [[MET] + [NOT_MET] * 9], Outcome.MET),
        ({"type": "threshold", "values": {"overall": 0}}, [[NOT_MET, PARTLY]], Outcome.NOT_MET),
    ],
)
def test_the_pass_rule_decides(
    rule: dict[str, object], by_principle: list[list[RatingValue]], outcome: Outcome
) -> None:
    assert judged(rule, by_principle) is outcome


@given(pass_rules, principles, st.data())
def test_what_does_not_apply_never_changes_the_outcome(
    rule: dict[str, object], by_principle: list[list[RatingValue]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(min_value=0, max_value=len(by_principle)))
    besides = [list(one) for one in by_principle] + [[]]
    besides[place].append(NOT_APPLICABLE)
    assert judged(rule, besides) is judged(rule, by_principle)


@given(pass_rules, principles, st.data())
def test_something_more_that_is_not_met_never_improves_the_outcome(
    rule: dict[str, object], by_principle: list[list[RatingValue]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(min_value=0, max_value=len(by_principle)))
    worse = [list(one) for one in by_principle] + [[]]
    worse[place].append(data.draw(st.sampled_from([NOT_MET, PARTLY])))
    if judged(rule, by_principle) is Outcome.NOT_MET:
        assert judged(rule, worse) is Outcome.NOT_MET


@given(pass_rules, principles.filter(any), st.data())
def test_a_criterion_that_becomes_met_never_spoils_the_outcome(
    rule: dict[str, object], by_principle: list[list[RatingValue]], data: st.DataObject
) -> None:
    rated = [(place, below) for place, one in enumerate(by_principle) for below in range(len(one))]
    place, below = data.draw(st.sampled_from([spot for spot in rated if by_principle[spot[0]][spot[1]]]))
    better = [list(one) for one in by_principle]
    if better[place][below] is NOT_APPLICABLE:
        return
    better[place][below] = MET
    if judged(rule, by_principle) is Outcome.MET:
        assert judged(rule, better) is Outcome.MET


@given(pass_rules, principles)
def test_the_outcome_is_what_counting_by_hand_gives(
    rule: dict[str, object], by_principle: list[list[RatingValue]]
) -> None:
    def reaches(counts: Counter[RatingValue], share: object) -> bool:
        applies = counts.total() - counts[NOT_APPLICABLE]
        return not applies or counts[MET] * 100 >= applies * round(float(str(share)) * 100)

    counted = [Counter(one) for one in by_principle]
    everything = sum(counted, Counter())
    values = rule.get("values", {"overall": 1, "principle": 1})
    assert isinstance(values, dict)
    passed = (
        everything[MET] > 0
        and reaches(everything, values.get("overall", 0))
        and all(reaches(one, values.get("principle", 0)) for one in counted)
    )
    assert judged(rule, by_principle) is (Outcome.MET if passed else Outcome.NOT_MET)


@given(principles)
def test_that_all_is_met_is_the_highest_threshold(by_principle: list[list[RatingValue]]) -> None:
    for values in ({"overall": 1}, {"principle": 1.0}, {"overall": 1.0, "principle": 0.3}):
        assert judged({"type": "threshold", "values": values}, by_principle) is judged(ALL_MET, by_principle)


@given(shares, shares, st.booleans(), principles)
def test_a_lower_threshold_never_spoils_the_outcome(
    one: Decimal, other: Decimal, of_each: bool, by_principle: list[list[RatingValue]]
) -> None:
    name = "principle" if of_each else "overall"
    strict, mild = (
        judged({"type": "threshold", "values": {name: float(share)}}, by_principle)
        for share in (max(one, other), min(one, other))
    )
    assert strict is Outcome.NOT_MET or mild is Outcome.MET


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_a_threshold_that_is_reached_to_the_criterion_is_reached(met: int, missed: int, data: st.DataObject) -> None:
    """Shares are compared exactly, however their decimals end: 0.7 of ten is seven, not 6.999…"""
    hundredths = data.draw(st.integers(1, 100))
    reached = met * 100 >= hundredths * (met + missed)
    rule = {"type": "threshold", "values": {"overall": hundredths / 100}}
    assert judged(rule, [[MET] * met, [NOT_MET] * missed]) is (Outcome.MET if reached else Outcome.NOT_MET)


@given(principles)
def test_scores_lie_between_nothing_and_everything(by_principle: list[list[RatingValue]]) -> None:
    scores = [rules.score(one) for one in by_principle]
    for score in (*scores, rules.whole(scores)):
        assert 0 <= score.met <= score.applicable
        assert (score.rounded is None) == (score.applicable == 0)
        assert score.rounded is None or 0 <= score.rounded <= 1


def test_the_moves_are_those_of_the_lifecycles_file() -> None:
    written = yaml.safe_load(LIFECYCLES.read_text(encoding="utf-8"))["assessment"]
    expected = {one["do"]: (set(one["from"]), one["to"], set(one["who"])) for one in written["transitions"]}
    assert {name: (set(move.sources), move.to, set(move.who)) for name, move in LIFECYCLE.moves.items()} == expected
    assert set(written["kinds"]) == set(Kind)
    assert {*written["terminal"], written["initial"]} <= set(State)


def facts(state: State, kind: Kind = Kind.EXTERNAL_AUDIT, role: Role = Role.AUDITOR, **more: object) -> AssessmentFacts:
    known = {"caller": AUDITOR, "assessor": AUDITOR, **more}
    return AssessmentFacts(state=state, kind=kind, role=role, **known)  # type: ignore[arg-type]


def codes(verb: str, of: AssessmentFacts) -> list[str]:
    return [reason.code for reason in LIFECYCLE.reasons(verb, of)]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("role", [Role.PROVIDER, Role.AUDITOR, Role.COORDINATOR, Role.REVIEWER])
def test_who_starts_an_assessment_depends_on_its_kind(kind: Kind, role: Role) -> None:
    own = kind in (Kind.SELF_ASSESSMENT, Kind.INTERNAL_AUDIT)
    fits = role is Role.COORDINATOR or (role is Role.PROVIDER) == own
    assert codes("start", facts(State.PLANNED, kind, role)) == ([] if fits else ["assessor_role_does_not_fit"])


def test_an_audit_waits_for_its_auditor_and_is_nobody_elses() -> None:
    nobody = facts(State.PLANNED, assessor=None)
    assert codes("start", nobody) == ["assessor_not_assigned"]
    assert codes("start", facts(State.PLANNED, caller=SOMEBODY)) == ["not_the_assessor"]
    for other in (SOMEBODY_BEFORE, SOMEBODY):
        assert codes("submit", facts(State.IN_PROGRESS, caller=other)) == ["not_the_assessor"]
    assert codes("submit", facts(State.IN_PROGRESS)) == []


def test_what_is_missing_for_a_submission_is_listed() -> None:
    unfinished = facts(State.IN_PROGRESS, unrated=("1.1", "1.2"), met_without_evidence=("3.2",))
    missing = {reason.code: reason.facts["criteria"] for reason in LIFECYCLE.reasons("submit", unfinished)}
    assert missing == {"criteria_not_rated": ["1.1", "1.2"], "evidence_missing": ["3.2"]}
    with pytest.raises(NotAllowed):
        LIFECYCLE.check("submit", unfinished)


def test_who_asks_outweighs_what_is_missing() -> None:
    with pytest.raises(Forbidden) as refused:
        LIFECYCLE.check("submit", facts(State.IN_PROGRESS, caller=SOMEBODY, unrated=("1.1",)))
    assert [reason.code for reason in refused.value.reasons] == ["not_the_assessor", "criteria_not_rated"]


@pytest.mark.parametrize(("verb", "state"), [("start_review", State.SUBMITTED), ("finalise", State.UNDER_REVIEW)])
def test_whoever_assessed_cannot_review(verb: str, state: State) -> None:
    assert codes(verb, facts(state, role=Role.REVIEWER)) == ["reviewer_is_assessor"]
    for other in (SOMEBODY_BEFORE, SOMEBODY):
        assert codes(verb, facts(state, role=Role.REVIEWER, caller=other)) == []
    with pytest.raises(Forbidden):
        LIFECYCLE.check(verb, facts(state, role=Role.REVIEWER))


@pytest.mark.parametrize("kind", Kind)
def test_only_the_organisations_own_work_needs_no_review(kind: Kind) -> None:
    own = kind in (Kind.SELF_ASSESSMENT, Kind.INTERNAL_AUDIT)
    found = codes("finalise_self", facts(State.SUBMITTED, kind, Role.COORDINATOR, assessor=None))
    assert found == ([] if own else ["kind_needs_review"])


def test_without_a_pass_rule_nothing_is_finalised() -> None:
    unknown = facts(State.UNDER_REVIEW, role=Role.REVIEWER, caller=SOMEBODY, pass_rule_known=False)
    assert codes("finalise", unknown) == ["pass_rule_not_set"]


@pytest.mark.parametrize("state", State)
def test_ratings_change_only_while_the_work_is_in_progress(state: State) -> None:
    found = [reason.code for reason in RATING.reasons("record", facts(state))]
    assert found == ([] if state is State.IN_PROGRESS else ["wrong_state"])


def test_a_rating_is_the_assessors() -> None:
    for somebody in (facts(State.IN_PROGRESS, caller=SOMEBODY), facts(State.IN_PROGRESS, role=Role.PROVIDER)):
        with pytest.raises(Forbidden):
            RATING.check("record", somebody)
    assert RATING.check("record", facts(State.IN_PROGRESS)).event == "rating.recorded"


def test_whoever_audits_is_licensed_for_the_day() -> None:
    audit = AssessmentFacts(State.PLANNED, Kind.EXTERNAL_AUDIT, Role.AUDITOR, AUDITOR, AUDITOR, day=DAY, licensed=False)
    assert LIFECYCLE.reasons("start", audit) == (rules.NOT_LICENSED,)
    assert RATING.reasons("record", replace(audit, state=State.IN_PROGRESS)) == (rules.NOT_LICENSED,)
    assert rules.licensed(replace(audit, licensed=True)) is None
    assert rules.licensed(replace(audit, assessor=None)) is None
    assert rules.licensed(replace(audit, kind=Kind.INTERNAL_AUDIT)) is None


@pytest.mark.parametrize(
    ("advised_until", "independent_on"),
    [(None, None), ("2024-11-22", None), ("2024-11-23", "2026-11-23"), ("2026-11-22", "2028-11-22"), ("2030-01-31", "2032-01-31")],
)  # fmt: skip
def test_two_years_lie_between_advice_and_an_audit(advised_until: str | None, independent_on: str | None) -> None:
    until = date.fromisoformat(advised_until) if advised_until else None
    audit = AssessmentFacts(State.PLANNED, Kind.FOLLOW_UP, Role.AUDITOR, AUDITOR, AUDITOR, day=DAY, advised_until=until)
    found = [(one.code, one.facts) for one in LIFECYCLE.reasons("start", audit)]
    expected = (
        [("auditor_not_independent", {"independent_on": date.fromisoformat(independent_on)})] if independent_on else []
    )
    assert found == expected
    assert len(RATING.reasons("record", replace(audit, state=State.IN_PROGRESS))) == len(expected)
    assert rules.independent(replace(audit, kind=Kind.SELF_ASSESSMENT)) is None


def test_every_conflict_of_an_auditor_is_named_at_once() -> None:
    audit = AssessmentFacts(State.PLANNED, Kind.EXTERNAL_AUDIT, Role.AUDITOR, None, AUDITOR, reviewer=SOMEBODY, day=DAY)
    assert rules.conflicts(audit) == ()
    assert rules.conflicts(replace(audit, reviewer=None, assessor=None)) == ()
    torn = replace(audit, licensed=False, advised_until=DAY, belongs=True, reviewer=AUDITOR)
    assert [reason.code for reason in rules.conflicts(torn)] == [
        "auditor_not_licensed", "auditor_not_independent", "auditor_of_the_organisation", "reviewer_is_assessor",
    ]  # fmt: skip
    assert rules.conflicts(replace(torn, kind=Kind.SELF_ASSESSMENT)) == (rules.WRONG_ROLE,)


def test_what_was_found_is_mended_by_the_organisation_or_by_its_own_auditor() -> None:
    waiting = facts(State.IMPROVEMENT)
    assert codes("resubmit", waiting) == []
    assert codes("resubmit", replace(waiting, caller=SOMEBODY)) == ["not_the_assessor"]
    assert codes("resubmit", replace(waiting, kind=Kind.SELF_ASSESSMENT)) == ["assessor_role_does_not_fit"]
    for kind in (Kind.SELF_ASSESSMENT, Kind.EXTERNAL_AUDIT):
        assert codes("resubmit", replace(waiting, role=Role.PROVIDER, kind=kind, caller=SOMEBODY)) == []


def test_what_was_carried_forward_is_confirmed_before_the_submission() -> None:
    draft = facts(State.IN_PROGRESS, unconfirmed=("3.1", "3.2"))
    assert [(one.code, one.facts) for one in LIFECYCLE.reasons("submit", draft)] == [
        ("carried_ratings_unconfirmed", {"criteria": ["3.1", "3.2"]})
    ]


def test_a_cycle_starts_from_an_earlier_one_while_something_is_left_to_rate() -> None:
    begun = facts(State.IN_PROGRESS, unrated=("1.1",), carries_from=SOMEBODY)
    assert codes("carry_forward", begun) == []
    assert codes("carry_forward", replace(begun, carries_from=None)) == ["no_earlier_assessment"]
    assert codes("carry_forward", replace(begun, unrated=())) == ["criteria_all_rated"]
    assert codes("carry_forward", replace(begun, caller=SOMEBODY)) == ["not_the_assessor"]
    assert codes("carry_forward", replace(begun, licensed=False)) == ["auditor_not_licensed"]


@pytest.mark.parametrize("state", State)
def test_who_assesses_and_reviews_is_assigned_until_the_review_begins(state: State) -> None:
    open_to_it = state in (State.PLANNED, State.IN_PROGRESS, State.SUBMITTED)
    assert codes("assign", facts(state, role=Role.COORDINATOR)) == ([] if open_to_it else ["wrong_state"])
