"""Deadlines can be moved, reports drafted and waived; indicators; support activities

Revision ID: 2026_11_26_1640
Revises: 2026_11_26_1630
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_1640"
down_revision = "2026_11_26_1630"
branch_labels = None
depends_on = None

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"
SEES = "(select current_setting('app.sees', true))"
IN_SIGHT = f"organisation_id = any ({SEEN})"

# The table; the condition of a row; what the verbs of those who see a part may do with it.
WALLED = (
    ("annual_report_draft", f"{IN_SIGHT} and {SEES} = 'own'", "select, insert, update"),
    ("indicator", IN_SIGHT, "select, insert, update"),
    ("support_activity", IN_SIGHT, "select"),
)


def upgrade() -> None:
    op.add_column("policy", sa.Column("report_extension_days", sa.Integer(), server_default="60", nullable=False))
    op.add_column("annual_report", sa.Column("extension_days", sa.Integer(), server_default="60", nullable=False))
    op.add_column("annual_report", sa.Column("extensions", JSONB(), server_default="[]", nullable=False))
    op.add_column("annual_report", sa.Column("waived_on", sa.Date()))
    op.add_column("annual_report", sa.Column("reason", sa.Text()))
    # Nothing was ever waived before this revision.
    op.execute("""-- squawk-ignore constraint-missing-not-valid
alter table annual_report add constraint ck_annual_report_waived check ((state = 'waived') = (waived_on is not null))
    """)
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create index ix_annual_report_extension_requested on annual_report (id)
 where state in ('scheduled', 'drafting') and extensions @> '[{"granted": null}]'
    """)
    op.add_column("annual_report_submission", sa.Column("results", JSONB(), server_default="[]", nullable=False))
    op.create_table(
        "annual_report_draft",
        sa.Column("annual_report_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("parts", JSONB(), server_default="{}", nullable=False),
        sa.Column("results", JSONB(), server_default="[]", nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "annual_report_id"],
            ["annual_report.organisation_id", "annual_report.id"],
            name=op.f("fk_annual_report_draft_organisation_id_annual_report_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("annual_report_id", name=op.f("pk_annual_report_draft")),
    )
    op.create_table(
        "indicator",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", JSONB(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column("standard_version", sa.Text(), nullable=True),
        sa.Column("principle", sa.Integer(), nullable=True),
        sa.Column("criterion", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("direction in ('higher', 'lower')", name=op.f("ck_indicator_direction")),
        sa.CheckConstraint("(state = 'retired') = (retired_on is not null)", name=op.f("ck_indicator_retired")),
        sa.CheckConstraint(
            "principle is null or standard_version is not null", name=op.f("ck_indicator_principle_of_a_version")
        ),
        sa.CheckConstraint(
            "criterion is null or principle is not null", name=op.f("ck_indicator_criterion_of_a_principle")
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_indicator_organisation_id")),
        sa.ForeignKeyConstraint(
            ["standard_version"], ["standard_version.code"], name=op.f("fk_indicator_standard_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_indicator_organisation_id_id")),
    )
    op.create_index(
        "uq_indicator_active_name",
        "indicator",
        ["organisation_id", sa.text("(name ->> 'lt')")],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "support_activity",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", JSONB(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Double(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("consultant", sa.Uuid(), nullable=True),
        sa.Column("provided_by", sa.Text(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind in ('training', 'consultation')", name=op.f("ck_support_activity_kind")),
        sa.CheckConstraint("hours > 0", name=op.f("ck_support_activity_hours")),
        sa.CheckConstraint("people >= 0", name=op.f("ck_support_activity_people")),
        sa.CheckConstraint("(cancelled_on is null) = (reason is null)", name=op.f("ck_support_activity_cancelled")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "enrolment_id"],
            ["enrolment.organisation_id", "enrolment.id"],
            name=op.f("fk_support_activity_organisation_id_enrolment_id"),
        ),
        sa.ForeignKeyConstraint(["consultant"], ["client.id"], name=op.f("fk_support_activity_consultant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_activity")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_support_activity_organisation_id_id")),
    )
    op.create_index("ix_support_activity_enrolment_id", "support_activity", ["enrolment_id", "held_on"])
    op.create_index("ix_support_activity_consultant", "support_activity", ["consultant"])
    for table, condition, rights in WALLED:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy everything on {table} to kokybe_everything using (true)")
        op.execute(f"create policy scoped on {table} to kokybe_scoped using ({condition})")
        op.execute(f"grant {rights} on {table} to kokybe_scoped")


def downgrade() -> None:
    for table, _, _ in reversed(WALLED):
        op.drop_table(table)
    op.drop_column("annual_report_submission", "results")
    op.drop_constraint(op.f("ck_annual_report_waived"), "annual_report", type_="check")
    op.drop_index("ix_annual_report_extension_requested")
    for column in ("reason", "waived_on", "extensions", "extension_days"):
        op.drop_column("annual_report", column)
    op.drop_column("policy", "report_extension_days")
