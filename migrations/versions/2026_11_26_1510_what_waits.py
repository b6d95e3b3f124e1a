"""What waits for somebody is found by its state, in the order of its page

Revision ID: 2026_11_26_1510
Revises: 2026_11_26_1500
"""

from __future__ import annotations

from alembic import op

revision = "2026_11_26_1510"
down_revision = "2026_11_26_1500"
branch_labels = None
depends_on = None

# Each holds the few rows that are under way, so that it stays small however many are done with.
INDEXES = {
    "ix_certificate_review_by": "certificate (coalesce(review_by, 'infinity'), id) where review_by is not null",
    "ix_certificate_undecided": "certificate (id) where expires_on is null and ended_on is null",
    "ix_annual_report_handed_in": (
        "annual_report (state, id) where state in ('submitted', 'with_auditor', 'commented', 'with_office')"
    ),
    "ix_compliance_case_open": "compliance_case (id) where state = 'open'",
    "ix_assessment_unfinished": (
        "assessment (state, id) where state in ('planned', 'in_progress', 'submitted', 'under_review', 'improvement')"
    ),
    "ix_enrolment_open": (
        "enrolment (state, id) where state in ('draft', 'submitted', 'in_selection', 'selected', 'reserve', 'active')"
    ),
    "ix_contact_erasure_requested": "contact (id) where erasure_requested_at is not null and erased_at is null",
}


def upgrade() -> None:
    for name, what in INDEXES.items():
        op.execute(f"""-- squawk-ignore require-concurrent-index-creation
create index {name} on {what}
        """)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
