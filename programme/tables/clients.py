"""Who may call: clients, the hashes of their keys, and answers kept so that a repeated request is done once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from programme.rules.sight import Sees, Sight
from programme.tables.base import EVERY_WORLD, Recorded, Table, refuses

TWO_LIVE = refuses(
    "two_keys_live",
    lt="Klientas jau turi du galiojančius raktus; prieš išduodami naują, vieną atšaukite.",
    en="The client has two live keys already; revoke one of them before you make another.",
)


THIS_WORLD = text("(NULLIF(current_setting('app.test_clock'::text, true), ''::text))::uuid")
"""The test clock in whose world a row is made; null in the programme."""


def of_programme(column: str) -> Computed:
    """The same id where it is the programme's: a foreign key reaches no clock's world."""
    return Computed(f"case when test_clock_id is null then {column} else null::uuid end", persisted=True)


class Client(Recorded, Table):
    """A person or a program that calls, with one role for good; a provider's client belongs to its organisation.

    `test_clock_id`: the clock in whose world it was made, and which is then all that it ever sees.

    `scopes`: the permissions that it is bound to; empty: all of its role. `expires_on`: the last day on which it may
    call. `oidc_issuer`, `oidc_subject`: the person whose tokens of that issuer are this client's. Neither the subject
    nor the name is told: they may be a person's.
    """

    __tablename__ = "client"
    resource = "client"
    told: ClassVar = ("role", "organisation_id", "scopes", "expires_on", "oidc_issuer", "grants", "keys", "disabled_at")
    __table_args__ = (
        CheckConstraint(
            "role in ('provider', 'coordinator', 'project_manager', 'auditor', 'reviewer', 'awarder', 'supervisor',"
            " 'partner', 'ops')",
            name="role",
        ),
        CheckConstraint("role <> 'provider' or organisation_id is not null", name="provider_has_organisation"),
        CheckConstraint("(oidc_issuer is null) = (oidc_subject is null)", name="oidc_whole"),
        UniqueConstraint(
            "oidc_issuer",
            "oidc_subject",
            info=refuses(
                "oidc_subject_in_use",
                lt="Šis asmuo jau yra kito kliento tapatybė.",
                en="This person already stands behind another client.",
            ),
        ),
        Index("ix_client_organisation_id", "organisation_id", "id"),
        {"info": EVERY_WORLD},
    )

    name: Mapped[str]
    role: Mapped[str]
    organisation_id: Mapped[UUID | None]
    test_clock_id: Mapped[UUID | None] = mapped_column(ForeignKey("test_clock.id"), server_default=THIS_WORLD)
    programme_organisation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organisation.id"), of_programme("organisation_id")
    )
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    expires_on: Mapped[date | None]
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    disabled_at: Mapped[datetime | None]

    granted: Mapped[list[ClientGrant]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="ClientGrant.id"
    )
    issued: Mapped[list[ApiKey]] = relationship(lazy="selectin", order_by="ApiKey.id")

    def known_to(self, sight: Sight) -> bool:
        """An organisation knows of its own clients, whoever sees a part otherwise of none but themselves;
        `queries.clients` says the same in SQL."""
        if sight.sees in (Sees.EVERYTHING, Sees.OWN):
            return sight.knows(self.organisation_id)
        return self.id == sight.client

    @property
    def grants(self) -> list[dict[str, Any]]:
        return [one.told for one in self.granted]

    @property
    def keys(self) -> list[str]:
        """The ids of the keys that were not revoked."""
        return sorted(key.id for key in self.issued if key.revoked_at is None)


class ClientGrant(Table):
    """What a client may see besides the public register: an organisation, those of a municipality, or those that take
    part in a strand."""

    __tablename__ = "client_grant"
    __table_args__ = (
        CheckConstraint("num_nonnulls(organisation_id, municipality, strand_id) = 1", name="one_of_three"),
        UniqueConstraint(
            "client_id",
            "organisation_id",
            "municipality",
            "strand_id",
            name="uq_client_grant_once",
            postgresql_nulls_not_distinct=True,
            info=refuses(
                "grant_given_twice",
                lt="Tas pats leidimas nurodytas dukart.",
                en="The same grant stands there twice.",
            ),
        ),
        Index("ix_client_grant_organisation_id", "organisation_id"),
        Index("ix_client_grant_strand_id", "strand_id"),
        {"info": EVERY_WORLD},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    organisation_id: Mapped[UUID | None]
    municipality: Mapped[str | None] = mapped_column(ForeignKey("municipality.code"))
    strand_id: Mapped[UUID | None]
    test_clock_id: Mapped[UUID | None] = mapped_column(ForeignKey("test_clock.id"), server_default=THIS_WORLD)
    programme_organisation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organisation.id"), of_programme("organisation_id")
    )
    programme_strand_id: Mapped[UUID | None] = mapped_column(ForeignKey("strand.id"), of_programme("strand_id"))

    @property
    def told(self) -> dict[str, str]:
        named = {
            "organisation_id": self.organisation_id, "municipality": self.municipality, "strand_id": self.strand_id,
        }  # fmt: skip
        return {name: str(value) for name, value in named.items() if value is not None}


class ApiKey(Table):
    """A key `kk_<id>_<secret>`; of the secret only its sha-256 is kept.

    `slot`: 1 or 2. A key fills its slot from its making until it is revoked or expires, so that a client has no more
    than two live keys at any moment: the one that it uses and the one that takes its place.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("slot in (1, 2)", name="slot"),
        CheckConstraint("expires_at <= created_at + interval '8760 hours'", name="life"),
        ExcludeConstraint(
            ("client_id", "="),
            ("slot", "="),
            (
                text("tstzrange(created_at, greatest(created_at, least(expires_at, revoked_at)))"),
                "&&",
            ),
            using="gist",
            name="ex_api_key_two_live",
            info=TWO_LIVE,
        ),
        {"info": EVERY_WORLD},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    slot: Mapped[int] = mapped_column(server_default=text("1"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class IdempotencyKey(Table):
    """The first answer to a request that carried an `Idempotency-Key`, kept in the transaction of its effect."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"), {"info": EVERY_WORLD})

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary())
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
