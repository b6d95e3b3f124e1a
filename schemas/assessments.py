"""Assessments, their ratings and the results of their principles, as they cross the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from programme.rules.assessments import Kind, Outcome, RatingValue, State
from schemas.base import (
    ActionRead,
    Answer,
    BilingualText,
    Body,
    Code,
    Day,
    Id,
    Line,
    LongLine,
    Moment,
    Move,
    Prose,
    ReasonRead,
    Scope,
    ScopeRead,
    unchanged,
)
from schemas.bulk import BulkResult
from schemas.organisations import Organisation
from schemas.page import PageQuery, Search, Several
from schemas.standards import ScaleRead

Sha256 = Annotated[
    str, Field(strict=True, min_length=64, max_length=64, pattern="^[0-9a-fA-F]+$"), AfterValidator(str.lower)
]
Level = Annotated[int, Field(strict=True, ge=0, le=10)]

CriterionNumber = Annotated[
    str, Field(strict=True, max_length=7, pattern=r"^[0-9]{1,2}\.[0-9]{1,3}$", examples=["3.2"])
]

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_EVIDENCE = {
    "name": "Gavėjų teisių chartija",
    "location": "https://dokumentai.example.lt/chartija-2026",
    "sha256": _SHA256,
}


class AssessmentNew(Body):
    """An assessment to carry out. Its principles and criteria are those that the version has now, and stay so."""

    organisation_id: Id
    enrolment_id: Id | None = Field(
        default=None, description="The enrolment that it is part of, in a strand of the same standard."
    )
    kind: Kind = Field(examples=["external_audit"])
    standard_version: Code = Field(
        description="A version that has criteria; the standard follows from it.", examples=["EQUASS-2018"]
    )
    level: Code = Field(examples=["ASSURANCE"])
    scope: Scope = Field(examples=[{"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}])
    assessor: Id | None = Field(
        default=None,
        description="The client who assesses. External audits and follow-ups: an auditor, needed before the start. "
        "Self-assessments and internal audits: one of the organisation's own, if anybody in particular.",
    )
    reviewer: Id | None = Field(
        default=None, description="The client who reviews, a reviewer or awarder; never the assessor."
    )
    planned_on: Day | None = Field(
        default=None, description="The day for which the work is planned.", examples=["2026-12-03"]
    )


class AssessmentChange(Body):
    """What may change in a plan until the work begins; what is left out stays as it is."""

    scope: Scope = unchanged(examples=[{"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}])
    assessor: Id | None = None
    reviewer: Id | None = None
    planned_on: Day | None = Field(default=None, examples=["2026-12-10"])


class AssessmentReasonedMove(Move):
    """A move that has to say why."""

    reason: Prose = Field(examples=["3.2 kriterijaus įrodymai neatitinka apimties."])


class AssessmentImprovement(Move):
    """The organisation improves what was found."""

    plan_due_on: Day = Field(
        description="The last day for the improvements and for the answers to the findings; today or later.",
        examples=["2027-02-26"],
    )


class Evidence(Body):
    """Where a proof lies and what its content is; the content itself stays where it is."""

    name: Line = Field(examples=["Gavėjų apklausos ataskaita, 2026 m."])
    location: LongLine = Field(
        description="An address or a place in an archive.", examples=["https://dokumentai.example.lt/apklausa-2026"]
    )
    sha256: Sha256 = Field(description="SHA-256 of the content, in hexadecimal digits.", examples=[_SHA256])


class PerspectiveLevel(Body):
    """How far a criterion is, seen from one perspective of the version."""

    perspective: Annotated[int, Field(strict=True, ge=1, le=20)] = Field(
        description="Its number in the scale of the assessment.", examples=[1]
    )
    level: Level = Field(examples=[3])


Levels = Annotated[list[PerspectiveLevel], Field(max_length=20)]


class RatingRecord(Body):
    """What the criterion was found to be. It takes the place of all that the rating said before."""

    rating: RatingValue = Field(examples=["met"])
    level: Level | None = Field(default=None, description="How far, on the scale of the assessment.", examples=[3])
    levels: Levels = Field(
        default=[],
        description="The same from each perspective that it was judged from.",
        examples=[[{"perspective": 1, "level": 3}, {"perspective": 2, "level": 4}]],
    )
    comment: Prose | None = Field(default=None, examples=["Gavėjai kasmet apklausiami, rezultatai aptariami taryboje."])
    evidence: Annotated[list[Evidence], Field(max_length=50)] = Field(
        default=[], description="A criterion that is met needs some before the assessment can be submitted."
    )


class RatingItem(RatingRecord):
    """One rating of several."""

    criterion: CriterionNumber
    version: Annotated[int, Field(strict=True, ge=1, le=999_999_999)] | None = Field(
        default=None,
        description="The version that the rating has, where the criterion is rated anew; left out the first time.",
        examples=[1],
    )


def _each_once(items: list[RatingItem]) -> list[RatingItem]:
    named = [one.criterion for one in items]
    for place, criterion in enumerate(named):
        if criterion in named[:place]:
            raise PydanticCustomError("criterion_repeated", "A criterion is rated once in a request.")
    return items


class RatingsRecord(Body):
    """Ratings of several criteria, each of them once."""

    items: Annotated[list[RatingItem], Field(min_length=1, max_length=200), AfterValidator(_each_once)] = Field(
        examples=[
            [
                {"criterion": "3.1", "rating": "met", "evidence": [_EVIDENCE]},
                {"criterion": "3.2", "rating": "partly_met", "comment": "Apklausa dar neapibendrinta.", "version": 1},
            ]
        ]
    )


class Assignment(Body):
    """Who assesses and who reviews; whoever is left out stays, null takes them away."""

    assessor: Id | None = Field(
        default=None,
        description="A client whose role is auditor; for the organisation's own work one of its clients.",
        examples=["019ab2c4-0000-7000-8000-000000000021"],
    )
    reviewer: Id | None = Field(
        default=None,
        description="A client whose role is reviewer or awarder.",
        examples=["019ab2c4-0000-7000-8000-000000000034"],
    )


class EvidenceRead(Answer):
    name: str
    location: str
    sha256: str


class PerspectiveLevelRead(Answer):
    perspective: int = Field(examples=[1])
    level: int = Field(examples=[3])


class RatingAlone(Answer):
    """The rating of one criterion, with a version of its own, so that raters do not block each other."""

    id: UUID
    assessment_id: UUID
    organisation_id: UUID
    principle: int = Field(description="Number of the principle that the criterion belongs to.", examples=[3])
    criterion: str = Field(examples=["3.2"])
    rating: RatingValue
    level: int | None
    levels: list[PerspectiveLevelRead]
    comment: str | None
    evidence: list[EvidenceRead]
    carried_from: UUID | None = Field(
        description="The assessment that it was carried forward from; null once the criterion is rated here, which is "
        "needed before the submission. It counts in no result until then."
    )
    recorded_at: Moment
    recorded_by: UUID | None = Field(description="The client who rated, or carried it forward.")
    version: int


_BESIDE = (
    "With `expand=self_assessment`: what the organisation itself said of the criterion, in its last self-assessment of "
    "the same scope, version and level that was handed in before the audit ended; null where there is none."
)


class CriterionRating(RatingAlone):
    """The rating of one criterion, with a version of its own, so that raters do not block each other."""

    self_assessment: RatingAlone | None = Field(default=None, description=_BESIDE)


class RatingResult(BulkResult):
    """What became of the rating of one criterion."""

    criterion: str = Field(examples=["3.2"])
    rating: CriterionRating | None = Field(description="The rating as the change leaves it.")


class RatingResults(Answer):
    """What became of each, in the order of the request."""

    items: list[RatingResult]


class PrincipleResult(Answer):
    """The result of one principle, of the criteria rated so far."""

    number: int = Field(examples=[3])
    code: str = Field(examples=["RIGHTS"])
    name: BilingualText
    score: float | None = Field(
        description="met / applicable, from 0 to 1 in four decimals; null where nothing applies.", examples=[0.6667]
    )
    met: int = Field(description="How many criteria are met.", examples=[2])
    applicable: int = Field(description="How many criteria are rated and apply: met, partly or not.", examples=[3])


class CriterionAssessment(Answer):
    """A criterion as the version had it when the assessment was planned, with its rating."""

    number: str = Field(examples=["3.2"])
    title: BilingualText
    text: BilingualText | None
    rating: RatingAlone | None = Field(description="Null while it is not rated.")
    self_assessment: RatingAlone | None = Field(default=None, description=_BESIDE)


class PerspectiveResult(Answer):
    """How far the criteria of a principle are, seen from one perspective."""

    perspective: int = Field(examples=[1])
    level: float = Field(description="The mean of their levels, in two decimals.", examples=[3.25])
    criteria: int = Field(description="Of how many criteria.", examples=[4])


class PrincipleAssessment(PrincipleResult):
    """The result of one principle with the ratings of its criteria."""

    levels: list[PerspectiveResult] = Field(description="By the perspectives that somebody judged it from.")
    description: BilingualText | None
    criteria: list[CriterionAssessment]


class PrincipleAssessments(Answer):
    """Every principle of an assessment, in the version's order."""

    items: list[PrincipleAssessment]


class SubmittedRating(Answer):
    criterion: str = Field(examples=["3.2"])
    rating: RatingValue
    level: int | None
    levels: list[PerspectiveLevelRead]
    comment: str | None
    evidence: list[EvidenceRead]


class AssessmentSubmission(Answer):
    """One revision as it was handed in; it never changes."""

    revision: int = Field(examples=[1])
    submitted_at: Moment
    submitted_by: UUID | None = Field(description="The client who handed it in.")
    ended_on: date = Field(description="The last day of the work.")
    ratings: list[SubmittedRating]


class AssessmentSubmissions(Answer):
    """Every revision that was handed in, oldest first."""

    items: list[AssessmentSubmission]


class Candidate(Answer):
    """An auditor who could be assigned, or why not."""

    auditor_id: UUID | None = Field(description="The record at `/v1/auditors`; null where nobody entered one.")
    client_id: UUID = Field(description="What an assessment names as its `assessor`.")
    name: str = Field(examples=["Jonas Pavyzdys"])
    eligible: bool
    reasons: list[ReasonRead] = Field(description="Why not; empty where nothing stands in the way.")
    open_audits: int = Field(description="How many audits that are not finished the auditor has.", examples=[2])
    last_audited_on: date | None = Field(description="When the auditor last finished an audit of the organisation.")


class Candidates(Answer):
    """Auditors in the order of their names, those without a conflict first."""

    items: list[Candidate]


class AssessmentItem(Answer):
    """The assessment of one organisation's scope against one version of a standard."""

    id: UUID
    organisation_id: UUID
    enrolment_id: UUID | None
    kind: Kind
    standard: str = Field(examples=["EQUASS"])
    standard_version: str = Field(examples=["EQUASS-2018"])
    level: str = Field(examples=["ASSURANCE"])
    scope: ScopeRead
    assessor: UUID | None = Field(description="The client who assesses.")
    reviewer: UUID | None = Field(description="The client who reviews.")
    state: State
    outcome: Outcome | None = Field(
        description="What the pass rule in effect on `ended_on` makes of the scores; null until it is finalised."
    )
    score: float | None = Field(
        description="met / applicable over all criteria, in four decimals; null until it is finalised.", examples=[0.96]
    )
    principles: list[PrincipleResult]
    planned_on: date | None
    started_on: date | None
    ended_on: date | None = Field(description="The last day of the work; null until it is submitted.")
    plan_due_on: date | None = Field(description="The last day for the improvements that a review required.")
    improvement_overdue: bool = Field(description="Whether that day has passed while it is in improvement.")
    finalised_on: date | None
    revision: int = Field(description="How often it was submitted.", examples=[1])
    carried_from: UUID | None = Field(description="The assessment whose ratings it started from, where it did.")
    scale: ScaleRead = Field(description="What levels of its ratings mean: the version's when it was planned.")
    reason: str | None = Field(description="Why it was returned or cancelled, where that was the last move.")
    version: int
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")


class Assessment(AssessmentItem):
    __doc__ = AssessmentItem.__doc__

    actions: list[ActionRead] = Field(default=[], description="On single assessments; in lists with `include=actions`.")


class AssessmentQuery(PageQuery):
    """Filters of the list of assessments; sorts: `planned_on`, `ended_on`, `plan_due_on`, `finalised_on`,
    `organisation`."""

    q: Search | None = None
    state: Several[State] | None = None
    kind: Several[Kind] | None = None
    outcome: Several[Outcome] | None = None
    organisation_id: Id | None = None
    enrolment_id: Id | None = None
    standard: Several[str] | None = None
    standard_version: Several[str] | None = None
    level: Several[str] | None = None
    assessor: Id | None = Field(default=None, description="A client's id.")
    reviewer: Id | None = Field(default=None, description="A client's id.")
    improvement_overdue: bool | None = None
    plan_due_on_gte: Day | None = Field(default=None, alias="plan_due_on[gte]")
    plan_due_on_lte: Day | None = Field(default=None, alias="plan_due_on[lte]")
    planned_on_gte: Day | None = Field(default=None, alias="planned_on[gte]")
    planned_on_lte: Day | None = Field(default=None, alias="planned_on[lte]")


class RatingQuery(PageQuery):
    """Filters of the list of ratings; sorts: `criterion` (in the version's order), `recorded_at`."""

    principle: Several[Annotated[int, Field(ge=1, le=99)]] | None = Field(
        default=None, description="Numbers of principles."
    )
    rating: Several[RatingValue] | None = None
    carried: bool | None = Field(
        default=None, description="`true`: only what was carried forward and is to be confirmed; `false`: the rest."
    )
