"""What findings were before stays known, and how they stood on an earlier day

Revision ID: 2026_11_26_1650
Revises: 2026_11_26_1640
"""

from __future__ import annotations

from alembic import op

revision = "2026_11_26_1650"
down_revision = "2026_11_26_1640"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""-- squawk-ignore adding-field-with-default
alter table finding add column known_from timestamptz not null default recorded_at()
    """)
    op.execute("alter table finding add column holds_from date not null default '-infinity'")
    op.execute("""update finding set known_from = event.occurred_at from event
 where event.resource_id = finding.id and event.resource_version = finding.version
    """)
    op.execute("""create trigger keep_past before update on finding for each row execute function keep_past('dated')""")


def downgrade() -> None:
    op.execute("drop trigger keep_past on finding")
    op.drop_column("finding", "holds_from")
    op.drop_column("finding", "known_from")
