"""Assessments of one organisation's scope against one frozen version, and the rating of each criterion."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from programme.rules.sight import Sight
from programme.tables.base import Recorded, Table
from programme.tables.catalogue import PLAIN


class Assessment(Recorded, Table):
    """`catalogue`: the version's principles and criteria as they were when the assessment was planned.

    `assessor`, `reviewer`: client ids. `ended_on`: the day on which it was submitted, an audit's last day.
    `score`: met / applicable, frozen when finalised. `revision` counts the submissions. `reason`: why the last move was
    made, where it needs one (a return, a cancellation). `scale`: the version's, frozen likewise. `carried_from`: the
    assessment of the cycle before whose ratings this one started from. `plan_due_on`: the last day for the improvements
    that the latest review required. `next_change_on`: the day on which the daily pass makes known that they are overdue.
    """

    __tablename__ = "assessment"
    resource = "assessment"
    told: ClassVar = (
        "organisation_id", "enrolment_id", "kind", "standard", "standard_version", "level", "scope", "assessor",
        "reviewer", "state", "outcome", "score", "planned_on", "started_on", "ended_on", "plan_due_on", "finalised_on",
        "revision", "reason", "carried_from",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(["organisation_id", "enrolment_id"], ["enrolment.organisation_id", "enrolment.id"]),
        ForeignKeyConstraint(["organisation_id", "carried_from"], ["assessment.organisation_id", "assessment.id"]),
        CheckConstraint("kind in ('self_assessment', 'internal_audit', 'external_audit', 'follow_up')", name="kind"),
        CheckConstraint("(state = 'finalised') = (outcome is not null)", name="outcome_when_finalised"),
        CheckConstraint("state <> 'improvement' or plan_due_on is not null", name="improvement_has_its_day"),
        Index("ix_assessment_planned_on", text("coalesce(planned_on, 'infinity')"), "id"),
        Index("ix_assessment_enrolment_id", "enrolment_id"),
        Index("ix_assessment_assessor", "assessor"),
        Index(
            "ix_assessment_unfinished",
            "state",
            "id",
            postgresql_where=text("state in ('planned', 'in_progress', 'submitted', 'under_review', 'improvement')"),
        ),
        Index(
            "ix_assessment_due",
            "next_change_on",
            "organisation_id",
            postgresql_where=text("next_change_on is not null"),
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    enrolment_id: Mapped[UUID | None]
    kind: Mapped[str]
    standard: Mapped[str] = mapped_column(ForeignKey("standard.code"))
    standard_version: Mapped[str] = mapped_column(ForeignKey("standard_version.code"))
    level: Mapped[str]
    scope: Mapped[dict[str, Any]]
    catalogue: Mapped[list[dict[str, Any]]]
    scale: Mapped[dict[str, Any]] = mapped_column(server_default=PLAIN)
    assessor: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    reviewer: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    state: Mapped[str]
    outcome: Mapped[str | None]
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    planned_on: Mapped[date | None]
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    plan_due_on: Mapped[date | None]
    finalised_on: Mapped[date | None]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None]
    carried_from: Mapped[UUID | None]
    next_change_on: Mapped[date | None]

    def known_to(self, sight: Sight) -> bool:
        return super().known_to(sight) and sight.knows_assessment(self.kind, self.assessor, self.revision)


class Rating(Recorded, Table):
    """The rating of one criterion ("3.2"), with its own version, so that raters do not block each other.

    `level`: how far, on the assessment's scale; `levels`: [{perspective, level}], the same from each perspective that it
    was judged from. `evidence`: [{name, location, sha256}]: references and hashes, never file contents. `carried_from`:
    the assessment that it was carried forward from, until somebody rates the criterion here.
    """

    __tablename__ = "rating"
    resource = "rating"
    told: ClassVar = (
        "assessment_id",
        "organisation_id",
        "criterion",
        "rating",
        "level",
        "levels",
        "comment",
        "evidence",
        "carried_from",
    )
    __table_args__ = (
        UniqueConstraint("assessment_id", "criterion"),
        ForeignKeyConstraint(
            ["organisation_id", "assessment_id"],
            ["assessment.organisation_id", "assessment.id"],
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(["organisation_id", "carried_from"], ["assessment.organisation_id", "assessment.id"]),
        CheckConstraint("rating in ('met', 'partly_met', 'not_met', 'not_applicable')", name="rating"),
    )

    organisation_id: Mapped[UUID]
    assessment_id: Mapped[UUID]
    principle: Mapped[int]
    criterion: Mapped[str]
    rating: Mapped[str]
    level: Mapped[int | None]
    levels: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    comment: Mapped[str | None]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    carried_from: Mapped[UUID | None]


class AssessmentSubmission(Table):
    """One revision of an assessment as it was handed in; never changed. `ratings`: [{criterion, rating, level, levels,
    comment, evidence}], in the version's order. `ended_on`: the last day of the work."""

    __tablename__ = "assessment_submission"
    __table_args__ = (
        UniqueConstraint("assessment_id", "revision"),
        ForeignKeyConstraint(
            ["organisation_id", "assessment_id"],
            ["assessment.organisation_id", "assessment.id"],
            onupdate="CASCADE",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID]
    assessment_id: Mapped[UUID]
    revision: Mapped[int]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    ended_on: Mapped[date]
    ratings: Mapped[list[dict[str, Any]]]
