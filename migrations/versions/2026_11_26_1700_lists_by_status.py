"""A list by status passes by what cannot have it inside its index

Revision ID: 2026_11_26_1700
Revises: 2026_11_26_1650
"""

from __future__ import annotations

from alembic import op

revision = "2026_11_26_1700"
down_revision = "2026_11_26_1650"
branch_labels = None
depends_on = None

# The first day after the first period, behind the keys of the order.
FIRST_LAPSE = "lower(datemultirange(daterange(lower(periods), null)) - periods)"
ORDERS = {
    "ix_certificate_expires_on": "coalesce(expires_on, 'infinity'), id",
    "ix_certificate_municipality": "municipality_key, coalesce(expires_on, 'infinity'), id",
    "ix_certificate_certified_on": "coalesce(certified_on, 'infinity'), id",
}
SUSPENDED = "ix_certificate_suspended"


def upgrade() -> None:
    for name, order in ORDERS.items():
        _make_anew(name, f"{order}, ({FIRST_LAPSE})")
    op.execute(f"""-- squawk-ignore require-concurrent-index-creation
create index {SUSPENDED} on certificate (coalesce(certified_on, 'infinity'), id) where suspensions <> '{{}}'
    """)


def downgrade() -> None:
    op.drop_index(SUSPENDED, table_name="certificate")
    for name, order in ORDERS.items():
        _make_anew(name, order)


def _make_anew(name: str, keys: str) -> None:
    op.execute(f"-- squawk-ignore require-concurrent-index-deletion\ndrop index {name}")
    op.execute(f"-- squawk-ignore require-concurrent-index-creation\ncreate index {name} on certificate ({keys})")
