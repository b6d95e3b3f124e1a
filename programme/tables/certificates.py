"""Certificates: the decisions about them, and the days for which those make them valid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Known, Recorded, Table, refuses

_FIRST_LAPSE = text("lower(datemultirange(daterange(lower(periods), null)) - periods)")
"""The first day after the first period: behind the order of a list, an index passes by what cannot have expired."""


class Certificate(Known, Recorded, Table):
    """A decision that a scope meets a version of a standard. No status is stored: it follows from these columns and a
    day (`rules.certificates.status`, `queries.certificates.status_on`).

    `valid_from`, `expires_on`: first and last valid day, both inclusive, of the latest period; null in a draft.
    `periods`: all periods of validity; `suspensions`: when it was or will be suspended (days, end exclusive as
    PostgreSQL writes ranges). `ended_as` with `ended_on`: the terminal decision and its first day of effect.
    `extended_from`: the last valid day as it was before the period was extended. `mark`: of a refusal, what was given
    instead. `cancellation_requested_on`, `cancellation_wanted_on`: the holder has asked for cancellation, from this day on.
    `next_change_on`: the next day on which the daily pass has something to make known.

    Predecessor and audit belong to the organisation that the certificate has when they are named (a trigger holds it) and
    stay with it when the certificate is transferred.
    `municipality_key`: the holder's, put in by a trigger and kept by the foreign key: one index gives a municipality's
    certificates in order. `revision`: how often the wording of the certificate was decided anew.
    """

    __tablename__ = "certificate"
    resource = "certificate"
    told: ClassVar = (
        "reference", "organisation_id", "standard", "standard_version", "level", "scope", "certified_on", "valid_from",
        "expires_on", "extended_from", "suspended_from", "suspended_to", "review_by", "ended_as", "ended_on", "mark",
        "revision", "predecessor_id", "assessment_id", "service_users", "staff", "source", "cancellation_requested_on",
        "cancellation_wanted_on",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(
            ["organisation_id", "municipality_key"],
            ["organisation.id", "organisation.municipality_key"],
            onupdate="CASCADE",
        ),
        Index(
            "uq_certificate_reference",
            "reference",
            unique=True,
            info=refuses(
                "reference_in_use",
                lt="Toks sertifikato numeris jau panaudotas.",
                en="This certificate reference is already in use.",
            ),
        ),
        CheckConstraint("(periods = '{}') = (expires_on is null)", name="granted_has_an_end"),
        CheckConstraint("expires_on = upper(periods) - 1", name="expires_on_is_the_last_day"),
        CheckConstraint("valid_from <= expires_on", name="period"),
        CheckConstraint("(ended_as is null) = (ended_on is null)", name="ended"),
        CheckConstraint("ended_as in ('refused', 'withdrawn', 'cancelled', 'superseded')", name="ended_as"),
        CheckConstraint("source in ('decision', 'import')", name="source"),
        CheckConstraint("extended_from < expires_on", name="extended"),
        CheckConstraint("mark is null or ended_as = 'refused'", name="mark"),
        CheckConstraint(
            "(cancellation_requested_on is null) = (cancellation_wanted_on is null)", name="cancellation_request"
        ),
        Index(
            "uq_certificate_assessment_id",
            "assessment_id",
            unique=True,
            info=refuses(
                "audit_used",
                lt="Šiuo auditu jau pagrįstas kitas sertifikatas.",
                en="Another certificate already rests on this audit.",
            ),
        ),
        Index(
            "uq_certificate_successor_draft",
            "predecessor_id",
            unique=True,
            postgresql_where=text("expires_on is null and ended_on is null"),
            info=refuses(
                "successor_drafted",
                lt="Jau rengiamas kitas sertifikatas, kuris pakeis šį.",
                en="Another certificate that is to take the place of this one is being prepared.",
            ),
        ),
        Index(
            "ix_certificate_cancellation",
            "cancellation_requested_on",
            postgresql_where=text("cancellation_requested_on is not null"),
        ),
        Index("ix_certificate_expires_on", text("coalesce(expires_on, 'infinity')"), "id", _FIRST_LAPSE),
        Index(
            "ix_certificate_municipality",
            "municipality_key",
            text("coalesce(expires_on, 'infinity')"),
            "id",
            _FIRST_LAPSE,
        ),
        Index("ix_certificate_certified_on", text("coalesce(certified_on, 'infinity')"), "id", _FIRST_LAPSE),
        Index(
            "ix_certificate_suspended",
            text("coalesce(certified_on, 'infinity')"),
            "id",
            postgresql_where=text("suspensions <> '{}'"),
        ),
        Index(
            "ix_certificate_due",
            "next_change_on",
            "organisation_id",
            postgresql_where=text("next_change_on is not null"),
        ),
        Index("ix_certificate_predecessor", "predecessor_id"),
        Index(
            "ix_certificate_review_by",
            text("coalesce(review_by, 'infinity')"),
            "id",
            postgresql_where=text("review_by is not null"),
        ),
        Index("ix_certificate_undecided", "id", postgresql_where=text("expires_on is null and ended_on is null")),
        Index("ix_certificate_reference_order", text("coalesce(reference, '')"), "id"),
        Index("ix_certificate_scope", "scope", postgresql_using="gin", postgresql_ops={"scope": "jsonb_path_ops"}),
        Index(
            "ix_certificate_reference_search",
            func.fold(text("reference")).label("reference_search"),
            postgresql_using="gin",
            postgresql_ops={"reference_search": "gin_trgm_ops"},
        ),
    )

    organisation_id: Mapped[UUID]
    municipality_key: Mapped[str] = mapped_column(server_default=FetchedValue())
    reference: Mapped[str | None]
    standard: Mapped[str] = mapped_column(ForeignKey("standard.code"))
    standard_version: Mapped[str] = mapped_column(ForeignKey("standard_version.code"))
    level: Mapped[str]
    scope: Mapped[dict[str, Any]]
    certified_on: Mapped[date | None]
    valid_from: Mapped[date | None]
    expires_on: Mapped[date | None]
    periods: Mapped[list[Range[date]]] = mapped_column(DATEMULTIRANGE(), server_default=text("'{}'"))
    suspensions: Mapped[list[Range[date]]] = mapped_column(DATEMULTIRANGE(), server_default=text("'{}'"))
    extended_from: Mapped[date | None]
    suspended_from: Mapped[date | None]
    suspended_to: Mapped[date | None]
    review_by: Mapped[date | None]
    ended_as: Mapped[str | None]
    ended_on: Mapped[date | None]
    mark: Mapped[str | None]
    expiring_days: Mapped[int] = mapped_column(server_default=text("180"))
    notice_days: Mapped[list[int]] = mapped_column(server_default=text("'{}'"))
    next_change_on: Mapped[date | None]
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    predecessor_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificate.id"))
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assessment.id"))
    service_users: Mapped[int | None]
    staff: Mapped[int | None]
    source: Mapped[str] = mapped_column(server_default=text("'decision'"))
    cancellation_requested_on: Mapped[date | None]
    cancellation_wanted_on: Mapped[date | None]


class CertificateDecision(Table):
    """One decision about a certificate, or a request for one, never overwritten. `kind`: the move, or `import`.

    `effective_on`: the first day of its effect; `decided_at`: when it was recorded. `details`: what belongs to this
    kind alone (`review_by`, `override_reason`, `expires_on`, `document_ref` and the like).
    """

    __tablename__ = "certificate_decision"
    __table_args__ = (
        UniqueConstraint("certificate_id", "number"),
        ForeignKeyConstraint(
            ["organisation_id", "certificate_id"],
            ["certificate.organisation_id", "certificate.id"],
            onupdate="CASCADE",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID]
    certificate_id: Mapped[UUID]
    number: Mapped[int]
    kind: Mapped[str]
    effective_on: Mapped[date]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    decision_ref: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class CertificateRevision(Table):
    """What a certificate says from a decision on; never changed. The first is that of the grant or import.

    `decision`: the number of the decision. `holder_id`: whose certificate it is by this revision, which the organisation
    that the row belongs to need not be any more.
    """

    __tablename__ = "certificate_revision"
    __table_args__ = (
        UniqueConstraint("certificate_id", "number"),
        ForeignKeyConstraint(
            ["organisation_id", "certificate_id"],
            ["certificate.organisation_id", "certificate.id"],
            onupdate="CASCADE",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID]
    certificate_id: Mapped[UUID]
    number: Mapped[int]
    decision: Mapped[int]
    effective_on: Mapped[date]
    holder_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    scope: Mapped[dict[str, Any]]
    valid_from: Mapped[date]
    expires_on: Mapped[date]
    service_users: Mapped[int | None]
    staff: Mapped[int | None]


class CertificateVote(Recorded, Table):
    """One committee member's vote on a draft; changed votes are told as events. It counts while the draft stands as it
    was voted on, at `draft_version`. `voter`: a client's id. The comment is for the committee and is told to nobody else.
    """

    __tablename__ = "certificate_vote"
    resource = "certificate_vote"
    told: ClassVar = ("organisation_id", "certificate_id", "voter", "vote", "draft_version")
    __table_args__ = (
        UniqueConstraint(
            "certificate_id",
            "voter",
            info=refuses(
                "vote_recorded",
                lt="Jūsų balsas ką tik įrašytas; norėdami jį pakeisti, balsuokite dar kartą.",
                en="Your vote was recorded just now; vote again to change it.",
            ),
        ),
        ForeignKeyConstraint(
            ["organisation_id", "certificate_id"],
            ["certificate.organisation_id", "certificate.id"],
            onupdate="CASCADE",
        ),
        CheckConstraint("vote in ('for', 'against', 'abstain')", name="vote"),
    )

    organisation_id: Mapped[UUID]
    certificate_id: Mapped[UUID]
    voter: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    vote: Mapped[str]
    comment: Mapped[str | None]
    voted_at: Mapped[datetime]
    draft_version: Mapped[int]


NOWHERE = UUID(int=0)
"""Stands for a period's site (or service) where the scope names none: a null would never conflict."""


class CertificatePeriod(Table):
    """One period of validity of one service at one site: what may never overlap within an organisation and standard.

    `ended_on`: first day on which it is given up before its time: by a terminal decision, or for this place alone as the
    scope was revised. `effective`: the days on which it really holds. After a transfer it begins with the new holder.
    """

    __tablename__ = "certificate_period"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "certificate_id"],
            ["certificate.organisation_id", "certificate.id"],
            onupdate="CASCADE",
        ),
        ExcludeConstraint(
            ("organisation_id", "="),
            ("standard", "="),
            ("service", "="),
            ("site", "="),
            ("effective", "&&"),
            name="ex_certificate_period_overlap",
            using="gist",
            info=refuses(
                "certificate_overlaps",
                lt="Tai pačiai paslaugai tuo pačiu laikotarpiu jau galioja kitas šio standarto sertifikatas.",
                en="Another certificate of this standard already covers the same service for some of these days.",
            ),
        ),
        Index("ix_certificate_period_certificate_id", "certificate_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID]
    certificate_id: Mapped[UUID]
    standard: Mapped[str]
    service: Mapped[str]
    site: Mapped[UUID]
    valid_from: Mapped[date]
    expires_on: Mapped[date]
    ended_on: Mapped[date | None]
    effective: Mapped[Range[date]] = mapped_column(
        DATERANGE(),
        Computed(
            "daterange(valid_from, greatest(valid_from, least(expires_on + 1, ended_on)), '[)')",
            persisted=True,
        ),
    )


def spans(*days: tuple[date, date | None]) -> MultiRange[date]:
    """Spans of days, each with its last day included (None: no end), as the columns above keep them."""
    return MultiRange(Range(first, last, bounds="[]" if last else "[)") for first, last in days)


def spans_before(day: date, kept: Iterable[Range[date]]) -> MultiRange[date]:
    """What of the spans lies before the day. Two that follow one another day on day are kept as one."""
    return MultiRange(
        Range(one.lower, day if one.upper is None else min(one.upper, day))
        for one in kept
        if one.lower is not None and one.lower < day
    )
