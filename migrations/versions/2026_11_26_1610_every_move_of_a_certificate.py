"""Every move of a certificate: revisions, votes, requests, transfers, windows of the policy

Revision ID: 2026_11_26_1610
Revises: 2026_11_26_1600
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1610"
down_revision = "2026_11_26_1600"
branch_labels = None
depends_on = None

# Two small tables are looked through as constraints are added; both hold some thousand rows at most.
CHECKS = {
    "policy": {"decision_quorum": "decision_quorum >= 1"},
    "organisation": {"succeeds_another": "succeeds_id <> id"},
    "certificate": {
        "extended": "extended_from < expires_on",
        "mark": "mark is null or ended_as = 'refused'",
        "cancellation_request": "(cancellation_requested_on is null) = (cancellation_wanted_on is null)",
    },
}

REFERENCES = (
    ("organisation", "succeeds_id", "organisation"),
    ("certificate", "predecessor_id", "certificate"),
    ("certificate", "assessment_id", "assessment"),
)

# A transfer leaves the predecessor and the audit where they are, so no foreign key can say it: they are of the same
# organisation when they are named. The lock keeps them there until that is kept.
NAMED_WITHIN = (
    """create function named_within_organisation() returns trigger language plpgsql as $$
begin
  if new.predecessor_id is not null and not exists (
       select from certificate where id = new.predecessor_id and organisation_id = new.organisation_id for key share) then
    raise foreign_key_violation using constraint = 'fk_certificate_predecessor_id',
      message = 'The predecessor is of another organisation.';
  end if;
  if new.assessment_id is not null and not exists (
       select from assessment where id = new.assessment_id and organisation_id = new.organisation_id for key share) then
    raise foreign_key_violation using constraint = 'fk_certificate_assessment_id',
      message = 'The audit is of another organisation.';
  end if;
  return new;
end
$$
    """,
    """create trigger named_on_insert before insert on certificate
  for each row execute function named_within_organisation()
    """,
    """create trigger named_on_update before update on certificate
  for each row when ((old.predecessor_id, old.assessment_id) is distinct from (new.predecessor_id, new.assessment_id))
  execute function named_within_organisation()
    """,
)

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"
SEES = "(select current_setting('app.sees', true))"
IN_SIGHT = f"organisation_id = any ({SEEN})"

# What is handed over is told once, to both holders; how the committee votes is its own affair.
FORMER_HOLDER = f"(previous ->> 'organisation_id')::uuid = any ({SEEN})"
COMMITTEE = f"resource_type <> 'certificate_vote' or {SEES} = 'docket'"

REGISTERED = "exists (select from certificate where id = certificate_id and reference is not null)"
REGISTERED_KINDS = f"""kind in ('import', 'grant', 'suspend', 'reinstate', 'withdraw', 'cancel', 'supersede', 'extend',
                                'restore', 'revise_scope', 'transfer') and {REGISTERED}"""

# A docket holds the legal successors of who is on it, so that an awarder can hand a certificate over to one.
KNOWN = """create or replace function known_organisations(sees text, client uuid, organisation uuid) returns uuid[]
language sql stable security definer set search_path = public, pg_temp as $$
select case sees
  when 'own' then array[organisation]
  when 'assigned' then array(
    select distinct organisation_id from assessment where assessor = client and state <> 'cancelled')
  when 'docket' then array(
    with decided as (
      select organisation_id from assessment where revision > 0 union select organisation_id from certificate)
    select organisation_id from decided
     union select id from organisation where succeeds_id in (select organisation_id from decided))
  when 'granted' then array(
    select organisation_id from client_grant where client_id = client and organisation_id is not null
     union select organisation.id from client_grant join organisation using (municipality) where client_id = client
     union select enrolment.organisation_id from client_grant join enrolment using (strand_id)
            where client_id = client and state not in ('draft', 'withdrawn'))
  else '{}' end
$$
"""

FIRST_REVISIONS = """
insert into certificate_revision (organisation_id, certificate_id, number, decision, effective_on, holder_id, scope,
                                  valid_from, expires_on, service_users, staff)
select certificate.organisation_id, certificate.id, certificate.revision, decision.number, decision.effective_on,
       certificate.organisation_id, scope, valid_from, expires_on, service_users, staff
  from certificate join certificate_decision as decision on decision.certificate_id = certificate.id
 where decision.kind in ('grant', 'import')
"""


def upgrade() -> None:
    # A default that is constant rewrites nothing.
    op.execute("""-- squawk-ignore adding-field-with-default
alter table policy add column renewal_opens_days integer not null default 365,
  add column extension_months integer default 6, add column restoration_months integer default 6,
  add column decision_quorum integer
    """)
    # The proposal is for the policies that are there; whoever sets one says null and means it.
    for column in ("extension_months", "restoration_months"):
        op.execute(f"-- squawk-ignore ban-drop-default\nalter table policy alter column {column} drop default")
    op.add_column("organisation", sa.Column("succeeds_id", sa.Uuid(), nullable=True))
    for name, kind in (
        ("extended_from", sa.Date()),
        ("mark", sa.Text()),
        ("cancellation_requested_on", sa.Date()),
        ("cancellation_wanted_on", sa.Date()),
    ):
        op.add_column("certificate", sa.Column(name, kind, nullable=True))
    for table, checks in CHECKS.items():
        for name, condition in checks.items():
            op.execute(f"""-- squawk-ignore constraint-missing-not-valid
alter table {table} add constraint ck_{table}_{name} check ({condition})
            """)
    for table, column, target in REFERENCES:
        op.execute(f"""-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table {table} add constraint fk_{table}_{column} foreign key ({column}) references {target} (id)
        """)
    for statement in NAMED_WITHIN:
        op.execute(statement)
    for column in ("predecessor_id", "assessment_id"):
        op.execute(f"""-- squawk-ignore ban-drop-constraint
alter table certificate drop constraint fk_certificate_organisation_id_{column}
        """)
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create unique index uq_certificate_assessment_id on certificate (assessment_id)
    """)
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create unique index uq_certificate_successor_draft on certificate (predecessor_id)
 where expires_on is null and ended_on is null
    """)
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create index ix_certificate_cancellation on certificate (cancellation_requested_on)
 where cancellation_requested_on is not null
    """)
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create index ix_organisation_succeeds_id on organisation (succeeds_id) where succeeds_id is not null
    """)
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create index ix_event_former_holder on event (((previous ->> 'organisation_id')::uuid))
 where previous ->> 'organisation_id' is not null
    """)
    _revisions()
    _votes()
    op.execute("grant update (version) on compliance_case to kokybe_scoped")  # a transfer takes cases along
    op.execute(f"create policy former_holder on event for select to kokybe_scoped using ({FORMER_HOLDER})")
    op.execute(f"create policy committee on event as restrictive for select to kokybe_scoped using ({COMMITTEE})")
    op.execute(f"alter policy public on certificate_decision using ({REGISTERED_KINDS})")
    op.execute(KNOWN)


def _revisions() -> None:
    op.create_table(
        "certificate_revision",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("service_users", sa.Integer(), nullable=True),
        sa.Column("staff", sa.Integer(), nullable=True),
        _of_a_certificate("certificate_revision"),
        sa.ForeignKeyConstraint(["holder_id"], ["organisation.id"], name=op.f("fk_certificate_revision_holder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_revision")),
        sa.UniqueConstraint("certificate_id", "number", name=op.f("uq_certificate_revision_certificate_id_number")),
    )
    op.execute(FIRST_REVISIONS)
    _wall("certificate_revision", IN_SIGHT, "select, insert")


def _votes() -> None:
    op.create_table(
        "certificate_vote",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("voter", sa.Uuid(), nullable=False),
        sa.Column("vote", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("vote in ('for', 'against', 'abstain')", name=op.f("ck_certificate_vote_vote")),
        _of_a_certificate("certificate_vote"),
        sa.ForeignKeyConstraint(["voter"], ["client.id"], name=op.f("fk_certificate_vote_voter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_vote")),
        sa.UniqueConstraint("certificate_id", "voter", name=op.f("uq_certificate_vote_certificate_id_voter")),
    )
    _wall("certificate_vote", f"{IN_SIGHT} and {SEES} = 'docket'", "select, insert, update")


def _of_a_certificate(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", "certificate_id"],
        ["certificate.organisation_id", "certificate.id"],
        name=op.f(f"fk_{table}_organisation_id_certificate_id"),
        onupdate="CASCADE",
    )


def _wall(table: str, condition: str, rights: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy everything on {table} to kokybe_everything using (true)")
    op.execute(f"create policy scoped on {table} to kokybe_scoped using ({condition})")
    op.execute(f"grant {rights} on {table} to kokybe_scoped")


KNOWN_BEFORE = KNOWN.replace(
    """array(
    with decided as (
      select organisation_id from assessment where revision > 0 union select organisation_id from certificate)
    select organisation_id from decided
     union select id from organisation where succeeds_id in (select organisation_id from decided))""",
    """array(
    select organisation_id from assessment where revision > 0 union select organisation_id from certificate)""",
)


def downgrade() -> None:
    op.execute(KNOWN_BEFORE)
    op.execute(f"alter policy public on certificate_decision using ({REGISTERED})")
    for name in ("former_holder", "committee"):
        op.execute(f"drop policy {name} on event")
    op.execute("revoke update (version) on compliance_case from kokybe_scoped")
    op.drop_table("certificate_vote")
    op.drop_table("certificate_revision")
    op.drop_index("ix_event_former_holder", table_name="event")
    for name in ("named_on_insert", "named_on_update"):
        op.execute(f"drop trigger {name} on certificate")
    op.execute("drop function named_within_organisation")
    op.drop_index("uq_certificate_successor_draft", table_name="certificate")
    op.drop_index("uq_certificate_assessment_id", table_name="certificate")
    for column, target in (("predecessor_id", "certificate"), ("assessment_id", "assessment")):
        op.drop_constraint(f"fk_certificate_{column}", "certificate", type_="foreignkey")
        op.create_foreign_key(
            f"fk_certificate_organisation_id_{column}",
            "certificate",
            target,
            ["organisation_id", column],
            ["organisation_id", "id"],
        )
    for name in ("extended_from", "mark", "cancellation_requested_on", "cancellation_wanted_on"):
        op.drop_column("certificate", name)
    op.drop_column("organisation", "succeeds_id")
    for name in ("renewal_opens_days", "extension_months", "restoration_months", "decision_quorum"):
        op.drop_column("policy", name)
