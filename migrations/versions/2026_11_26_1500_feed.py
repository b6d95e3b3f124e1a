"""Events in an order that loses nothing, also over a restored dump

Revision ID: 2026_11_26_1500
Revises: 2026_11_26_0933
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1500"
down_revision = "2026_11_26_0933"
branch_labels = None
depends_on = None

IN_SIGHT = """organisation_id = any (
    (select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[])"""
CLIENT = "(select nullif(current_setting('app.client', true), '')::uuid)"
SEEN = f"{IN_SIGHT} or (resource_type = 'client' and resource_id = {CLIENT})"

# What belongs to no organisation and is open to all who call; ratings as far as they are themselves seen.
SEEN_IN_THE_FEED = f"""({SEEN}
    or (organisation_id is null and (select current_setting('app.sees', true)) in ('own', 'granted')
        and resource_type in ('standard', 'standard_version', 'policy', 'project', 'strand')))
    and (resource_type <> 'rating' or (select current_setting('app.sees', true)) <> 'own'
         or exists (select from rating where rating.id = resource_id))"""  # noqa: S608 - all of it is ours


def upgrade() -> None:
    op.create_table(
        "event_era",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system_identifier", sa.BIGINT(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_event_era")),
    )
    op.execute(
        "insert into event_era (number, system_identifier, began_at)"
        " select 1, system_identifier, now() from pg_control_system()"
    )
    op.execute("grant select on event_era to kokybe_everything, kokybe_scoped")
    op.add_column("event", sa.Column("era", sa.Integer(), server_default=sa.text("1"), nullable=False))
    # No programme has more than some thousand events when this runs.
    op.create_index("ix_event_feed", "event", ["era", "xact", "seq"])
    op.create_index("ix_event_feed_of_organisation", "event", ["organisation_id", "era", "xact", "seq"])
    op.execute("-- squawk-ignore require-concurrent-index-deletion\ndrop index ix_event_order")
    op.execute(f"alter policy scoped on event using ({SEEN_IN_THE_FEED}) with check ({SEEN})")


def downgrade() -> None:
    op.execute(f"alter policy scoped on event using ({SEEN}) with check ({SEEN})")
    op.create_index("ix_event_order", "event", ["xact", "seq"])
    op.drop_index("ix_event_feed_of_organisation", table_name="event")
    op.drop_index("ix_event_feed", table_name="event")
    op.drop_column("event", "era")
    op.drop_table("event_era")
