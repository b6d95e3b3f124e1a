"""Webhooks: endpoints, messages, deliveries, attempts

Revision ID: 2026_11_26_1530
Revises: 2026_11_26_1520
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from programme.tables.events import XID8

revision = "2026_11_26_1530"
down_revision = "2026_11_26_1520"
branch_labels = None
depends_on = None

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"
SEES = "(select current_setting('app.sees', true))"
CLIENT = "(select nullif(current_setting('app.client', true), '')::uuid)"

WALLED = (
    (
        "webhook_endpoint",
        f"case {SEES} when 'own' then organisation_id = any ({SEEN}) else client_id = {CLIENT} end",
        "select, insert, update, delete",
    ),
    (
        "webhook_delivery",
        "endpoint_id in (select id from webhook_endpoint)",
        "select, insert, update, delete",
    ),
    (
        "webhook_attempt",
        "delivery_id in (select id from webhook_delivery)",
        "select, delete",
    ),
    ("webhook_message", "id in (select message_id from webhook_delivery)", "select, insert"),
)

IN_SIGHT = f"organisation_id = any ({SEEN})"
# An endpoint's events are its owner's, also where it belongs to no organisation.
WRITTEN = f"""{IN_SIGHT} or (resource_type = 'client' and resource_id = {CLIENT})
    or (resource_type = 'webhook_endpoint' and actor_id = {CLIENT}::text)"""
TOLD = f"""({WRITTEN}
    or (resource_type = 'webhook_endpoint' and exists (select from webhook_endpoint where id = resource_id))
    or (organisation_id is null and {SEES} in ('own', 'granted')
        and resource_type in ('standard', 'standard_version', 'policy', 'project', 'strand')))
    and (resource_type <> 'rating' or {SEES} <> 'own' or exists (select from rating where rating.id = resource_id))"""  # noqa: S608 - all of it is ours


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("watch", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("disabled_for", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("earlier_secret", sa.LargeBinary(), nullable=True),
        sa.Column("earlier_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rotations", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("state in ('enabled', 'disabled')", name=op.f("ck_webhook_endpoint_state")),
        sa.CheckConstraint(
            "(state = 'disabled') = (disabled_for is not null)", name=op.f("ck_webhook_endpoint_disabled_for")
        ),
        sa.CheckConstraint(
            "(earlier_secret is null) = (earlier_secret_until is null)", name=op.f("ck_webhook_endpoint_earlier_secret")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_webhook_endpoint_client_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_webhook_endpoint_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint("client_id", "url", name=op.f("uq_webhook_endpoint_client_id_url")),
    )
    op.create_index("ix_webhook_endpoint_organisation_id", "webhook_endpoint", ["organisation_id"])
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=True
        ),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_delivery_state")),
        sa.CheckConstraint(
            "(state = 'delivered') = (delivered_at is not null)", name=op.f("ck_webhook_delivery_delivered")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["webhook_message.id"], name=op.f("fk_webhook_delivery_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("endpoint_id", "message_id", name=op.f("uq_webhook_delivery_endpoint_id_message_id")),
    )
    op.create_index("ix_webhook_delivery_endpoint_id", "webhook_delivery", ["endpoint_id", "id"])
    op.create_index("ix_webhook_delivery_message_id", "webhook_delivery", ["message_id"])
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint_id", "next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_delivery.id"], name=op.f("fk_webhook_attempt_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_webhook_attempt")),
    )
    op.create_table(
        "webhook_place",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("era", sa.Integer(), nullable=False),
        sa.Column("xact", XID8(), nullable=False),
        sa.Column("seq", sa.BIGINT(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_webhook_place_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_place")),
    )
    op.execute("insert into webhook_place (id, era, xact, seq) values (1, 0, '0', 0)")
    for table, condition, rights in WALLED:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy everything on {table} to kokybe_everything using (true)")
        op.execute(f"create policy scoped on {table} to kokybe_scoped using ({condition})")
        op.execute(f"grant {rights} on {table} to kokybe_scoped")
    op.execute(f"alter policy scoped on event using ({TOLD}) with check ({WRITTEN})")
    # A message that is made has no delivery yet.
    op.execute("alter policy scoped on webhook_message with check (true)")


def downgrade() -> None:
    op.execute(
        f"alter policy scoped on event using ({IN_SIGHT} or (resource_type = 'client' and resource_id = {CLIENT}))"
    )
    for table, _, _ in WALLED:
        op.execute(f"drop policy scoped on {table}")
    for table in ("webhook_place", "webhook_attempt", "webhook_delivery", "webhook_message", "webhook_endpoint"):
        op.drop_table(table)
