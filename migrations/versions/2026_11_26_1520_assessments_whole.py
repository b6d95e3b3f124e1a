"""Ratings on the scale of their version, carried forward, and each revision kept as it was handed in

Revision ID: 2026_11_26_1520
Revises: 2026_11_26_1510
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1520"
down_revision = "2026_11_26_1510"
branch_labels = None
depends_on = None

PLAIN = sa.text("""'{"lowest": 0, "highest": 10, "perspectives": []}'""")

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"
SEES = "(select current_setting('app.sees', true))"
CLIENT = "(select nullif(current_setting('app.client', true), '')::uuid)"
IN_SIGHT = f"organisation_id = any ({SEEN})"

# An auditor reads the self-assessments of those whom they audit once they are handed in, and writes their own audits.
WRITTEN = f"""{IN_SIGHT} and case {SEES}
    when 'own' then true when 'assigned' then assessor = {CLIENT} when 'docket' then revision > 0 else false end"""
READ = f"""{IN_SIGHT} and case {SEES}
    when 'own' then true
    when 'assigned' then assessor = {CLIENT} or kind = 'self_assessment' and revision > 0
    when 'docket' then revision > 0 else false end"""
# What hangs on an assessment: an organisation sees what an auditor found once it is handed in.
RATING_READ = f"""{IN_SIGHT} and exists (
    select from assessment where assessment.id = assessment_id and ({SEES} <> 'own'
       or assessment.kind in ('self_assessment', 'internal_audit')
       or assessment.state not in ('planned', 'in_progress', 'cancelled')))"""
RATING_WRITTEN = f"""{IN_SIGHT} and exists (
    select from assessment where assessment.id = assessment_id and case {SEES}
      when 'own' then kind in ('self_assessment', 'internal_audit') or state not in ('planned', 'in_progress', 'cancelled')
      when 'assigned' then assessor = {CLIENT} else true end)"""

WALLS = (("assessment", READ, WRITTEN, WRITTEN), ("rating", RATING_READ, RATING_WRITTEN, RATING_READ))

# What stands handed in is kept as the revision that it is; what earlier revisions said is in the events alone.
KEEP_WHAT_IS_THERE = """insert into assessment_submission
       (organisation_id, assessment_id, revision, submitted_at, submitted_by, ended_on, ratings)
select assessment.organisation_id, assessment.id, assessment.revision, told.occurred_at,
       case when told.actor_type = 'client' then told.actor_id::uuid end, ended_on, kept.ratings
  from assessment,
       lateral (select * from event where resource_id = assessment.id and type = 'assessment.submitted'
                 order by resource_version desc limit 1) as told,
       lateral (select jsonb_agg(jsonb_build_object('criterion', criterion, 'rating', rating, 'level', level,
                                                    'levels', levels, 'comment', comment, 'evidence', evidence)
                                 order by string_to_array(criterion, '.')::int[]) as ratings
                  from rating where rating.assessment_id = assessment.id) as kept
 where state in ('submitted', 'under_review', 'improvement', 'finalised') and kept.ratings is not null
"""


def upgrade() -> None:
    op.add_column("standard_version", sa.Column("scale", postgresql.JSONB(), server_default=PLAIN, nullable=False))
    op.add_column("assessment", sa.Column("scale", postgresql.JSONB(), server_default=PLAIN, nullable=False))
    op.add_column("assessment", sa.Column("carried_from", sa.Uuid()))
    op.add_column("rating", sa.Column("levels", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("rating", sa.Column("carried_from", sa.Uuid()))
    for table in ("assessment", "rating"):
        op.execute(f"""-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table {table} add constraint fk_{table}_organisation_id_carried_from foreign key (organisation_id, carried_from)
            references assessment (organisation_id, id)
        """)
    op.create_table(
        "assessment_submission",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("ratings", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "assessment_id"],
            ["assessment.organisation_id", "assessment.id"],
            name=op.f("fk_assessment_submission_organisation_id_assessment_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_submission")),
        sa.UniqueConstraint("assessment_id", "revision", name=op.f("uq_assessment_submission_assessment_id_revision")),
    )
    op.execute(KEEP_WHAT_IS_THERE)
    for table, read, written, _ in WALLS:
        op.execute(f"drop policy scoped on {table}")
        op.execute(f"create policy scoped on {table} to kokybe_scoped using ({read}) with check ({written})")
    op.execute("alter table assessment_submission enable row level security")
    op.execute("alter table assessment_submission force row level security")
    op.execute("create policy everything on assessment_submission to kokybe_everything using (true)")
    op.execute(
        "create policy scoped on assessment_submission to kokybe_scoped"
        f" using ({RATING_READ}) with check ({RATING_WRITTEN})"
    )
    op.execute("grant select, insert on assessment_submission to kokybe_scoped")
    op.execute("revoke update, delete on assessment_submission from kokybe_everything")


def downgrade() -> None:
    op.drop_table("assessment_submission")
    for table, _, _, before in WALLS:
        op.execute(f"drop policy scoped on {table}")
        op.execute(f"create policy scoped on {table} to kokybe_scoped using ({before})")
    for table in ("rating", "assessment"):
        op.drop_constraint(f"fk_{table}_organisation_id_carried_from", table, type_="foreignkey")
        op.drop_column(table, "carried_from")
    op.drop_column("rating", "levels")
    op.drop_column("assessment", "scale")
    op.drop_column("standard_version", "scale")
