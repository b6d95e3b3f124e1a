"""How one organisation's work is judged against one version of a standard: kinds, scores, outcome, moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from programme.errors import Reason
from programme.rules.calendar import add_months
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


class Kind(StrEnum):
    SELF_ASSESSMENT = "self_assessment"
    INTERNAL_AUDIT = "internal_audit"
    EXTERNAL_AUDIT = "external_audit"
    FOLLOW_UP = "follow_up"


class State(StrEnum):
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    IMPROVEMENT = "improvement"
    FINALISED = "finalised"
    CANCELLED = "cancelled"


class RatingValue(StrEnum):
    MET = "met"
    PARTLY_MET = "partly_met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"


class Outcome(StrEnum):
    MET = "met"
    NOT_MET = "not_met"


STATE_NAMES: dict[str, Sentence] = {
    State.PLANNED: Sentence(lt="suplanuotas", en="planned"),
    State.IN_PROGRESS: Sentence(lt="vykdomas", en="in progress"),
    State.SUBMITTED: Sentence(lt="pateiktas", en="submitted"),
    State.UNDER_REVIEW: Sentence(lt="peržiūrimas", en="under review"),
    State.IMPROVEMENT: Sentence(lt="tobulinimo laikotarpis", en="improvement"),
    State.FINALISED: Sentence(lt="užbaigtas", en="finalised"),
    State.CANCELLED: Sentence(lt="atšauktas", en="cancelled"),
}

OWN_WORK = (Kind.SELF_ASSESSMENT, Kind.INTERNAL_AUDIT)
"""Kinds that the organisation carries out on itself; the others are an auditor's."""

AUDIT_DRAFT = (State.PLANNED, State.IN_PROGRESS, State.CANCELLED)
"""States in which what an auditor found is theirs alone: not handed in, handed back, or never finished."""


OPEN = (State.PLANNED, State.IN_PROGRESS, State.SUBMITTED, State.UNDER_REVIEW, State.IMPROVEMENT)
"""States in which there is work to do yet."""


def is_handed_in(state: str) -> bool:
    """Whether what was found is before those whom it concerns."""
    return state not in AUDIT_DRAFT


def improvement_is_overdue(on: date, state: str, plan_due_on: date | None) -> bool:
    """Whether the organisation's improvements are due since before the day `on`. `queries.assessments` says the same in
    SQL, proven equal by test."""
    return state == State.IMPROVEMENT and plan_due_on is not None and on > plan_due_on


@dataclass(frozen=True, slots=True)
class Score:
    """The result of one principle or of the whole: how many criteria apply, how many of them are met."""

    met: int
    applicable: int

    @property
    def share(self) -> Fraction | None:
        """met / applicable, which rules compare; None where nothing applies."""
        return Fraction(self.met, self.applicable) if self.applicable else None

    @property
    def rounded(self) -> Decimal | None:
        """The share as it is shown and kept: four decimals, half up, as PostgreSQL rounds."""
        if not self.applicable:
            return None
        return (Decimal(self.met) / self.applicable).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def score(ratings: Iterable[RatingValue]) -> Score:
    """Counts what applies (everything but `not_applicable`) and what of that is met.

    `queries.ratings` says the same in SQL, proven equal by test.
    """
    applicable = [rating for rating in ratings if rating is not RatingValue.NOT_APPLICABLE]
    return Score(sum(rating is RatingValue.MET for rating in applicable), len(applicable))


def whole(by_principle: Iterable[Score]) -> Score:
    """The score of all principles together: each criterion weighs the same, whichever principle it stands under."""
    scores = list(by_principle)
    return Score(sum(one.met for one in scores), sum(one.applicable for one in scores))


def outcome(rule: Mapping[str, Any], by_principle: Iterable[Score]) -> Outcome:
    """What the version's pass rule makes of the scores. Where nothing at all is met, no rule is passed.

    `all_met`: every applicable criterion is met.
    `threshold`: `values.overall` and `values.principle`, shares from 0 to 1, are reached by the whole and by each
    principle in which something applies (either may be missing).
    """
    scores = list(by_principle)
    overall = whole(scores).share
    if not overall:
        return Outcome.NOT_MET
    if rule["type"] == "all_met":
        return Outcome.MET if overall == 1 else Outcome.NOT_MET
    asked = {name: Fraction(str(value)) for name, value in rule["values"].items()}
    shares = [one.share for one in scores if one.share is not None]
    reached = overall >= asked.get("overall", 0) and min(shares) >= asked.get("principle", 0)
    return Outcome.MET if reached else Outcome.NOT_MET


@dataclass(frozen=True, slots=True)
class AssessmentFacts:
    """What the guards of an assessment look at: who asks (`role`, `caller`: a client's id), and how far it is.

    `unrated`: criteria without a rating; `met_without_evidence`: criteria rated met that name no evidence;
    `unconfirmed`: criteria whose rating was carried forward and not looked at since. `carries_from`: the assessment that
    ratings can be carried forward from. Of findings: `past_due`: criteria of those that would be overdue as they are
    handed in; `unanswered`: of nonconformities that wait for the organisation's answer.
    `pass_rule_known`: the policy of the audit's last day has a rule for the level.
    `day`: the one on which the work is done; `licensed`: the auditor is licensed for the standard on it;
    `advised_until`: the last day on which the auditor advised the organisation; `belongs`: the auditor is one of its own.
    """

    state: str
    kind: Kind
    role: Role
    caller: UUID | None = None
    assessor: UUID | None = None
    reviewer: UUID | None = None
    unrated: tuple[str, ...] = ()
    met_without_evidence: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    carries_from: UUID | None = None
    past_due: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    pass_rule_known: bool = True
    day: date = date.max
    licensed: bool = True
    advised_until: date | None = None
    belongs: bool = False


INDEPENDENT_AFTER = 24
"""Months after the last day of advice until who gave it may audit the organisation."""

WRONG_ROLE = Reason(
    "assessor_role_does_not_fit",
    Sentence(
        lt="Įsivertinimą ir vidaus auditą atlieka pati organizacija, išorės auditą ir tolesnį vertinimą – auditorius.",
        en="A self-assessment or internal audit is the organisation's own work; an external audit or follow-up is an "
        "auditor's.",
    ),
    personal=True,
)
NOT_THE_ASSESSOR = Reason(
    "not_the_assessor",
    Sentence(
        lt="Tai gali tik šiam vertinimui paskirtas auditorius.",
        en="Only the auditor assigned to this assessment can do this.",
    ),
    personal=True,
)
NO_ASSESSOR = Reason(
    "assessor_not_assigned",
    Sentence(lt="Auditorius dar nepaskirtas.", en="No auditor is assigned yet."),
)
NOT_LICENSED = Reason(
    "auditor_not_licensed",
    Sentence(
        lt="Auditorius šiai dienai neturi galiojančios šio standarto licencijos.",
        en="The auditor has no licence for this standard that is valid on the day.",
    ),
)
NOT_INDEPENDENT = Reason(
    "auditor_not_independent",
    Sentence(
        lt="Auditorius konsultavo šią organizaciją; audituoti ją gali nuo {independent_on}.",
        en="The auditor advised this organisation, and may audit it from {independent_on}.",
    ),
)
UNRATED = Reason(
    "criteria_not_rated",
    Sentence(lt="Dar neįvertinti kriterijai: {criteria}.", en="Criteria not rated yet: {criteria}."),
)
NO_EVIDENCE = Reason(
    "evidence_missing",
    Sentence(
        lt="Įvertinti kaip atitinkantys, bet įrodymų nenurodyta: {criteria}.",
        en="Rated met without evidence: {criteria}.",
    ),
)
FINDINGS_PAST_DUE = Reason(
    "findings_past_due",
    Sentence(
        lt="Neatitikčių pašalinimo terminai jau praėję, nustatykite naujus. Kriterijai: {criteria}.",
        en="Findings have days by which they are due that have passed; set new ones. Criteria: {criteria}.",
    ),
)
FINDINGS_UNANSWERED = Reason(
    "findings_unanswered",
    Sentence(
        lt="Į neatitiktis dar neatsakyta. Kriterijai: {criteria}.",
        en="Findings that are not answered yet. Criteria: {criteria}.",
    ),
)
REVIEWER_IS_ASSESSOR = Reason(
    "reviewer_is_assessor",
    Sentence(
        lt="Vertinimo negali peržiūrėti jį atlikęs asmuo.",
        en="Whoever assessed cannot review the assessment.",
    ),
    personal=True,
)
NOT_OWN_WORK = Reason(
    "kind_needs_review",
    Sentence(
        lt="Taip užbaigiamas tik įsivertinimas ir vidaus auditas; išorės auditą užbaigia peržiūrėtojas.",
        en="Only a self-assessment or internal audit is finalised this way; an external audit goes through review.",
    ),
)
NO_PASS_RULE = Reason(
    "pass_rule_not_set",
    Sentence(
        lt="Šios standarto versijos vertinimo taisyklė dar nenustatyta.",
        en="The pass rule of this version of the standard is not set yet.",
    ),
)


OWN_ORGANISATION = Reason(
    "auditor_of_the_organisation",
    Sentence(
        lt="Auditorius pats priklauso šiai organizacijai, todėl jos audituoti negali.",
        en="The auditor belongs to this organisation, and so cannot audit it.",
    ),
)
UNCONFIRMED = Reason(
    "carried_ratings_unconfirmed",
    Sentence(
        lt="Iš ankstesnio vertinimo perkelti, bet dar nepatvirtinti įvertinimai: {criteria}.",
        en="Carried forward and not confirmed yet: {criteria}.",
    ),
)
NOTHING_TO_CARRY = Reason(
    "no_earlier_assessment",
    Sentence(
        lt="Nėra ankstesnio užbaigto tos pačios apimties vertinimo, iš kurio būtų galima perkelti įvertinimus.",
        en="There is no earlier finalised assessment of the same scope to carry ratings forward from.",
    ),
)
ALL_RATED = Reason(
    "criteria_all_rated", Sentence(lt="Visi kriterijai jau įvertinti.", en="Every criterion is rated already.")
)


def _assesses(facts: AssessmentFacts) -> Reason | None:
    """Whoever asks has to be the one who assesses: the organisation itself, or the assigned auditor."""
    if (facts.kind in OWN_WORK) != (facts.role is Role.PROVIDER):
        return WRONG_ROLE
    if facts.kind not in OWN_WORK and facts.assessor is not None and facts.caller != facts.assessor:
        return NOT_THE_ASSESSOR
    return None


def licensed(facts: AssessmentFacts) -> Reason | None:
    """A licence covers the day. Whoever audits own work, or is yet to be assigned, needs none."""
    return None if facts.kind in OWN_WORK or facts.assessor is None or facts.licensed else NOT_LICENSED


def independent(facts: AssessmentFacts) -> Reason | None:
    """Two years lie between the last day of advice and an audit."""
    if facts.kind in OWN_WORK or facts.advised_until is None:
        return None
    from_on = add_months(facts.advised_until, INDEPENDENT_AFTER)
    return NOT_INDEPENDENT.given(independent_on=from_on) if facts.day < from_on else None


def conflicts(facts: AssessmentFacts) -> tuple[Reason, ...]:
    """Everything that keeps the auditor who is named from this assessment on the day, where it is an auditor's at all."""
    if facts.kind in OWN_WORK:
        return (WRONG_ROLE,)
    itself = facts.assessor is not None and facts.assessor == facts.reviewer
    found = (
        licensed(facts),
        independent(facts),
        OWN_ORGANISATION if facts.belongs else None,
        REVIEWER_IS_ASSESSOR if itself else None,
    )
    return tuple(reason for reason in found if reason is not None)


def _may_start(facts: AssessmentFacts) -> Reason | None:
    return None if facts.role is Role.COORDINATOR else _assesses(facts)


def _improves(facts: AssessmentFacts) -> Reason | None:
    """What was found is mended by the organisation, whoever found it; of auditors by the one who did alone."""
    return None if facts.role is Role.PROVIDER else _assesses(facts)


def _listed(reason: Reason, criteria: tuple[str, ...]) -> Reason | None:
    return reason.given(criteria=list(criteria)) if criteria else None


_P, _C, _AU, _R, _AW = Role.PROVIDER, Role.COORDINATOR, Role.AUDITOR, Role.REVIEWER, Role.AWARDER

LIFECYCLE: Lifecycle[AssessmentFacts] = Lifecycle(
    "assessment",
    STATE_NAMES,
    [
        move("assign", [State.PLANNED, State.IN_PROGRESS, State.SUBMITTED], None, [_C], "assessment.assigned"),
        move(
            "start", [State.PLANNED], State.IN_PROGRESS, [_P, _AU, _C], "assessment.started",
            "assessor_role_fits_kind", "assessor_assigned", "auditor_licence_valid_on_dates",
            "auditor_independent_2_years",
        ),
        move(
            "carry_forward", [State.IN_PROGRESS], None, [_P, _AU], "assessment.carried_forward",
            "caller_assesses", "auditor_licence_valid_on_dates", "auditor_independent_2_years", "earlier_assessment",
            "criteria_left",
        ),
        move(
            "submit", [State.IN_PROGRESS], State.SUBMITTED, [_P, _AU], "assessment.submitted",
            "caller_assesses", "every_applicable_criterion_rated", "evidence_for_each_met", "carried_ratings_confirmed",
            "findings_due_ahead",
        ),
        move(
            "return", [State.SUBMITTED, State.UNDER_REVIEW], State.IN_PROGRESS, [_C, _R], "assessment.returned", "reason"
        ),
        move(
            "start_review", [State.SUBMITTED], State.UNDER_REVIEW, [_C, _R], "assessment.review_started",
            "reviewer_is_not_assessor",
        ),
        move(
            "require_improvement", [State.UNDER_REVIEW], State.IMPROVEMENT, [_R, _AW],
            "assessment.improvement_required", "reviewer_is_not_assessor", "plan_due_on",
        ),
        move(
            "resubmit", [State.IMPROVEMENT], State.UNDER_REVIEW, [_P, _AU], "assessment.resubmitted",
            "caller_improves", "open_findings_answered",
        ),
        move(
            "finalise", [State.UNDER_REVIEW], State.FINALISED, [_R, _AW], "assessment.finalised",
            "reviewer_is_not_assessor", "pass_rule_known",
        ),
        move(
            "finalise_self", [State.SUBMITTED], State.FINALISED, [_P, _C], "assessment.finalised",
            "kind_is_self_or_internal", "pass_rule_known",
        ),
        move(
            "cancel", [State.PLANNED, State.IN_PROGRESS, State.SUBMITTED, State.IMPROVEMENT], State.CANCELLED, [_C],
            "assessment.cancelled", "reason",
        ),
    ],
    {
        "assessor_role_fits_kind": _may_start,
        "assessor_assigned": guard(NO_ASSESSOR, lambda facts: facts.kind not in OWN_WORK and facts.assessor is None),
        "auditor_licence_valid_on_dates": licensed,
        "auditor_independent_2_years": independent,
        "caller_assesses": _assesses,
        "caller_improves": _improves,
        "every_applicable_criterion_rated": lambda facts: _listed(UNRATED, facts.unrated),
        "evidence_for_each_met": lambda facts: _listed(NO_EVIDENCE, facts.met_without_evidence),
        "carried_ratings_confirmed": lambda facts: _listed(UNCONFIRMED, facts.unconfirmed),
        "earlier_assessment": guard(NOTHING_TO_CARRY, lambda facts: facts.carries_from is None),
        "criteria_left": guard(ALL_RATED, lambda facts: not facts.unrated),
        "findings_due_ahead": lambda facts: _listed(FINDINGS_PAST_DUE, facts.past_due),
        "open_findings_answered": lambda facts: _listed(FINDINGS_UNANSWERED, facts.unanswered),
        "reviewer_is_not_assessor": guard(
            REVIEWER_IS_ASSESSOR, lambda facts: facts.assessor is not None and facts.caller == facts.assessor
        ),
        "kind_is_self_or_internal": guard(NOT_OWN_WORK, lambda facts: facts.kind not in OWN_WORK),
        "pass_rule_known": guard(NO_PASS_RULE, lambda facts: not facts.pass_rule_known),
    },
)  # fmt: skip

RATING: Lifecycle[AssessmentFacts] = Lifecycle(
    "rating",
    STATE_NAMES,
    [
        move(
            "record",
            [State.IN_PROGRESS],
            None,
            [_P, _AU],
            "rating.recorded",
            "caller_assesses",
            "auditor_licence_valid_on_dates",
            "auditor_independent_2_years",
        )
    ],
    {
        "caller_assesses": _assesses,
        "auditor_licence_valid_on_dates": licensed,
        "auditor_independent_2_years": independent,
    },
)
"""What may be done with the ratings of an assessment, judged by the assessment's state: they stand once handed in. It
is a PUT, no move, and so stands in no `actions`, but is refused alike."""
