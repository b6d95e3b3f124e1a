"""Requirements that an assessment found not to be met, and what the organisation does about each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.rules.findings import STANDING, Severity, State
from programme.tables.base import Dated, Recorded, Table, refuses


def _listed(values: Iterable[Severity | State]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Finding(Recorded, Dated, Table):
    """One criterion of an assessment's frozen catalogue that is not met. Its owner, who has to answer, is the organisation.

    `due_on`: the last day to answer. `cause`, `action`, `action_due_on`: the corrective action plan. `answer`,
    `answer_evidence`: the latest answer; `verification`: what whoever verified said of it. `evidence`,
    `answer_evidence`: [{name, location, sha256}], never file contents. `raised_by`, `answered_by`, `verified_by`: client
    ids. `reason`: why it was reopened, extended or withdrawn, where that was the last move. `repeats_id`: the latest
    finding of the same criterion in an earlier finalised assessment of the organisation. `next_change_on`: the day on
    which the daily pass makes known that it is overdue.
    """

    __tablename__ = "finding"
    resource = "finding"
    told: ClassVar = (
        "organisation_id", "assessment_id", "principle", "criterion", "severity", "statement", "evidence", "due_on",
        "state", "cause", "action", "action_due_on", "planned_on", "answer", "answer_evidence", "answered_on",
        "verification", "verified_on", "reason", "repeats_id", "raised_on",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(
            ["organisation_id", "assessment_id"],
            ["assessment.organisation_id", "assessment.id"],
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(["organisation_id", "repeats_id"], ["finding.organisation_id", "finding.id"]),
        CheckConstraint(f"severity in ({_listed(Severity)})", name="severity"),
        CheckConstraint(f"state in ({_listed(State)})", name="state"),
        CheckConstraint(
            "severity = 'observation' or due_on is not null",
            name="due_on",
            info=refuses(
                "due_on_missing",
                lt="Neatitikčiai būtina nustatyti pašalinimo terminą; be termino gali būti tik pastaba.",
                en="A nonconformity needs a day by which it is due; only an observation can go without.",
            ),
        ),
        CheckConstraint("num_nulls(cause, action, action_due_on, planned_on) in (0, 4)", name="plan_is_whole"),
        CheckConstraint("state <> 'planned' or planned_on is not null", name="planned"),
        CheckConstraint("state not in ('answered', 'closed') or answered_on is not null", name="answered"),
        CheckConstraint("(state = 'closed') = (verified_on is not null)", name="verified"),
        CheckConstraint("verified_by <> answered_by", name="verified_by_somebody_else"),
        CheckConstraint("state <> 'withdrawn' or reason is not null", name="withdrawn_with_reason"),
        Index("ix_finding_due_on", text("coalesce(due_on, 'infinity')"), "id"),
        Index("ix_finding_assessment_id", "assessment_id"),
        Index("ix_finding_organisation", "organisation_id", "criterion"),
        Index("ix_finding_repeats_id", "repeats_id"),
        Index("ix_finding_standing", "state", "id", postgresql_where=text(f"state in ({_listed(STANDING)})")),
        Index(
            "ix_finding_due", "next_change_on", "organisation_id", postgresql_where=text("next_change_on is not null")
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    assessment_id: Mapped[UUID]
    principle: Mapped[int]
    criterion: Mapped[str]
    severity: Mapped[str]
    statement: Mapped[str]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    raised_on: Mapped[date]
    raised_by: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    due_on: Mapped[date | None]
    state: Mapped[str]
    cause: Mapped[str | None]
    action: Mapped[str | None]
    action_due_on: Mapped[date | None]
    planned_on: Mapped[date | None]
    answer: Mapped[str | None]
    answer_evidence: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    answered_on: Mapped[date | None]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    verification: Mapped[str | None]
    verified_on: Mapped[date | None]
    verified_by: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    reason: Mapped[str | None]
    repeats_id: Mapped[UUID | None]
    next_change_on: Mapped[date | None]
