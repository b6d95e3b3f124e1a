"""Certificates know their holder's municipality

Revision ID: 2026_11_22_1930
Revises: 2026_11_22_1600_the_programme
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_1930"
down_revision = "2026_11_22_1600_the_programme"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_certificate_organisation_id_municipality_key"

TRIGGER = (
    """create function holders_municipality() returns trigger language plpgsql as $$
begin
  select municipality_key into new.municipality_key from organisation where id = new.organisation_id;
  return new;
end
$$
    """,
    """create trigger holders_municipality before insert or update of organisation_id on certificate
  for each row execute function holders_municipality()
    """,
)


def upgrade() -> None:
    # Rewriting these two tables takes a moment: no programme has more than some thousand rows of them when this runs.
    op.execute("""-- squawk-ignore adding-field-with-default
alter table organisation add column municipality_key text generated always as (coalesce(municipality, '')) stored not null
    """)
    op.create_unique_constraint("uq_organisation_id_municipality_key", "organisation", ["id", "municipality_key"])
    op.add_column("certificate", sa.Column("municipality_key", sa.Text(), nullable=True))
    for statement in TRIGGER:
        op.execute(statement)
    op.execute("update certificate set organisation_id = organisation_id")
    op.execute("""-- squawk-ignore adding-not-nullable-field
alter table certificate alter column municipality_key set not null
    """)
    op.create_foreign_key(
        FOREIGN_KEY,
        "certificate",
        "organisation",
        ["organisation_id", "municipality_key"],
        ["id", "municipality_key"],
        onupdate="CASCADE",
    )
    op.execute("""-- squawk-ignore ban-drop-constraint
alter table certificate drop constraint fk_certificate_organisation_id
    """)
    op.create_index(
        "ix_certificate_municipality",
        "certificate",
        ["municipality_key", sa.literal_column("coalesce(expires_on, 'infinity')"), "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_certificate_municipality", table_name="certificate")
    op.drop_constraint(FOREIGN_KEY, "certificate", type_="foreignkey")
    op.create_foreign_key("fk_certificate_organisation_id", "certificate", "organisation", ["organisation_id"], ["id"])
    op.execute("drop trigger holders_municipality on certificate")
    op.execute("drop function holders_municipality")
    op.drop_column("certificate", "municipality_key")
    op.drop_constraint("uq_organisation_id_municipality_key", "organisation", type_="unique")
    op.drop_column("organisation", "municipality_key")
