"""Who may call: clients, the hashes of their keys, and answers kept so that a repeated request is done once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from programme.tables.base import Recorded, Table


class Client(Recorded, Table):
    """A person or a program that calls, with one role; a provider's client belongs to its organisation."""

    __tablename__ = "client"
    resource = "client"
    told: ClassVar = ("name", "role", "organisation_id", "disabled_at")
    __table_args__ = (
        CheckConstraint(
            "role in ('provider', 'coordinator', 'project_manager', 'auditor', 'reviewer', 'awarder', 'supervisor',"
            " 'partner', 'ops')",
            name="role",
        ),
        CheckConstraint("role <> 'provider' or organisation_id is not null", name="provider_has_organisation"),
    )

    name: Mapped[str]
    role: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    disabled_at: Mapped[datetime | None]


class ApiKey(Table):
    """A key `kk_<id>_<secret>`; of the secret only its sha-256 is kept."""

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_client_id", "client_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class IdempotencyKey(Table):
    """The first answer to a request that carried an `Idempotency-Key`, kept in the transaction of its effect."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary())
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
