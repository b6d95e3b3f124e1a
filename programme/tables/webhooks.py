"""Webhooks: where they go, what is to be delivered, and every attempt. The rows are the queue."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from programme.rules.sight import Sees, Sight
from programme.tables.base import Recorded, Table, refuses
from programme.tables.events import XID8


class WebhookEndpoint(Recorded, Table):
    """Where a client wants to be told of events. It is told what the client may read, no more.

    `event_types`, `watch`: types of event, and legal codes of organisations, that it is limited to; empty: all.
    `secret`, `earlier_secret`: sealed; the earlier one signs along until `earlier_secret_until`. `failing_since`: the
    first failure after which nothing was taken. Events tell neither the address, which may hold what only its owner
    should know, nor a secret.
    """

    __tablename__ = "webhook_endpoint"
    resource = "webhook_endpoint"
    told: ClassVar = ("client_id", "organisation_id", "event_types", "watch", "state", "disabled_for", "rotations")
    __table_args__ = (
        UniqueConstraint(
            "client_id",
            "url",
            info=refuses(
                "endpoint_exists",
                lt="Klientas tokį gavimo adresą jau turi.",
                en="The client has an endpoint at this address already.",
            ),
        ),
        CheckConstraint("state in ('enabled', 'disabled')", name="state"),
        CheckConstraint("(state = 'disabled') = (disabled_for is not null)", name="disabled_for"),
        CheckConstraint("(earlier_secret is null) = (earlier_secret_until is null)", name="earlier_secret"),
        Index("ix_webhook_endpoint_organisation_id", "organisation_id"),
    )

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    url: Mapped[str]
    description: Mapped[str | None]
    event_types: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    watch: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str]
    disabled_for: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    secret: Mapped[bytes] = mapped_column(LargeBinary())
    earlier_secret: Mapped[bytes | None] = mapped_column(LargeBinary())
    earlier_secret_until: Mapped[datetime | None]
    rotations: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))

    def known_to(self, sight: Sight) -> bool:
        """As of the clients behind them; `queries.webhooks` says the same in SQL."""
        if sight.sees in (Sees.EVERYTHING, Sees.OWN):
            return sight.knows(self.organisation_id)
        return self.client_id == sight.client


class WebhookMessage(Table):
    """What is posted: the event as the feed tells it, kept so that every attempt has the same bytes. `id`: the event's,
    or an id of its own where it is an example."""

    __tablename__ = "webhook_message"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    body: Mapped[str]


class WebhookDelivery(Table):
    """One message for one endpoint. `next_attempt_at`: from when on it is due; `lease_token`: who is at it, until
    `lease_until`. Nothing is attempted after success."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        CheckConstraint("state in ('pending', 'delivered', 'failed')", name="state"),
        CheckConstraint("(state = 'delivered') = (delivered_at is not null)", name="delivered"),
        Index("ix_webhook_delivery_endpoint_id", "endpoint_id", "id"),
        Index(
            "ix_webhook_delivery_due",
            "endpoint_id",
            "next_attempt_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_webhook_delivery_message_id", "message_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_message.id"))
    type: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    next_attempt_at: Mapped[datetime | None] = mapped_column(server_default=text("clock_timestamp()"))
    delivered_at: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]


class WebhookAttempt(Table):
    """One attempt. `status`: of the answer, if there was one; `error`: the kind of what went wrong."""

    __tablename__ = "webhook_attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_delivery.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    attempted_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None]


class WebhookPlace(Table):
    """The one row that says up to which event deliveries were made."""

    __tablename__ = "webhook_place"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    era: Mapped[int]
    xact: Mapped[int] = mapped_column(XID8())
    seq: Mapped[int] = mapped_column(BIGINT())
