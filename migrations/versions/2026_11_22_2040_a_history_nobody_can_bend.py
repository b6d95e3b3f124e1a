"""Events are append-only and chained; a contact can be erased

Revision ID: 2026_11_22_2040
Revises: 2026_11_22_2010

What stands in the text of an event is settled here for good: a hash that was made is never made anew. A later column
of `event` that has to be sealed goes into the text of the events that have it, and leaves the text of the others as is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_2040"
down_revision = "2026_11_22_2010"
branch_labels = None
depends_on = None

DIGEST = """create function event_digest(event) returns bytea language sql stable parallel safe
return sha256(convert_to(json_build_array(
  $1.id, $1.xact, $1.seq, $1.type, $1.occurred_at at time zone 'UTC', $1.effective_on, $1.actor_type, $1.actor_id,
  $1.request_id, $1.organisation_id, $1.resource_type, $1.resource_id, $1.resource_version, $1.data, $1.previous
)::text, 'UTF8'))
"""

# What was told before this revision, in the order in which it is read; the aggregate is gone with the session.
SEAL_WHAT_IS_THERE = (
    "create function pg_temp.chained(bytea, bytea) returns bytea language sql immutable return sha256($1 || $2)",
    "create aggregate pg_temp.chained(bytea) (sfunc = pg_temp.chained, stype = bytea, initcond = '')",
    """with sealed as (
  select id, row_number() over in_order as n, pg_temp.chained(event_digest(event)) over in_order as hash
    from event
  window in_order as (partition by coalesce(organisation_id, '00000000-0000-0000-0000-000000000000') order by xact, seq)
)
update event set n = sealed.n, hash = sealed.hash from sealed where sealed.id = event.id
    """,
    """insert into event_chain (organisation_id, n, hash)
select distinct on (1) coalesce(organisation_id, '00000000-0000-0000-0000-000000000000'), n, hash from event order by 1, n desc
    """,
)

# It runs with the rights of the schema's owner, so that nobody else needs any on the chains.
CHAIN = (
    """create function chain_event() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  chain_id constant uuid := coalesce(new.organisation_id, '00000000-0000-0000-0000-000000000000');
  digest constant bytea := public.event_digest(new);
begin
  update public.event_chain as chain
     set n = chain.n + 1, hash = sha256(chain.hash || digest)
   where chain.organisation_id = chain_id
  returning chain.n, chain.hash into new.n, new.hash;
  if not found then
    insert into public.event_chain as chain (organisation_id, n, hash) values (chain_id, 1, sha256(digest))
    on conflict (organisation_id) do update set n = chain.n + 1, hash = sha256(chain.hash || digest)
    returning chain.n, chain.hash into new.n, new.hash;
  end if;
  return new;
end
$$
    """,
    "create trigger chain_event before insert on event for each row execute function chain_event()",
)

APPEND_ONLY = (
    """create function refuse_to_forget() returns trigger language plpgsql as $$
begin
  raise exception 'What happened is never altered: % of % is refused.', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$
    """,
    """create trigger append_only before update or delete or truncate on event
  for each statement execute function refuse_to_forget()
    """,
    """create trigger append_only before delete or truncate on event_chain
  for each statement execute function refuse_to_forget()
    """,
    # Also for sessions that say they only replay what another server did.
    "alter table event enable always trigger append_only",
    "alter table event_chain enable always trigger append_only",
    "revoke update, delete, truncate on event from public",
    "revoke all on event_chain from public",
)


CHECKS = {
    "ck_contact_erased": (
        "erased_at is null or (name = '' and num_nonnulls(position, email, telephone, personal, salt) = 0)"
    ),
    "ck_contact_hold_ground": (
        "hold_ground in ('legal_obligation', 'public_task', 'public_health', 'archiving', 'legal_claims')"
    ),
    "ck_contact_hold": "(hold_ground is null) = (hold_until_on is null)",
}


def upgrade() -> None:
    _chain()
    _contacts()


def _chain() -> None:
    op.create_table(
        "event_chain",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BIGINT(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_event_chain")),
        postgresql_with={"fillfactor": 50},
    )
    op.add_column("event", sa.Column("n", sa.BIGINT(), nullable=True))
    op.add_column("event", sa.Column("hash", sa.LargeBinary(), nullable=True))
    op.execute(DIGEST)
    for statement in SEAL_WHAT_IS_THERE:
        op.execute(statement)
    # Both columns were filled above, and no programme has more than some thousand events when this runs.
    for column in ("n", "hash"):
        op.execute(f"-- squawk-ignore adding-not-nullable-field\nalter table event alter column {column} set not null")
    for statement in (*CHAIN, *APPEND_ONLY):
        op.execute(statement)


def _contacts() -> None:
    op.add_column("contact", sa.Column("personal", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("salt", sa.LargeBinary(), nullable=True))
    op.add_column("contact", sa.Column("erasure_requested_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact", sa.Column("hold_ground", sa.Text(), nullable=True))
    op.add_column("contact", sa.Column("hold_until_on", sa.Date(), nullable=True))
    # The table is small: a few people of each organisation.
    op.execute("""-- squawk-ignore adding-field-with-default
alter table contact add column next_change_on date generated always as (
  case when erased_at is null then greatest(retain_until_on, hold_until_on) + 1 else null::date end) stored
    """)
    op.execute("-- squawk-ignore ban-drop-constraint\nalter table contact drop constraint ck_contact_erased")
    op.execute("update contact set position = null where erased_at is not null")
    for name, condition in CHECKS.items():
        op.execute(
            f"-- squawk-ignore constraint-missing-not-valid\nalter table contact add constraint {name} check ({condition})"
        )
    op.create_index(
        "ix_contact_due", "contact", ["next_change_on"], postgresql_where=sa.text("next_change_on is not null")
    )


def downgrade() -> None:
    op.drop_index("ix_contact_due", table_name="contact")
    for name in CHECKS:
        op.drop_constraint(op.f(name), "contact", type_="check")
    for column in ("next_change_on", "hold_until_on", "hold_ground", "erasure_requested_at", "salt", "personal"):
        op.drop_column("contact", column)
    op.create_check_constraint(
        op.f("ck_contact_erased"), "contact", "erased_at is null or (name = '' and email is null and telephone is null)"
    )
    for statement in (
        "drop trigger append_only on event",
        "drop trigger chain_event on event",
        "drop function chain_event",
        "drop function event_digest",
    ):
        op.execute(statement)
    op.drop_column("event", "hash")
    op.drop_column("event", "n")
    op.drop_table("event_chain")
    op.execute("drop function refuse_to_forget")
