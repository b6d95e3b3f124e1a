"""Mappings of criteria, and evidence from other assessments, as they cross the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from programme.rules.assessments import Kind
from programme.rules.mappings import Relation
from schemas.assessments import EvidenceRead
from schemas.base import Answer, BilingualText, Body, Code, Prose, ScopeRead, unchanged
from schemas.page import PageQuery, Several

CriterionNumber = Annotated[
    str, Field(strict=True, max_length=7, pattern=r"^[1-9][0-9]?\.[1-9][0-9]{0,2}$", examples=["3.2"])
]


class MappingNew(Body):
    """A criterion of this version that says something of a criterion of another."""

    from_criterion: CriterionNumber
    to_version: Code = Field(examples=["EQUASS-REVISED"])
    to_criterion: CriterionNumber
    relation: Relation = Field(description="What the first asks, next to the second.", examples=["broader"])
    note: Prose | None = Field(default=None, examples=["Naujoji versija kasmetinės apklausos nebereikalauja."])


class MappingChange(Body):
    """Another relation or note. Another pair is another mapping."""

    relation: Relation = unchanged(examples=["equivalent"])
    note: Prose | None = Field(default=None, examples=["Ataskaitos skelbiamos rečiau."])


class CriterionMapping(Answer):
    """What is met by `from_criterion` is evidence for `to_criterion`, never its result."""

    id: UUID
    from_version: str = Field(examples=["EQUASS-2018"])
    from_criterion: str = Field(examples=["9.3"])
    to_version: str = Field(examples=["EQUASS-REVISED"])
    to_criterion: str = Field(examples=["3.2"])
    relation: Relation
    note: str | None
    version: int


class MappingQuery(PageQuery):
    """Filters of the list of mappings; sorts: `from_criterion`, `to_criterion`."""

    from_criterion: Several[CriterionNumber] | None = None
    to_version: Several[str] | None = None
    to_criterion: Several[CriterionNumber] | None = None
    relation: Several[Relation] | None = None


class MappedRating(Answer):
    """What was met in another assessment of the organisation, and how far it bears on the criterion here."""

    mapping_id: UUID
    relation: Relation
    note: str | None
    assessment_id: UUID
    kind: Kind
    standard_version: str = Field(examples=["EQUASS-2018"])
    level: str = Field(examples=["ASSURANCE"])
    scope: ScopeRead = Field(description="What that assessment was about; it may be another than here.")
    criterion: str = Field(examples=["9.3"])
    ended_on: date | None
    finalised_on: date | None
    comment: str | None
    evidence: list[EvidenceRead]


class MappedCriterion(Answer):
    """One criterion of the assessment, with what was met elsewhere of the criteria mapped to it."""

    criterion: str = Field(examples=["3.2"])
    title: BilingualText
    evidence: list[MappedRating]


class MappedEvidence(Answer):
    """The criteria for which there is something, in their order."""

    items: list[MappedCriterion]
