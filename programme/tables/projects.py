"""Funded projects, their strands, and organisations' taking part in them."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.rules.enrolments import OPEN
from programme.tables.base import FOUND_THERE, Dated, Recorded, Table, refuses

_OPEN = ", ".join(f"'{state}'" for state in OPEN)


class Project(Recorded, Table):
    """A funded project. Unknown bounds are null and refuse nothing; `starts_in` is a month (2017-03) where only that
    is known. `partners`: [{name, role}]. `requirements`: what an applicant declares."""

    __tablename__ = "project"
    resource = "project"
    told: ClassVar = (
        "code", "official_code", "name", "kind", "promoter", "funding", "budget_eur", "partners", "targets",
        "requirements", "starts_on", "starts_in", "ends_on",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint(
            "code",
            info=refuses("code_in_use", lt="Toks projekto kodas jau yra.", en="This project code is already in use."),
        ),
        CheckConstraint(
            "ends_on >= starts_on",
            name="period",
            info=refuses(
                "project_ends_before_start",
                lt="Projektas negali baigtis anksčiau, negu prasideda.",
                en="A project cannot end before it starts.",
            ),
        ),
        {"info": FOUND_THERE},
    )

    code: Mapped[str]
    official_code: Mapped[str | None]
    name: Mapped[dict[str, Any]]
    kind: Mapped[str]
    promoter: Mapped[str | None]
    funding: Mapped[str | None]
    budget_eur: Mapped[int | None]
    partners: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    targets: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    requirements: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    starts_on: Mapped[date | None]
    starts_in: Mapped[str | None]
    ends_on: Mapped[date | None]


class Strand(Recorded, Table):
    """A part of a project with one standard. `capacity` null: no bound. `places_taken` counts the enrolments that
    hold a place (selected, active, completed) and changes only under this row's lock."""

    __tablename__ = "strand"
    resource = "strand"
    told: ClassVar = ("project_id", "code", "standard", "kind", "capacity", "stages", "opens_in")
    __table_args__ = (
        UniqueConstraint(
            "project_id",
            "code",
            info=refuses(
                "code_in_use",
                lt="Toks veiklos kodas projekte jau yra.",
                en="This strand code is already in use in the project.",
            ),
        ),
        UniqueConstraint("project_id", "id"),
        CheckConstraint(
            "places_taken <= capacity",
            name="capacity",
            info=refuses(
                "strand_full",
                lt="Visos veiklos vietos užimtos; organizaciją galima įrašyti į rezervinį sąrašą.",
                en="All places of the strand are taken; the organisation can be put on the reserve list.",
            ),
        ),
        CheckConstraint("places_taken >= 0", name="places_taken"),
        {"info": FOUND_THERE},
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    code: Mapped[str]
    standard: Mapped[str] = mapped_column(ForeignKey("standard.code"))
    kind: Mapped[str]
    capacity: Mapped[int | None]
    places_taken: Mapped[int] = mapped_column(server_default=text("0"))
    stages: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    opens_in: Mapped[str | None]


class Enrolment(Dated, Recorded, Table):
    """One organisation's taking part in one strand, for one scope, by a signed agreement.

    `stages`: [{code, planned_on, started_on, done_on}], a copy of the strand's at the beginning.
    `declared_on`: the day on which the organisation declared that it meets the project's requirements.
    `reason`: why it is in its present state, where that had to be said. `ended_on`: the day that it ended in any way.
    `next_change_on`: the next day on which the daily pass has to look at it, today where its plan has just changed;
    `made_known`: keys of `rules.enrolments.milestones` that the pass has told.
    """

    __tablename__ = "enrolment"
    resource = "enrolment"
    told: ClassVar = (
        "organisation_id", "project_id", "strand_id", "scope", "state", "declared_on", "commission_decision_ref",
        "reason", "agreement_number", "signed_on", "outcome", "ended_on", "stages", "source",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        ForeignKeyConstraint(["project_id", "strand_id"], ["strand.project_id", "strand.id"]),
        Index(
            "uq_enrolment_open_scope",
            "organisation_id",
            "strand_id",
            text("jsonb_hash_extended(scope, 0)"),  # a scope of many sites is larger than what an index can hold
            unique=True,
            postgresql_where=text(f"state in ({_OPEN})"),
            info=refuses(
                "enrolment_already_open",
                lt="Organizacija šioje veikloje su ta pačia apimtimi jau dalyvauja arba yra pateikusi paraišką.",
                en="The organisation already takes part in this strand, or has applied, with the same scope.",
            ),
        ),
        Index(
            "uq_enrolment_agreement",
            "project_id",
            "agreement_number",
            unique=True,
            info=refuses(
                "agreement_number_in_use",
                lt="Toks sutarties numeris šiame projekte jau yra.",
                en="This agreement number is already in use in the project.",
            ),
        ),
        CheckConstraint("state <> 'active' or signed_on is not null", name="active_means_signed"),
        CheckConstraint("source in ('entry', 'import')", name="source"),
        Index("ix_enrolment_strand_id", "strand_id", "state"),
        Index("ix_enrolment_open", "state", "id", postgresql_where=text(f"state in ({_OPEN})")),
        Index(
            "ix_enrolment_due",
            "next_change_on",
            "organisation_id",
            postgresql_where=text("next_change_on is not null"),
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    project_id: Mapped[UUID]
    strand_id: Mapped[UUID]
    scope: Mapped[dict[str, Any]]
    state: Mapped[str]
    declared_on: Mapped[date | None]
    commission_decision_ref: Mapped[str | None]
    reason: Mapped[str | None]
    agreement_number: Mapped[str | None]
    signed_on: Mapped[date | None]
    outcome: Mapped[str | None]
    ended_on: Mapped[date | None]
    stages: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    source: Mapped[str] = mapped_column(server_default=text("'entry'"))
    next_change_on: Mapped[date | None]
    made_known: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
