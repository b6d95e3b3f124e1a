"""Providers of social services and partner agencies, their sites, their people and what is known of their past."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from programme.tables.base import Known, Recorded, Table, refuses


class Organisation(Known, Recorded, Table):
    """One legal entity. `legal_code`, `kind` and `municipality` may be unknown of imported ones only.

    `former_names`: what it was called before, oldest first. `external_ids`: [{system, value}]; the system
    `programme` holds the key by which loading the real programme finds it again. `succeeds_id`: the organisation whose
    rights and duties it has taken over by law (a merger, a reorganisation). `municipality_key`: the municipality,
    or nothing where it is unknown, for rows below that are found by it.
    """

    __tablename__ = "organisation"
    resource = "organisation"
    told: ClassVar = (
        "legal_code", "name", "kind", "municipality", "address", "website", "former_names", "external_ids", "source",
        "succeeds_id",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("id", "municipality_key"),
        CheckConstraint(
            "succeeds_id <> id",
            name="succeeds_another",
            info=refuses(
                "succeeds_itself",
                lt="Organizacija negali būti savo pačios teisių perėmėja.",
                en="An organisation cannot be its own successor.",
            ),
        ),
        Index("ix_organisation_succeeds_id", "succeeds_id", postgresql_where=text("succeeds_id is not null")),
        Index(
            "uq_organisation_legal_code",
            "legal_code",
            unique=True,
            info=refuses(
                "legal_code_in_use",
                lt="Organizacija su tokiu juridinio asmens kodu jau yra.",
                en="An organisation with this legal code already exists.",
            ),
        ),
        CheckConstraint(
            "source = 'import' or (legal_code is not null and kind is not null and municipality is not null)",
            name="known",
            info=refuses(
                "organisation_incomplete",
                lt="Kodas, rūšis ir savivaldybė privalomi; nežinomi jie gali būti tik importuotos organizacijos.",
                en="Legal code, kind and municipality are required; only imported organisations may lack them.",
            ),
        ),
        CheckConstraint(
            "kind in ('budgetary_institution', 'public_institution', 'ngo', 'private', 'agency')", name="kind"
        ),
        CheckConstraint("source in ('entry', 'import')", name="source"),
        Index("ix_organisation_name", "sort_name", "id"),
        Index("ix_organisation_municipality", "municipality", "sort_name", "id"),
        Index(
            "ix_organisation_search",
            "search",
            postgresql_using="gin",
            postgresql_ops={"search": "gin_trgm_ops"},
        ),
        Index("ix_organisation_external_ids", "external_ids", postgresql_using="gin"),
    )

    legal_code: Mapped[str | None]
    name: Mapped[str]
    kind: Mapped[str | None]
    municipality: Mapped[str | None] = mapped_column(ForeignKey("municipality.code"))
    municipality_key: Mapped[str] = mapped_column(Computed("coalesce(municipality, '')", persisted=True))
    address: Mapped[str | None]
    website: Mapped[str | None]
    former_names: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    external_ids: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    source: Mapped[str] = mapped_column(server_default=text("'entry'"))
    succeeds_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    sort_name: Mapped[str] = mapped_column(Text(collation="C"), Computed("lt_sort_key(name)", persisted=True))
    search: Mapped[str] = mapped_column(
        Computed("fold(name || ' ' || joined(former_names) || ' ' || coalesce(legal_code, ''))", persisted=True)
    )

    @property
    def belongs_to(self) -> UUID:
        return self.id


class Site(Known, Recorded, Table):
    """A place at which an organisation gives services."""

    __tablename__ = "site"
    resource = "site"
    told: ClassVar = ("organisation_id", "name", "address", "municipality", "closed_on")
    __table_args__ = (UniqueConstraint("organisation_id", "id"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    address: Mapped[str]
    municipality: Mapped[str] = mapped_column(ForeignKey("municipality.code"))
    closed_on: Mapped[date | None]


class Contact(Recorded, Table):
    """A person to reach at an organisation: the one table with personal data, which no event ever tells.

    `retain_until_on`: the last day on which it may be kept; `erased_at`: when it was emptied. A hold keeps it until
    `hold_until_on` whoever asks, on one of the grounds of GDPR 17(3).

    `personal` stands in events for what they may not tell: a hash of it with the row's own `salt`. Where the row still
    has both, it can be shown which particulars an event was about; once the salt is gone, nobody can find out.
    """

    __tablename__ = "contact"
    resource = "contact"
    told: ClassVar = (
        "organisation_id", "purpose", "legal_basis", "retain_until_on", "personal", "erasure_requested_at",
        "hold_ground", "hold_until_on",
    )  # fmt: skip
    __table_args__ = (
        UniqueConstraint("organisation_id", "id"),
        CheckConstraint(
            "erased_at is null or (name = '' and num_nonnulls(position, email, telephone, personal, salt) = 0)",
            name="erased",
        ),
        CheckConstraint(
            "hold_ground in ('legal_obligation', 'public_task', 'public_health', 'archiving', 'legal_claims')",
            name="hold_ground",
        ),
        CheckConstraint("(hold_ground is null) = (hold_until_on is null)", name="hold"),
        Index(
            "ix_contact_erasure_requested",
            "id",
            postgresql_where=text("erasure_requested_at is not null and erased_at is null"),
        ),
        Index("ix_contact_due", "next_change_on", postgresql_where=text("next_change_on is not null")),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    position: Mapped[str | None]
    email: Mapped[str | None]
    telephone: Mapped[str | None]
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    retain_until_on: Mapped[date]
    erased_at: Mapped[datetime | None]
    personal: Mapped[str | None]
    salt: Mapped[bytes | None] = mapped_column(LargeBinary())
    erasure_requested_at: Mapped[datetime | None]
    hold_ground: Mapped[str | None]
    hold_until_on: Mapped[date | None]
    next_change_on: Mapped[date | None] = mapped_column(
        Computed(
            "case when erased_at is null then greatest(retain_until_on, hold_until_on) + 1 else null::date end",
            persisted=True,
        )
    )


class KnownFact(Table):
    """Something known of an organisation's past that is no record of ours: a ceremony, a year of certification.

    `happened`: a year, a month or a day as text (2021, 2021-09, 2019-05-09), as precise as it is known.
    `confidence`: A public register, B own site or press, C partly inferred.
    """

    __tablename__ = "known_fact"
    __table_args__ = (UniqueConstraint("organisation_id", "kind", "happened", postgresql_nulls_not_distinct=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str]
    happened: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    confidence: Mapped[str]
