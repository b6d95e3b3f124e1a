"""Trainings and consultations that an organisation gets within an enrolment."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Recorded, Table


class SupportActivity(Recorded, Table):
    """One training or consultation. `held_on`: its day, ahead while it is planned. `people`: how many of the organisation
    took part, never who. `consultant`: the client who gave it; `provided_by`: for which body. `cancelled_on`, `reason`:
    since when it does not count, and why."""

    __tablename__ = "support_activity"
    resource = "support_activity"
    told: ClassVar = (
        "organisation_id", "enrolment_id", "kind", "topic", "held_on", "hours", "people", "consultant", "provided_by",
        "cancelled_on", "reason",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(["organisation_id", "enrolment_id"], ["enrolment.organisation_id", "enrolment.id"]),
        CheckConstraint("kind in ('training', 'consultation')", name="kind"),
        CheckConstraint("hours > 0", name="hours"),
        CheckConstraint("people >= 0", name="people"),
        CheckConstraint("(cancelled_on is null) = (reason is null)", name="cancelled"),
        Index("ix_support_activity_enrolment_id", "enrolment_id", "held_on"),
        Index("ix_support_activity_consultant", "consultant"),
    )

    organisation_id: Mapped[UUID]
    enrolment_id: Mapped[UUID]
    kind: Mapped[str]
    topic: Mapped[dict[str, Any]]
    held_on: Mapped[date]
    hours: Mapped[float]
    people: Mapped[int]
    consultant: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    provided_by: Mapped[str | None]
    cancelled_on: Mapped[date | None]
    reason: Mapped[str | None]
