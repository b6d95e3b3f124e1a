"""Clients have scopes, an end, grants and a person behind them; two live keys; auditors are licensed

Revision ID: 2026_11_22_2010
Revises: 2026_11_22_1930
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_22_2010"
down_revision = "2026_11_22_1930"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("client", sa.Column("expires_on", sa.Date()))
    op.add_column("client", sa.Column("oidc_issuer", sa.Text()))
    op.add_column("client", sa.Column("oidc_subject", sa.Text()))
    op.create_check_constraint("oidc_whole", "client", "(oidc_issuer is null) = (oidc_subject is null)")
    op.create_unique_constraint("uq_client_oidc_issuer_oidc_subject", "client", ["oidc_issuer", "oidc_subject"])
    op.create_index("ix_client_organisation_id", "client", ["organisation_id", "id"])

    # Every client was made with its one key, which takes the first place. The index of the constraint serves what
    # looks for a client's keys.
    op.add_column("api_key", sa.Column("slot", sa.Integer(), server_default="1", nullable=False))
    op.create_check_constraint("slot", "api_key", "slot in (1, 2)")
    op.create_check_constraint("life", "api_key", "expires_at <= created_at + interval '8760 hours'")
    op.execute("""-- squawk-ignore require-concurrent-index-deletion
drop index ix_api_key_client_id
    """)
    op.execute("""alter table api_key add constraint ex_api_key_two_live exclude using gist (
  client_id with =,
  slot with =,
  tstzrange(created_at, greatest(created_at, least(expires_at, revoked_at))) with &&
)
    """)

    op.create_table(
        "client_grant",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("strand_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("num_nonnulls(organisation_id, municipality, strand_id) = 1", name="one_of_three"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_client_grant_client_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_client_grant_organisation_id"),
        sa.ForeignKeyConstraint(["municipality"], ["municipality.code"], name="fk_client_grant_municipality"),
        sa.ForeignKeyConstraint(["strand_id"], ["strand.id"], name="fk_client_grant_strand_id"),
        sa.PrimaryKeyConstraint("id", name="pk_client_grant"),
        sa.UniqueConstraint(
            "client_id",
            "organisation_id",
            "municipality",
            "strand_id",
            name="uq_client_grant_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_client_grant_organisation_id", "client_grant", ["organisation_id"])
    op.create_index("ix_client_grant_strand_id", "client_grant", ["strand_id"])

    op.create_table(
        "auditor",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_auditor_client_id"),
        sa.PrimaryKeyConstraint("id", name="pk_auditor"),
        sa.UniqueConstraint("client_id", name="uq_auditor_client_id"),
    )
    op.create_table(
        "auditor_licence",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.CheckConstraint("valid_until >= valid_from", name="period"),
        sa.ForeignKeyConstraint(["client_id"], ["auditor.client_id"], name="fk_auditor_licence_client_id"),
        sa.ForeignKeyConstraint(["standard"], ["standard.code"], name="fk_auditor_licence_standard"),
        sa.PrimaryKeyConstraint("client_id", "standard", "valid_from", name="pk_auditor_licence"),
    )
    op.create_table(
        "auditor_advice",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["auditor.client_id"], name="fk_auditor_advice_client_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_auditor_advice_organisation_id"),
        sa.PrimaryKeyConstraint("client_id", "organisation_id", name="pk_auditor_advice"),
    )
    op.create_index("ix_auditor_advice_organisation_id", "auditor_advice", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("auditor_advice")
    op.drop_table("auditor_licence")
    op.drop_table("auditor")
    op.drop_table("client_grant")
    op.drop_constraint("ex_api_key_two_live", "api_key")
    op.drop_constraint("ck_api_key_life", "api_key")
    op.drop_constraint("ck_api_key_slot", "api_key")
    op.drop_column("api_key", "slot")
    op.create_index("ix_api_key_client_id", "api_key", ["client_id"])
    op.drop_index("ix_client_organisation_id", table_name="client")
    op.drop_constraint("uq_client_oidc_issuer_oidc_subject", "client")
    op.drop_constraint("ck_client_oidc_whole", "client")
    for column in ("oidc_subject", "oidc_issuer", "expires_on", "scopes"):
        op.drop_column("client", column)
