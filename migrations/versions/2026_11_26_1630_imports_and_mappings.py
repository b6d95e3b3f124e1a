"""Files of criteria are brought in row by row, and criteria of two versions are mapped

Revision ID: 2026_11_26_1630
Revises: 2026_11_26_1620
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1630"
down_revision = "2026_11_26_1620"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
ID = sa.text("uuidv7()")

# What the feed tells of to all who call is one list among the conditions of a policy: it grows by one word.
GROWN = """do $$
declare
  seen text;
begin
  select replace(pg_get_expr(polqual, polrelid), '{before}', '{after}') into strict seen
    from pg_policy where polrelid = 'event'::regclass and polname = 'scoped';
  if seen not like '%{after}%' then
    raise exception 'the policy of events is not as expected: %', seen;
  end if;
  execute format('alter policy scoped on event using (%s)', seen);
end
$$
"""
WITHOUT, WITH = "'policy'::text, 'project'::text", "'policy'::text, 'criterion_mapping'::text, 'project'::text"


def grown(before: str, after: str) -> str:
    """The lists as they stand within a literal."""
    return GROWN.format(before=before.replace("'", "''"), after=after.replace("'", "''"))


def upgrade() -> None:
    op.create_table(
        "import",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("standard_version", sa.Text(), nullable=False),
        sa.Column("compared_with", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("counts", JSONB, nullable=False),
        sa.Column("missing", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staged_by", sa.Uuid(), nullable=True),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=ID, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("kind in ('criteria')", name=op.f("ck_import_kind")),
        sa.CheckConstraint("state in ('staged', 'committed', 'discarded')", name=op.f("ck_import_state")),
        sa.CheckConstraint("(state = 'committed') = (committed_at is not null)", name=op.f("ck_import_committed")),
        sa.ForeignKeyConstraint(
            ["standard_version"], ["standard_version.code"], name=op.f("fk_import_standard_version")
        ),
        sa.ForeignKeyConstraint(["staged_by"], ["client.id"], name=op.f("fk_import_staged_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
    )
    op.create_index(op.f("ix_import_staged_at"), "import", ["staged_at", "id"])
    op.create_table(
        "import_row",
        sa.Column("id", sa.Uuid(), server_default=ID, nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("title", JSONB, nullable=True),
        sa.Column("text", JSONB, nullable=True),
        sa.Column("changes", JSONB, nullable=False),
        sa.Column("errors", JSONB, nullable=False),
        sa.CheckConstraint(
            "status in ('new', 'changed', 'same', 'unknown', 'error')", name=op.f("ck_import_row_status")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_import_row_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sa.UniqueConstraint("import_id", "place", name=op.f("uq_import_row_import_id_place")),
    )
    op.create_table(
        "criterion_mapping",
        sa.Column("from_version", sa.Text(), nullable=False),
        sa.Column("from_criterion", sa.Text(), nullable=False),
        sa.Column("to_version", sa.Text(), nullable=False),
        sa.Column("to_criterion", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=ID, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("from_version <> to_version", name=op.f("ck_criterion_mapping_two_versions")),
        sa.CheckConstraint(
            "relation in ('equivalent', 'broader', 'narrower', 'related')", name=op.f("ck_criterion_mapping_relation")
        ),
        sa.ForeignKeyConstraint(
            ["from_version"], ["standard_version.code"], name=op.f("fk_criterion_mapping_from_version")
        ),
        sa.ForeignKeyConstraint(
            ["to_version"], ["standard_version.code"], name=op.f("fk_criterion_mapping_to_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criterion_mapping")),
        sa.UniqueConstraint(
            "from_version",
            "from_criterion",
            "to_version",
            "to_criterion",
            name=op.f("uq_criterion_mapping_pair"),
        ),
    )
    op.create_index(op.f("ix_criterion_mapping_to_version"), "criterion_mapping", ["to_version", "to_criterion"])
    op.execute("grant select on criterion_mapping to kokybe_scoped")  # known to all, like the standards themselves
    op.execute(grown(WITHOUT, WITH))


def downgrade() -> None:
    op.execute(grown(WITH, WITHOUT))
    op.drop_table("criterion_mapping")
    op.drop_table("import_row")
    op.drop_table("import")
