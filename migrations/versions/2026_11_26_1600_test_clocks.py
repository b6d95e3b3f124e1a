"""Test clocks: worlds of their own beside the programme, and jobs

Revision ID: 2026_11_26_1600
Revises: 2026_11_26_1530

The world of a test clock is a schema: a copy of the programme's tables with all that holds of them, made from the
catalogue of PostgreSQL itself, so that whatever later revisions add is in it too (docs/decisions/0036).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_1600"
down_revision = "2026_11_26_1530"
branch_labels = None
depends_on = None

# With an empty path every name is printed with its schema, which is then the clock's for what the clock has itself.
# Foreign keys to what all worlds share are left out: making one would lock the programme's table.
OPEN_SANDBOX = """create function open_sandbox(clock uuid, tables text[], filled text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  home constant text := public.sandbox_schema(clock);
  own constant oid[] := array(select format('public.%I', name)::regclass from unnest(tables) as name);
  views constant oid[] := array(
    select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v' order by oid);
  ours text;
  theirs constant text := home || '.\\1';
  found record;
begin
  if exists (select from pg_class where relnamespace = 'public'::regnamespace and relkind in ('m', 'p', 'f')) then
    raise exception 'a table of another kind would show the programme to a test clock';
  end if;
  select '\\mpublic\\.(' || string_agg(name, '|') || ')\\M' into ours
    from (select unnest(tables) as name union select proname from public.sandbox_functions()
           union select relname from pg_class where oid = any (views)) as listed;
  execute format('create schema %I', home);
  execute format('grant usage on schema %I to kokybe_door, kokybe_everything, kokybe_scoped', home);

  for found in select relname from pg_class where oid = any (own) order by relname loop
    execute format('create table %1$I.%2$I (like public.%2$I including all excluding indexes)', home, found.relname);
    if found.relname = any (filled) then
      execute format('insert into %1$I.%2$I (%3$s) select %3$s from public.%2$I', home, found.relname, (
        select string_agg(quote_ident(attname), ', ') from pg_attribute
         where attrelid = format('public.%I', found.relname)::regclass and attnum > 0
           and not attisdropped and attgenerated = ''));
    end if;
  end loop;

  for found in
    select relname, conname, pg_get_constraintdef(c.oid) as definition
      from pg_constraint as c join pg_class on pg_class.oid = conrelid
     where conrelid = any (own) and contype in ('p', 'u', 'x') order by conname
  loop
    execute format('alter table %I.%I add constraint %I %s', home, found.relname, found.conname, found.definition);
  end loop;
  for found in
    select pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = any (own) and not exists (select from pg_constraint where conindid = indexrelid and contype <> 'f')
  loop
    execute regexp_replace(found.definition, ours, theirs, 'g');
  end loop;
  for found in
    select relname, conname, pg_get_constraintdef(c.oid) as definition
      from pg_constraint as c join pg_class on pg_class.oid = conrelid
     where conrelid = any (own) and contype = 'f' and confrelid = any (own) order by conname
  loop
    execute format('alter table %I.%I add constraint %I %s', home, found.relname, found.conname,
                   regexp_replace(found.definition, ours, theirs, 'g'));
  end loop;

  perform set_config('check_function_bodies', 'off', true);  -- they may name one another in any order
  for found in
    select oid, proname, proacl, pg_get_functiondef(oid) as definition,
           regexp_replace(pg_get_function_identity_arguments(oid), ours, theirs, 'g') as arguments
      from public.sandbox_functions()
  loop
    execute replace(regexp_replace(found.definition, ours, theirs, 'g'), 'SET search_path TO ''public''',
                    format('SET search_path TO %L, ''public''', home));
    if found.proacl is not null then
      execute format('revoke execute on function %I.%I(%s) from public', home, found.proname, found.arguments);
      execute (select string_agg(format('grant execute on function %I.%I(%s) to %s', home, found.proname, found.arguments,
                                        case grantee when 0 then 'public' else grantee::regrole::text end), '; ')
                 from aclexplode(found.proacl));
    end if;
  end loop;

  for found in select relname, pg_get_viewdef(oid) as definition from pg_class where oid = any (views) order by oid loop
    execute format('create view %I.%I as %s', home, found.relname, regexp_replace(found.definition, ours, theirs, 'g'));
  end loop;

  for found in
    select relname, tgname, tgenabled, pg_get_triggerdef(t.oid) as definition
      from pg_trigger as t join pg_class on pg_class.oid = tgrelid where tgrelid = any (own) and not tgisinternal
  loop
    execute regexp_replace(found.definition, ours, theirs, 'g');
    if found.tgenabled = 'A' then
      execute format('alter table %I.%I enable always trigger %I', home, found.relname, found.tgname);
    end if;
  end loop;
  for found in
    select relname from pg_class
      join pg_index on indrelid = pg_class.oid and indisprimary and indnatts = 1
      join pg_attribute on attrelid = pg_class.oid and attnum = indkey[0] and attname = 'id' and atttypid = 'uuid'::regtype
     where pg_class.oid = any (own) and relname <> 'event' order by relname
  loop
    execute format('create trigger note_sandbox_rows after insert on %I.%I referencing new table as made'
                   ' for each statement execute function public.note_sandbox_rows(%L)', home, found.relname, clock);
  end loop;

  for found in
    select relname, relrowsecurity, relforcerowsecurity from pg_class where oid = any (own || views)
  loop
    execute format('revoke all on %I.%I from public, kokybe_everything', home, found.relname);
    if found.relrowsecurity then
      execute format('alter table %I.%I enable row level security', home, found.relname);
    end if;
    if found.relforcerowsecurity then
      execute format('alter table %I.%I force row level security', home, found.relname);
    end if;
  end loop;
  for found in
    select polname, relname, polpermissive,
           case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                       else 'all' end as command,
           (select string_agg(case role when 0 then 'public' else role::regrole::text end, ', ')
              from unnest(polroles) as role) as roles,
           pg_get_expr(polqual, polrelid) as shown, pg_get_expr(polwithcheck, polrelid) as kept
      from pg_policy join pg_class on pg_class.oid = polrelid where polrelid = any (own)
  loop
    execute format('create policy %I on %I.%I as %s for %s to %s', found.polname, home, found.relname,
                   case when found.polpermissive then 'permissive' else 'restrictive' end, found.command, found.roles)
         || coalesce(' using (' || regexp_replace(found.shown, ours, theirs, 'g') || ')', '')
         || coalesce(' with check (' || regexp_replace(found.kept, ours, theirs, 'g') || ')', '');
  end loop;
  for found in
    select relname, privilege_type, '' as columns, grantee::regrole::text as grantee
      from pg_class, aclexplode(relacl) as acl where pg_class.oid = any (own || views) and grantee <> relowner and grantee <> 0
     union all
    select relname, privilege_type, format('(%I)', attname), grantee::regrole::text
      from pg_class join pg_attribute on attrelid = pg_class.oid, aclexplode(attacl) as acl
     where pg_class.oid = any (own) and grantee <> 0
  loop
    execute format('grant %s %s on %I.%I to %s', found.privilege_type, found.columns, home, found.relname, found.grantee);
  end loop;
end
$$
"""

FUNCTIONS = (
    """create function sandbox_schema(clock uuid) returns text language sql immutable strict parallel safe
return 'clock_' || replace(clock::text, '-', '')
    """,
    # What is said of the tables themselves is cloned with them. Immutable ones read no table and stay one for all.
    """create function sandbox_functions() returns setof pg_proc language sql stable set search_path = pg_catalog, pg_temp as $$
select p.* from pg_proc as p
 where pronamespace = 'public'::regnamespace and prokind = 'f' and provolatile <> 'i'
   and proname not in ('enter', 'enter_world', 'open_sandbox', 'close_sandbox', 'end_sandboxes', 'sandbox_functions', 'note_sandbox_rows',
                       'note_sandbox_client')
   and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
$$
    """,
    """create function note_sandbox_rows() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.sandbox_row (id, test_clock_id) select id, tg_argv[0]::uuid from made;
  return null;
end
$$
    """,
    OPEN_SANDBOX,
    """create function close_sandbox(clock uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute format('drop schema if exists %I cascade', public.sandbox_schema(clock));
  delete from public.sandbox_row where test_clock_id = clock;
end
$$
    """,
)

# Before the schema changes. What it says of each is what `services.test_clocks.end` says.
END_ALL = """create function end_sandboxes() returns void language sql as $$
with ended as (
  update test_clock as clock
     set ended_at = clock_timestamp(), advancing_to = null, version = clock.version + 1
    from test_clock as before where before.id = clock.id and clock.ended_at is null
  returning clock.*, before.advancing_to as was_advancing_to
),
told as (
  insert into event (type, occurred_at, effective_on, actor_type, actor_id, resource_type, resource_id, resource_version,
                     data, previous)
  select 'test_clock.ended', now(), (now() at time zone 'Europe/Vilnius')::date, 'system', 'system', 'test_clock', id, version,
         jsonb_build_object('ended_at', to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
           || case when was_advancing_to is null then '{}' else '{"advancing_to": null}' end::jsonb,
         jsonb_build_object('ended_at', null)
           || case when was_advancing_to is null then '{}' else jsonb_build_object('advancing_to', was_advancing_to) end
    from ended
)
update client set disabled_at = clock_timestamp(), version = version + 1
 where test_clock_id is not null and disabled_at is null;
select close_sandbox(id) from test_clock
$$
"""

RIGHTS = (
    "revoke execute on function open_sandbox, close_sandbox, note_sandbox_rows from public",
    "grant execute on function open_sandbox, close_sandbox to kokybe_everything",
    "grant select on test_clock to kokybe_door, kokybe_scoped",
    "grant select on sandbox_row to kokybe_door",
    "revoke insert, update, delete on sandbox_row from kokybe_everything",
)

# It takes the place of `enter`, which the release of before goes on with.
# A change may leave it to the ids that it has `named` in whose world it happens: one of them is a clock, or was born in
# its world. Of a clock that is not known or has ended, nothing is shown. The path is put back where a transaction goes on
# in the programme after it was in a clock's world.
ENTER = """create function enter_world(
  sees text, client uuid, organisation uuid, inout clock uuid default null, named uuid[] default '{}',
  out organisations uuid[], out today date
) language plpgsql as $$
declare
  role text := case sees when 'everything' then 'kokybe_everything' when 'nobody' then 'kokybe_door'
                         when 'register' then 'kokybe_public' else 'kokybe_scoped' end;
begin
  if clock is null and named <> '{}' then
    clock := coalesce(
      (select id from public.test_clock where id in (select unnest(named)) and ended_at is null limit 1),
      (select test_clock_id from public.sandbox_row where id in (select unnest(named)) limit 1));
  end if;
  if clock is not null then
    select test_clock.today into enter_world.today from public.test_clock where id = clock and ended_at is null;
    if not found then
      sees := 'nobody';
      role := 'kokybe_door';
    end if;
    perform set_config('app.now', ((enter_world.today + time '12:00') at time zone 'Europe/Vilnius')::text, true);
  end if;
  if coalesce(current_setting('app.test_clock', true), '') is distinct from coalesce(clock::text, '') then
    perform set_config('app.test_clock', coalesce(clock::text, ''), true),
            set_config('search_path', coalesce(quote_ident(public.sandbox_schema(clock)) || ', ', '') || 'public', true);
  end if;
  organisations := known_organisations(sees, client, organisation);
  perform set_config('app.sees', sees, true), set_config('app.client', coalesce(client::text, ''), true),
          set_config('app.organisations', array_to_string(organisations, ','), true), set_config('role', role, true);
end
$$
"""

WORLD = "(select nullif(current_setting('app.test_clock', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "test_clock",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.Column("advancing_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("today >= started_on", name=op.f("ck_test_clock_forward")),
        sa.CheckConstraint("advancing_to is null or ended_at is null", name=op.f("ck_test_clock_at_rest_when_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_clock")),
    )
    op.create_table(
        "sandbox_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("test_clock_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["test_clock_id"], ["test_clock.id"], name=op.f("fk_sandbox_row_test_clock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_row")),
    )
    op.create_index(op.f("ix_sandbox_row_test_clock_id"), "sandbox_row", ["test_clock_id"])
    _jobs()
    for statement in (*FUNCTIONS, *RIGHTS):
        op.execute(statement)
    _clients()
    op.execute(END_ALL)
    op.execute(ENTER)


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", JSONB(), nullable=True),
        sa.Column("error", JSONB(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("test_clock_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('queued', 'running', 'done', 'failed')", name=op.f("ck_job_state")),
        sa.CheckConstraint("(state in ('done', 'failed')) = (finished_at is not null)", name=op.f("ck_job_finished")),
        sa.CheckConstraint("(state = 'failed') = (error is not null)", name=op.f("ck_job_failed")),
        sa.CheckConstraint(
            "(state = 'running') = (lease is not null) and (lease is null) = (leased_until is null)",
            name=op.f("ck_job_leased"),
        ),
        sa.CheckConstraint("done between 0 and total", name=op.f("ck_job_progress")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_job_client_id")),
        sa.ForeignKeyConstraint(["test_clock_id"], ["test_clock.id"], name=op.f("fk_job_test_clock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_open", "job", ["id"], postgresql_where=sa.text("state in ('queued', 'running')"))
    op.create_index(op.f("ix_job_test_clock_id"), "job", ["test_clock_id"])


# Of clients there is one table for all worlds, as keys are looked up before it is known which world they are for. Their
# organisations and strands may be a clock's, which no foreign key can reach.
REACHES = (("client", "organisation_id", "organisation"), ("client_grant", "organisation_id", "organisation"),
           ("client_grant", "strand_id", "strand"))  # fmt: skip


NOTE_CLIENT = """create function note_sandbox_client() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.sandbox_row (id, test_clock_id) values (new.id, new.test_clock_id);
  return null;
end
$$
"""


def _foreign_key(table: str, column: str, target: str) -> None:
    op.execute(f"""-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table {table} add constraint fk_{table}_{column} foreign key ({column}) references {target} (id)
    """)


def _clients() -> None:
    # A programme has some hundred clients.
    for table in ("client", "client_grant"):
        op.add_column(table, sa.Column("test_clock_id", sa.Uuid(), nullable=True))
        op.execute(
            f"alter table {table} alter column test_clock_id set default nullif(current_setting('app.test_clock', true), '')::uuid"
        )
        _foreign_key(table, "test_clock_id", "test_clock")
    for table, column, target in REACHES:
        of_programme = f"programme_{column}"
        op.execute(f"""-- squawk-ignore adding-field-with-default
alter table {table} add column {of_programme} uuid generated always as (case when test_clock_id is null then {column} else null::uuid end) stored
        """)
        op.execute(f"""-- squawk-ignore ban-drop-constraint
alter table {table} drop constraint fk_{table}_{column}
        """)
        _foreign_key(table, of_programme, target)
    op.execute(NOTE_CLIENT)
    op.execute("""create trigger note_sandbox_client after insert on client
            for each row when (new.test_clock_id is not null) execute function note_sandbox_client()""")
    op.execute("drop policy everything on client")
    op.execute(f"""create policy everything on client for select to kokybe_everything
            using (test_clock_id is null or test_clock_id = {WORLD})""")
    for command in ("insert", "update", "delete"):
        clause = "with check" if command == "insert" else "using"
        op.execute(f"""create policy everything_{command} on client for {command} to kokybe_everything
            {clause} (test_clock_id is not distinct from {WORLD})""")
    op.execute(
        f"create policy world on client as restrictive to kokybe_scoped using (test_clock_id is null or test_clock_id = {WORLD})"
    )


def downgrade() -> None:
    op.execute("drop function enter_world")
    op.execute("select close_sandbox(id) from test_clock")
    op.execute("drop policy world on client")
    op.execute("drop trigger note_sandbox_client on client")
    for command in ("insert", "update", "delete"):
        op.execute(f"drop policy everything_{command} on client")
    op.execute("drop policy everything on client")
    op.execute("create policy everything on client to kokybe_everything using (true)")
    op.execute("delete from client_grant where test_clock_id is not null")
    op.execute("delete from api_key where client_id in (select id from client where test_clock_id is not null)")
    op.execute("delete from idempotency_key where client_id in (select id from client where test_clock_id is not null)")
    op.execute("delete from client where test_clock_id is not null")
    for table, column, target in REACHES:
        op.drop_column(table, f"programme_{column}")
        op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])
    for table in ("client", "client_grant"):
        op.drop_column(table, "test_clock_id")
    op.drop_table("job")
    op.execute(
        "drop function end_sandboxes, note_sandbox_client, open_sandbox, close_sandbox, note_sandbox_rows, sandbox_functions"
    )
    op.drop_table("sandbox_row")
    op.drop_table("test_clock")
    op.execute("drop function sandbox_schema")
