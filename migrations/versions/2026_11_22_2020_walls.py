"""Rows are shown to those who may know of them: roles, row-level security, composite foreign keys

Revision ID: 2026_11_22_2020
Revises: 2026_11_22_2010
"""

from __future__ import annotations

from alembic import op

revision = "2026_11_22_2020"
down_revision = "2026_11_22_2010"
branch_labels = None
depends_on = None

# Roles belong to the cluster, not to the database: whoever comes second, in whichever database, finds them made.
ROLES = """do $$
declare
  name text;
begin
  foreach name in array array['kokybe_door', 'kokybe_everything', 'kokybe_scoped', 'kokybe_public'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I', name);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if name <> 'kokybe_door' and not pg_has_role('kokybe_door', name, 'set') then
      begin
        execute format('grant %I to kokybe_door with inherit false, set true', name);
      exception when unique_violation then null;
      end;
    end if;
  end loop;
  -- An owner who is no superuser is held by the walls too, and passes them as one who sees everything.
  if not pg_has_role('kokybe_everything', 'usage') then
    execute format('grant kokybe_everything to %I with inherit true', current_user);
  end if;
end
$$
"""

SEEN = "(select string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::uuid[])::uuid[]"
SEES = "(select current_setting('app.sees', true))"
CLIENT = "(select nullif(current_setting('app.client', true), '')::uuid)"
IN_SIGHT = f"organisation_id = any ({SEEN})"

# What an auditor sees of assessments are their own audits; who decides, what was handed in.
ASSESSMENT = f"""{IN_SIGHT} and case {SEES}
    when 'own' then true when 'assigned' then assessor = {CLIENT} when 'docket' then revision > 0 else false end"""
# An organisation sees what an auditor found once it is handed in.
RATING = f"""{IN_SIGHT} and exists (
    select from assessment where assessment.id = assessment_id and ({SEES} <> 'own'
       or assessment.kind in ('self_assessment', 'internal_audit')
       or assessment.state not in ('planned', 'in_progress', 'cancelled')))"""
# An organisation manages the clients of its people, a partner the keys of its own client.
THEIRS = f"case {SEES} when 'own' then {IN_SIGHT} else id = {CLIENT} end"
REGISTERED = "exists (select from certificate where id = certificate_id and reference is not null)"

# The table; the condition of a row; what the verbs of those who see a part may do with it.
WALLED = (
    (
        "organisation",
        f"id = any ({SEEN})",
        "select, update (version)",
    ),  # the right to change one column is that to lock
    ("site", IN_SIGHT, "select"),
    ("contact", IN_SIGHT, "select, insert, update"),
    ("known_fact", IN_SIGHT, "select"),
    ("enrolment", IN_SIGHT, "select, insert, update"),
    ("assessment", ASSESSMENT, "select, insert, update"),
    ("rating", RATING, "select, insert, update"),
    ("certificate", IN_SIGHT, "select, insert, update"),
    ("certificate_decision", IN_SIGHT, "select, insert"),
    ("certificate_period", IN_SIGHT, "select, insert, update"),
    ("annual_report", IN_SIGHT, "select, insert, update"),
    ("annual_report_submission", IN_SIGHT, "select, insert"),
    ("annual_report_review", IN_SIGHT, "select, insert"),
    ("compliance_case", IN_SIGHT, "select"),
    ("event", f"{IN_SIGHT} or (resource_type = 'client' and resource_id = {CLIENT})", "select, insert"),
    ("idempotency_key", f"client_id = {CLIENT}", "select, insert, update"),
    ("client", THEIRS, "select, insert, update"),
    ("api_key", "client_id in (select id from client)", "select, insert, update"),
    ("client_grant", "client_id in (select id from client)", "select"),
)

OPEN = ("standard", "standard_version", "policy", "service_type", "municipality", "project", "strand")

# A condition on these two would take the indexes from every search of the register, as LIKE is not leakproof: there
# the columns are the wall.
PUBLIC = (
    (
        "certificate",
        "true",
        (
            "id, version, reference, organisation_id, municipality_key, standard, standard_version, level, scope,"
            " certified_on, expires_on, periods, suspensions, ended_as, ended_on, expiring_days"
        ),
    ),
    ("organisation", "true", "id, version, name, legal_code, municipality, sort_name, search"),
    ("certificate_decision", REGISTERED, "certificate_id, kind, effective_on"),
    ("site", "true", "id, name"),
)

KNOWN = """create function known_organisations(sees text, client uuid, organisation uuid) returns uuid[]
language sql stable security definer set search_path = public, pg_temp as $$
select case sees
  when 'own' then array[organisation]
  when 'assigned' then array(
    select distinct organisation_id from assessment where assessor = client and state <> 'cancelled')
  when 'docket' then array(
    select organisation_id from assessment where revision > 0 union select organisation_id from certificate)
  when 'granted' then array(
    select organisation_id from client_grant where client_id = client and organisation_id is not null
     union select organisation.id from client_grant join organisation using (municipality) where client_id = client
     union select enrolment.organisation_id from client_grant join enrolment using (strand_id)
            where client_id = client and state not in ('draft', 'withdrawn'))
  else '{}' end
$$
"""

ENTER = """create function enter(sees text, client uuid, organisation uuid) returns uuid[] language plpgsql as $$
declare
  known uuid[] := known_organisations(sees, client, organisation);
begin
  perform set_config('app.sees', sees, true), set_config('app.client', coalesce(client::text, ''), true),
          set_config('app.organisations', array_to_string(known, ','), true);
  perform set_config('role', case sees when 'everything' then 'kokybe_everything' when 'nobody' then 'kokybe_door'
                                       when 'register' then 'kokybe_public' else 'kokybe_scoped' end, true);
  return known;
end
$$
"""


def upgrade() -> None:
    op.execute(ROLES)
    op.execute("grant usage on schema public to kokybe_door, kokybe_everything, kokybe_scoped, kokybe_public")
    op.execute("grant select, insert, update, delete on all tables in schema public to kokybe_everything")
    op.execute("alter default privileges grant select, insert, update, delete on tables to kokybe_everything")
    for table, condition, rights in WALLED:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy everything on {table} to kokybe_everything using (true)")
        op.execute(f"create policy scoped on {table} to kokybe_scoped using ({condition})")
        op.execute(f"grant {rights} on {table} to kokybe_scoped")
    op.execute(f"grant select on {', '.join(OPEN)} to kokybe_scoped")
    op.execute("grant update (places_taken) on strand to kokybe_scoped")
    for table, condition, columns in PUBLIC:
        op.execute(f"create policy public on {table} for select to kokybe_public using ({condition})")
        op.execute(f"grant select ({columns}) on {table} to kokybe_public")
    op.execute("grant select on auditor, auditor_licence, auditor_advice to kokybe_scoped")
    op.execute("grant select on client, api_key, alembic_version to kokybe_door")
    for table in ("client", "api_key"):
        op.execute(f"create policy door on {table} to kokybe_door using (true)")
    op.execute("grant update (last_used_at) on api_key to kokybe_door")
    op.execute(KNOWN)
    op.execute("revoke execute on function known_organisations from public")
    op.execute(
        "grant execute on function known_organisations to kokybe_door, kokybe_everything, kokybe_scoped, kokybe_public"
    )
    op.execute(ENTER)
    for table, column, target in CHILDREN:
        name = f"fk_{table}_organisation_id_{column}"
        more = " on update cascade" if table == "compliance_case" else ""
        op.execute(f"""-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table {table} add constraint {name} foreign key (organisation_id, {column})
            references {target} (organisation_id, id){more}
        """)
    for column in ("predecessor_id", "assessment_id"):
        op.execute(f"""-- squawk-ignore ban-drop-constraint
alter table certificate drop constraint fk_certificate_{column}
        """)


CHILDREN = (
    ("certificate", "predecessor_id", "certificate"),
    ("certificate", "assessment_id", "assessment"),
    ("compliance_case", "certificate_id", "certificate"),
)


def downgrade() -> None:
    for table, column, target in CHILDREN:
        op.drop_constraint(f"fk_{table}_organisation_id_{column}", table, type_="foreignkey")
        if table == "certificate":
            op.create_foreign_key(f"fk_certificate_{column}", table, target, [column], ["id"])
    op.execute("drop function enter")
    op.execute("drop function known_organisations")
    for table, _, _ in PUBLIC:
        op.execute(f"drop policy public on {table}")
    for table in ("client", "api_key"):
        op.execute(f"drop policy door on {table}")
    for table, _, _ in WALLED:
        op.execute(f"drop policy everything on {table}")
        op.execute(f"drop policy scoped on {table}")
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"alter table {table} disable row level security")
    op.execute("alter default privileges revoke select, insert, update, delete on tables from kokybe_everything")
    op.execute(
        "revoke all on all tables in schema public from kokybe_door, kokybe_everything, kokybe_scoped, kokybe_public"
    )
    op.execute("revoke all on schema public from kokybe_door, kokybe_everything, kokybe_scoped, kokybe_public")
