"""What holders owe each year, every submission of it and what was found of it, and the case that a delinquent one opens."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Dated, Recorded, Table


class AnnualReport(Dated, Recorded, Table):
    """One obligation of one certificate and year; its flags follow from these columns and a day
    (`rules.annual_reports.flags`, `queries.annual_reports.flags_on`).

    `opens_on`, `due_on`: first and last day of the window. `first_submitted_on`: the day in Vilnius of
    `first_submitted_at`; both survive a return. `lapses_on`: the first day on which the certificate is no longer
    live. `next_change_on`: the next day on which the daily pass has something to make known.
    `extensions`: [{due_on, new_due_on, reason, requested_on, granted, decided_on, decision_reason}], oldest first, of
    which the last may be undecided; `due_on` is what they have made of it, `extension_days` by how much it can move.
    `waived_on`: the day from which nothing is owed, as `reason` says.
    """

    __tablename__ = "annual_report"
    resource = "annual_report"
    first_holds_always = True
    told: ClassVar = (
        "certificate_id", "organisation_id", "sequence", "opens_on", "due_on", "resubmit_by", "state",
        "first_submitted_at", "submitted_at", "submissions", "void_reason", "extensions", "waived_on", "reason",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("certificate_id", "sequence"),
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(
            ["organisation_id", "certificate_id"],
            ["certificate.organisation_id", "certificate.id"],
            onupdate="CASCADE",
        ),
        CheckConstraint("opens_on <= due_on", name="window"),
        CheckConstraint("(first_submitted_at is null) = (first_submitted_on is null)", name="first_submission"),
        CheckConstraint("(state = 'void') = (void_reason is not null)", name="void_reason"),
        CheckConstraint("(state = 'waived') = (waived_on is not null)", name="waived"),
        Index("ix_annual_report_due_on", "due_on", "id"),
        Index("ix_annual_report_organisation", "organisation_id", "due_on"),
        Index(
            "ix_annual_report_handed_in",
            "state",
            "id",
            postgresql_where=text("state in ('submitted', 'with_auditor', 'commented', 'with_office')"),
        ),
        Index(
            "ix_annual_report_extension_requested",
            "id",
            postgresql_where=text("""state in ('scheduled', 'drafting') and extensions @> '[{"granted": null}]'"""),
        ),
        Index(
            "ix_annual_report_due",
            "next_change_on",
            "organisation_id",
            postgresql_where=text("next_change_on is not null"),
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    certificate_id: Mapped[UUID]
    sequence: Mapped[int]
    opens_on: Mapped[date]
    due_on: Mapped[date]
    resubmit_by: Mapped[date | None]
    state: Mapped[str]
    void_reason: Mapped[str | None]
    first_submitted_at: Mapped[datetime | None]
    first_submitted_on: Mapped[date | None]
    submitted_at: Mapped[datetime | None]
    submissions: Mapped[int] = mapped_column(server_default=text("0"))
    due_soon_days: Mapped[int] = mapped_column(server_default=text("30"))
    grace_days: Mapped[int] = mapped_column(server_default=text("30"))
    lapses_on: Mapped[date | None]
    next_change_on: Mapped[date | None]
    extension_days: Mapped[int] = mapped_column(server_default=text("60"))
    extensions: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    waived_on: Mapped[date | None]
    reason: Mapped[str | None]


class AnnualReportDraft(Table):
    """What a report says while it is written: the same parts and results as a submission, any of them missing. A
    submission is a copy of it, and a returned report goes on from there."""

    __tablename__ = "annual_report_draft"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "annual_report_id"],
            ["annual_report.organisation_id", "annual_report.id"],
            onupdate="CASCADE",
        ),
    )

    annual_report_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    parts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    results: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    saved_at: Mapped[datetime]


class AnnualReportSubmission(Table):
    """One version of a report as it was handed in; never changed. `parts`: {performance, progress, development,
    improvements, plans}. `results`: [{indicator_id, name, unit, direction, kind, value, target, comment}], what was
    reported of each indicator, with what the indicator was at the time."""

    __tablename__ = "annual_report_submission"
    __table_args__ = (
        UniqueConstraint("annual_report_id", "number"),
        ForeignKeyConstraint(
            ["organisation_id", "annual_report_id"],
            ["annual_report.organisation_id", "annual_report.id"],
            onupdate="CASCADE",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID]
    annual_report_id: Mapped[UUID]
    number: Mapped[int]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    parts: Mapped[dict[str, Any]]
    results: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))


class AnnualReportReview(Table):
    """What was found of one submission (its number), never changed. `kind`: `comment`, the auditor's feedback
    [{criterion, text}], or `return`, with the reason and the last day to submit anew."""

    __tablename__ = "annual_report_review"
    __table_args__ = (
        UniqueConstraint("annual_report_id", "number"),
        ForeignKeyConstraint(
            ["organisation_id", "annual_report_id"],
            ["annual_report.organisation_id", "annual_report.id"],
            onupdate="CASCADE",
        ),
        CheckConstraint("kind in ('comment', 'return')", name="kind"),
        CheckConstraint("(kind = 'return') = (reason is not null and resubmit_by is not null)", name="returned"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID]
    annual_report_id: Mapped[UUID]
    number: Mapped[int]
    submission: Mapped[int]
    kind: Mapped[str]
    reviewed_at: Mapped[datetime]
    reviewed_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    resubmit_by: Mapped[date | None]
    feedback: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))


class ComplianceCase(Recorded, Table):
    """What the coordinator has to follow up: one for each report that becomes delinquent."""

    __tablename__ = "compliance_case"
    resource = "compliance_case"
    told: ClassVar = (
        "organisation_id",
        "certificate_id",
        "annual_report_id",
        "kind",
        "state",
        "opened_on",
        "closed_on",
    )
    __table_args__ = (
        UniqueConstraint("annual_report_id"),
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(
            ["organisation_id", "annual_report_id"],
            ["annual_report.organisation_id", "annual_report.id"],
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "certificate_id"],
            ["certificate.organisation_id", "certificate.id"],
            onupdate="CASCADE",
        ),
        CheckConstraint("state in ('open', 'closed')", name="state"),
        Index("ix_compliance_case_open", "id", postgresql_where=text("state = 'open'")),
        CheckConstraint("(state = 'closed') = (closed_on is not null)", name="closed"),
    )

    organisation_id: Mapped[UUID]
    certificate_id: Mapped[UUID]
    annual_report_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    resolution: Mapped[str | None]
