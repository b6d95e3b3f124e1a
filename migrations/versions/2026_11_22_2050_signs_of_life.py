"""Signs of life of the worker and its queue

Revision ID: 2026_11_22_2050
Revises: 2026_11_22_2040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_2050"
down_revision = "2026_11_22_2040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "host", name=op.f("pk_heartbeat")),
    )
    op.execute("grant select on heartbeat to kokybe_door")  # whether it can serve is asked before anybody is known


def downgrade() -> None:
    op.drop_table("heartbeat")
