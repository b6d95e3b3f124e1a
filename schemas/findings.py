"""Findings as they cross the wire: what was found, and the bodies of the moves up to its verification."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from programme.rules.findings import Severity, State
from schemas.assessments import AssessmentItem, Evidence, EvidenceRead
from schemas.base import ActionRead, Answer, Body, Day, Id, Move, Prose, unchanged
from schemas.organisations import Organisation
from schemas.page import PageQuery, PastFilters, Search, Several

Criterion = Annotated[str, Field(strict=True, max_length=10, pattern=r"^[0-9]{1,2}\.[0-9]{1,3}$")]
Proofs = Annotated[list[Evidence], Field(max_length=50)]

_STATEMENT = "Gavėjai neinformuojami, kaip ir kam pateikti skundą."
_PROOF = {
    "name": "Skundų nagrinėjimo tvarka, 2026-12",
    "location": "https://dokumentai.example.lt/skundu-tvarka",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class FindingNew(Body):
    """A criterion that is found not to be met."""

    assessment_id: Id = Field(description="An assessment in progress that the caller carries out.")
    criterion: Criterion = Field(
        description="The criterion's number in the version of the standard, as the assessment froze it.",
        examples=["3.2"],
    )
    severity: Severity = Field(examples=["minor"])
    statement: Prose = Field(description="What is not met, and how that shows.", examples=[_STATEMENT])
    evidence: Proofs = Field(default=[], description="What the finding rests on.")
    due_on: Day | None = Field(
        default=None,
        description="The last day for the organisation's answer, today or later; an observation needs none.",
        examples=["2027-01-29"],
    )


class FindingChange(Body):
    """What may be worded anew while the assessment is in progress."""

    severity: Severity = unchanged(examples=["major"])
    statement: Prose = unchanged(examples=[_STATEMENT])
    evidence: Proofs = unchanged()
    due_on: Day | None = Field(default=None, examples=["2027-02-26"])


class FindingPlan(Move):
    """The corrective action plan."""

    cause: Prose = Field(examples=["Tvarka patvirtinta, bet naujiems gavėjams neįteikiama."])
    action: Prose = Field(examples=["Tvarka įteikiama pasirašytinai sudarant sutartį, primenama gavėjų taryboje."])
    action_due_on: Day = Field(
        description="The day by which the action is done: not later than the finding is due, unless it is overdue.",
        examples=["2026-12-18"],
    )


class FindingAnswer(Move):
    """What was done, with what proves it."""

    answer: Prose = Field(examples=["Tvarka įteikta visiems 42 gavėjams, supažindinimo lapai pasirašyti."])
    evidence: Annotated[list[Evidence], Field(min_length=1, max_length=50)] = Field(examples=[[_PROOF]])


class FindingVerify(Move):
    """The answer is found to be effective."""

    verification: Prose | None = Field(default=None, examples=["Peržiūrėti supažindinimo lapai, gavėjai apklausti."])


class FindingReopen(Move):
    """The answer is not accepted."""

    reason: Prose = Field(examples=["Pateiktuose lapuose trūksta 12 gavėjų parašų."])
    due_on: Day = Field(description="The last day for another answer; today or later.", examples=["2027-02-26"])


class FindingExtend(Move):
    """More time to answer."""

    reason: Prose = Field(examples=["Direktoriaus pavaduotoja nedarbinga iki sausio pabaigos."])
    due_on: Day = Field(description="Today or later, and not before the present day.", examples=["2027-02-26"])


class FindingWithdraw(Move):
    """It was not one."""

    reason: Prose = Field(examples=["Kriterijus šiai paslaugai netaikomas."])


class FindingItem(Answer):
    """A requirement that an assessment found not to be met. Its owner, who answers it, is the organisation."""

    id: UUID
    organisation_id: UUID
    assessment_id: UUID
    standard_version: str = Field(examples=["EQUASS-2018"])
    principle: int = Field(description="Number of the principle that the criterion belongs to.", examples=[3])
    criterion: str = Field(examples=["3.2"])
    severity: Severity
    statement: str = Field(examples=[_STATEMENT])
    evidence: list[EvidenceRead] = Field(description="What the finding rests on.")
    raised_on: date
    raised_by: UUID | None = Field(description="The client who raised it.")
    due_on: date | None = Field(description="The last day for the organisation's answer.", examples=["2027-01-29"])
    state: State
    overdue: bool = Field(
        description="Whether an answer is due and its last day has passed. Nothing is due before the assessment is "
        "handed in; an answer stops the clock."
    )
    cause: str | None
    action: str | None
    action_due_on: date | None
    planned_on: date | None = Field(description="The day of the plan.")
    answer: str | None = Field(description="The latest answer; earlier ones stand in the events.")
    answer_evidence: list[EvidenceRead]
    answered_on: date | None
    answered_by: UUID | None = Field(description="The client who answered; never the one who verifies.")
    verification: str | None
    verified_on: date | None
    verified_by: UUID | None
    reason: str | None = Field(description="Why it was reopened, extended or withdrawn, where that was the last move.")
    repeats_id: UUID | None = Field(
        description="The latest finding of the same criterion in an earlier finalised assessment of the organisation "
        "(same version, overlapping scope); perhaps of an audit that the caller may not read."
    )
    version: int
    assessment: AssessmentItem | None = Field(default=None, description="With `expand=assessment`.")
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")


class Finding(FindingItem):
    __doc__ = FindingItem.__doc__

    actions: list[ActionRead] = Field(default=[], description="On single findings; in lists with `include=actions`.")


class FindingFilters(PastFilters):
    """What findings can be asked for by."""

    q: Search | None = None
    assessment_id: Id | None = None
    organisation_id: Id | None = None
    standard_version: Several[str] | None = None
    principle: Several[Annotated[int, Field(ge=1, le=99)]] | None = Field(
        default=None, description="Numbers of principles."
    )
    criterion: Several[str] | None = Field(default=None, description="Numbers of criteria.")
    severity: Several[Severity] | None = None
    state: Several[State] | None = None
    overdue: bool | None = None
    repeated: bool | None = Field(default=None, description="Whether it repeats an earlier finding.")
    repeats_id: Id | None = None
    standard: Several[str] | None = Field(default=None, description="Of the assessment.")
    municipality: Several[str] | None = Field(default=None, description="Of the organisation; ISO 3166-2:LT codes.")
    county: Several[str] | None = Field(default=None, description="That its municipality lies in; ISO 3166-2:LT codes.")
    due_on_gte: Day | None = Field(default=None, alias="due_on[gte]")
    due_on_lte: Day | None = Field(default=None, alias="due_on[lte]")
    raised_on_gte: Day | None = Field(default=None, alias="raised_on[gte]")
    raised_on_lte: Day | None = Field(default=None, alias="raised_on[lte]")


class FindingQuery(FindingFilters, PageQuery):
    """Filters of the list of findings; sorts: `due_on`, `raised_on`, `severity` (the gravest first), `criterion` (in the
    version's order), `organisation`."""
