"""What was known before is kept: a row's version of before each change, by moment of recording and day of effect

Revision ID: 2026_11_26_0933
Revises: 2026_11_22_2050
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0933"
down_revision = "2026_11_22_2050"
branch_labels = None
depends_on = None

# A fixed clock (KOKYBE_TODAY) stands in for the transaction's time here as it does in events.
RECORDED_AT = """create function recorded_at() returns timestamptz language sql stable
return coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
"""

# A row of which nothing but the same moment and day is known anew was never to be seen: it is not kept. It runs with the
# rights of the schema's owner, so that nobody else needs any to write.
KEEP = """create function keep_past() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept jsonb;
  held_from date;
  holds_from date;
begin
  new.known_from := greatest(old.known_from, public.recorded_at());
  if tg_nargs > 0 then
    held_from := old.holds_from;
    holds_from := new.holds_from;
  end if;
  if new.known_from > old.known_from or holds_from > held_from then
    kept := to_jsonb(old);
    insert into public.past_version (resource, id, organisation_id, known_from, known_until, holds_from, holds_until, kept)
    values (tg_table_name, old.id, coalesce(kept ->> 'organisation_id', kept ->> 'id')::uuid, old.known_from,
            new.known_from, held_from, holds_from, kept);
  end if;
  return new;
end
$$
"""

# What is there is known since its last event; no programme has more than some thousand rows when this runs.
SINCE = """update {table} set known_from = event.occurred_at from event
 where event.resource_id = {table}.id and event.resource_version = {table}.version
"""

KNOWN = ("organisation", "site", "certificate", "annual_report", "enrolment")
DATED = ("annual_report", "enrolment")

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"

# Of the past of what is in the public register the public role sees the columns that it sees of the present.
REGISTER = ("certificate", "organisation", "site")
OF_THE_REGISTER = """select resource, id, seq, known_from, known_until,
       (select jsonb_object_agg(key, value) from jsonb_each(kept) where key = any (shown.columns)) as kept
  from past_version,
       (select array(select attname::text from pg_attribute
                      where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped
                        and has_column_privilege('kokybe_public', attrelid, attnum, 'select')) as columns) as shown
 where resource = '{table}'
"""


def upgrade() -> None:
    op.execute(RECORDED_AT)
    op.create_table(
        "past_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BIGINT(), sa.Identity(always=True), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holds_from", sa.Date(), nullable=True),
        sa.Column("holds_until", sa.Date(), nullable=True),
        sa.Column("kept", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", "seq", name=op.f("pk_past_version")),
    )
    op.create_index("ix_past_version_known", "past_version", ["resource", "known_until"])
    op.create_index(
        "ix_past_version_holds",
        "past_version",
        ["resource", "holds_until"],
        postgresql_where=sa.text("holds_until is not null"),
    )
    op.execute(KEEP)
    for table in KNOWN:
        op.execute(f"""-- squawk-ignore adding-field-with-default
alter table {table} add column known_from timestamptz not null default recorded_at()
        """)
        op.execute(SINCE.format(table=table))
        if table in DATED:
            op.execute(f"alter table {table} add column holds_from date not null default '-infinity'")
        argument = "'dated'" if table in DATED else ""
        op.execute(
            f"create trigger keep_past before update on {table} for each row execute function keep_past({argument})"
        )
    op.execute("alter table past_version enable row level security")
    op.execute("alter table past_version force row level security")
    op.execute("create policy everything on past_version to kokybe_everything using (true)")
    op.execute(f"create policy scoped on past_version to kokybe_scoped using (organisation_id = any ({SEEN}))")
    op.execute("revoke insert, update, delete on past_version from kokybe_everything")
    op.execute("grant select on past_version to kokybe_scoped")
    op.execute("""create trigger append_only before update or delete or truncate on past_version
  for each statement execute function refuse_to_forget()
    """)
    op.execute(
        "create view register_past as " + " union all ".join(OF_THE_REGISTER.format(table=one) for one in REGISTER)
    )
    op.execute("grant select on register_past to kokybe_public")
    for table in REGISTER:
        op.execute(f"grant select (known_from) on {table} to kokybe_public")
    op.execute("grant select (decided_at) on certificate_decision to kokybe_public")


def downgrade() -> None:
    op.execute("revoke select (decided_at) on certificate_decision from kokybe_public")
    op.execute("drop view register_past")
    for table in KNOWN:
        op.execute(f"drop trigger keep_past on {table}")
        op.drop_column(table, "known_from")
        if table in DATED:
            op.drop_column(table, "holds_from")
    op.drop_table("past_version")
    op.execute("drop function keep_past")
    op.execute("drop function recorded_at")
