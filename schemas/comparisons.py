"""Two assessments side by side, as they cross the wire."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import ConfigDict, Field

from programme.rules.assessments import Kind, Outcome, RatingValue, State
from programme.rules.comparisons import Direction, Presence
from schemas.assessments import PerspectiveLevelRead
from schemas.base import Answer, BilingualText


class ComparedAssessment(Answer):
    """One of the two, in short."""

    id: UUID
    organisation_id: UUID
    kind: Kind
    standard_version: str = Field(examples=["EQUASS-2018"])
    level: str = Field(examples=["ASSURANCE"])
    state: State
    ended_on: date | None
    revision: int
    outcome: Outcome | None
    score: float | None


class ComparedRating(Answer):
    rating: RatingValue
    level: int | None
    levels: list[PerspectiveLevelRead]
    comment: str | None


class ComparedCriterion(Answer):
    """One criterion in both. `with_…`: in the assessment that it is compared with."""

    number: str = Field(examples=["3.2"])
    with_number: str | None = Field(description="Its number there; null where it is not there.", examples=["3.2"])
    title: BilingualText
    presence: Presence
    rating: ComparedRating | None
    with_rating: ComparedRating | None
    direction: Direction | None = Field(
        description="By the ratings and, where they are alike, the levels; null where either is missing, was only carried "
        "forward, or says that the criterion does not apply."
    )


class ComparedPrinciple(Answer):
    """One principle in both."""

    number: int = Field(examples=[3])
    code: str = Field(examples=["RIGHTS"])
    name: BilingualText
    presence: Presence
    score: float | None = Field(examples=[0.8])
    with_score: float | None = Field(examples=[0.6])
    direction: Direction | None = Field(description="By the scores; null where nothing applies in either.")
    criteria: list[ComparedCriterion]


class CriteriaCounted(Answer):
    """How many criteria went which way."""

    improved: int
    same: int
    worse: int
    unknown: int = Field(description="Both have them, and a rating is missing or says that they do not apply.")
    added: int
    removed: int


class Comparison(Answer):
    """From the assessment named in `with` to this one."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    assessment: ComparedAssessment
    with_: ComparedAssessment = Field(alias="with")
    criteria: CriteriaCounted
    principles: list[ComparedPrinciple]
