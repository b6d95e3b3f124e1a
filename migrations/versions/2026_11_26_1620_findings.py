"""Findings; days on which the daily pass looks at assessments and enrolments

Revision ID: 2026_11_26_1620
Revises: 2026_11_26_1610
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1620"
down_revision = "2026_11_26_1610"
branch_labels = None
depends_on = None

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"

# What of assessments is in sight is so of their findings; an organisation sees those of an audit once it is handed in.
FINDING = f"""organisation_id = any ({SEEN}) and exists (
    select from assessment where assessment.id = assessment_id
       and ((select current_setting('app.sees', true)) <> 'own'
            or assessment.kind in ('self_assessment', 'internal_audit')
            or assessment.state not in ('planned', 'in_progress', 'cancelled')))"""

# What of findings is in sight is told of them.
EVENT = """resource_type <> 'finding' or (select current_setting('app.sees', true)) <> 'own'
    or exists (select from finding where finding.id = resource_id)"""

# It looks past the walls, as who audits now need not have audited then, and tells no more than an id.
REPEATED = """create function repeated_finding(asked uuid, wanted text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
select finding.id
  from assessment as this
  join assessment as earlier on earlier.organisation_id = this.organisation_id
       and earlier.standard_version = this.standard_version and earlier.state = 'finalised' and earlier.id <> this.id
  join finding on finding.assessment_id = earlier.id and finding.criterion = wanted and finding.state <> 'withdrawn'
 where this.id = asked
   and coalesce(this.scope ->> 'unit' = earlier.scope ->> 'unit', true)
   and not exists (
           select from unnest(array['services', 'sites']) as part
            where this.scope -> part <> '[]' and earlier.scope -> part <> '[]'
              and not this.scope -> part ?| array(select jsonb_array_elements_text(earlier.scope -> part)))
 order by earlier.finalised_on desc, finding.raised_on desc, finding.id desc
 limit 1
$$
"""


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("principle", sa.Integer(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("action_due_on", sa.Date(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column(
            "answer_evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("verification", sa.Text(), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("repeats_id", sa.Uuid(), nullable=True),
        sa.Column("next_change_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (verified_on is not null)", name=op.f("ck_finding_verified")),
        sa.CheckConstraint("severity = 'observation' or due_on is not null", name=op.f("ck_finding_due_on")),
        sa.CheckConstraint("severity in ('major', 'minor', 'observation')", name=op.f("ck_finding_severity")),
        sa.CheckConstraint("state <> 'planned' or planned_on is not null", name=op.f("ck_finding_planned")),
        sa.CheckConstraint("state <> 'withdrawn' or reason is not null", name=op.f("ck_finding_withdrawn_with_reason")),
        sa.CheckConstraint(
            "state in ('open', 'planned', 'answered', 'reopened', 'closed', 'withdrawn')", name=op.f("ck_finding_state")
        ),
        sa.CheckConstraint(
            "state not in ('answered', 'closed') or answered_on is not null", name=op.f("ck_finding_answered")
        ),
        sa.CheckConstraint(
            "num_nulls(cause, action, action_due_on, planned_on) in (0, 4)", name=op.f("ck_finding_plan_is_whole")
        ),
        sa.CheckConstraint("verified_by <> answered_by", name=op.f("ck_finding_verified_by_somebody_else")),
        sa.ForeignKeyConstraint(["answered_by"], ["client.id"], name=op.f("fk_finding_answered_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "assessment_id"],
            ["assessment.organisation_id", "assessment.id"],
            name=op.f("fk_finding_organisation_id_assessment_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "repeats_id"],
            ["finding.organisation_id", "finding.id"],
            name=op.f("fk_finding_organisation_id_repeats_id"),
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_finding_organisation_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["client.id"], name=op.f("fk_finding_raised_by")),
        sa.ForeignKeyConstraint(["verified_by"], ["client.id"], name=op.f("fk_finding_verified_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_finding_organisation_id_id")),
    )
    op.create_index("ix_finding_assessment_id", "finding", ["assessment_id"], unique=False)
    op.create_index(
        "ix_finding_due",
        "finding",
        ["next_change_on", "organisation_id"],
        unique=False,
        postgresql_where=sa.text("next_change_on is not null"),
    )
    op.create_index(
        "ix_finding_due_on", "finding", [sa.literal_column("coalesce(due_on, 'infinity')"), "id"], unique=False
    )
    op.create_index("ix_finding_organisation", "finding", ["organisation_id", "criterion"], unique=False)
    op.create_index(
        "ix_finding_standing",
        "finding",
        ["state", "id"],
        postgresql_where=sa.text("state in ('open', 'planned', 'reopened', 'answered')"),
    )
    op.create_index("ix_finding_repeats_id", "finding", ["repeats_id"], unique=False)
    op.add_column("assessment", sa.Column("plan_due_on", sa.Date(), nullable=True))
    op.add_column("assessment", sa.Column("next_change_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_assessment_due",
        "assessment",
        ["next_change_on", "organisation_id"],
        unique=False,
        postgresql_where=sa.text("next_change_on is not null"),
    )
    op.add_column("enrolment", sa.Column("next_change_on", sa.Date(), nullable=True))
    op.add_column(
        "enrolment", sa.Column("made_known", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.create_index(
        "ix_enrolment_due",
        "enrolment",
        ["next_change_on", "organisation_id"],
        unique=False,
        postgresql_where=sa.text("next_change_on is not null"),
    )
    # Nothing was in improvement before, and no programme has more than some thousand assessments when this runs.
    op.execute("""-- squawk-ignore constraint-missing-not-valid
alter table assessment add constraint ck_assessment_improvement_has_its_day
            check (state <> 'improvement' or plan_due_on is not null)
        """)
    op.execute("update enrolment set next_change_on = current_date where state in ('selected', 'active')")
    op.execute("alter table finding enable row level security")
    op.execute("alter table finding force row level security")
    op.execute("create policy everything on finding to kokybe_everything using (true)")
    op.execute(f"create policy scoped on finding to kokybe_scoped using ({FINDING})")
    op.execute("grant select, insert, update on finding to kokybe_scoped")
    op.execute(f"create policy findings on event as restrictive for select to kokybe_scoped using ({EVENT})")
    op.execute(REPEATED)
    op.execute("revoke execute on function repeated_finding from public")
    op.execute("grant execute on function repeated_finding to kokybe_everything, kokybe_scoped")


def downgrade() -> None:
    op.execute("drop function repeated_finding")
    op.execute("drop policy findings on event")
    op.drop_constraint(op.f("ck_assessment_improvement_has_its_day"), "assessment", type_="check")
    op.drop_index("ix_enrolment_due", table_name="enrolment", postgresql_where=sa.text("next_change_on is not null"))
    op.drop_column("enrolment", "made_known")
    op.drop_column("enrolment", "next_change_on")
    op.drop_index("ix_assessment_due", table_name="assessment", postgresql_where=sa.text("next_change_on is not null"))
    op.drop_column("assessment", "next_change_on")
    op.drop_column("assessment", "plan_due_on")
    op.drop_index("ix_finding_standing", table_name="finding")
    op.drop_index("ix_finding_repeats_id", table_name="finding")
    op.drop_index("ix_finding_organisation", table_name="finding")
    op.drop_index("ix_finding_due_on", table_name="finding")
    op.drop_index("ix_finding_due", table_name="finding", postgresql_where=sa.text("next_change_on is not null"))
    op.drop_index("ix_finding_assessment_id", table_name="finding")
    op.drop_table("finding")
