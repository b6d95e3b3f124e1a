"""The same information and the same writing in SQL, as one would ask for it by hand: what the service is compared with.

No caller, no rights, no HTTP: what is between these and the service's figures is the service.
"""

from __future__ import annotations

_STATUS = """
case when c.ended_on <= $1 then c.ended_as
     when c.expires_on is null then 'draft'
     when c.valid_from > $1 then 'not_yet_valid'
     when c.expires_on < $1 then 'expired'
     when c.suspensions @> $1 then 'suspended'
     when c.expires_on < $1 + c.expiring_days + 1 then 'expiring'
     else 'active' end
"""

_CERTIFICATE = f"""
c.id, c.reference, c.organisation_id, c.standard, c.standard_version, c.level, c.scope, c.certified_on, c.valid_from,
c.expires_on, {_STATUS} as status, c.review_by, c.ended_on, c.revision, c.predecessor_id, c.assessment_id,
c.service_users, c.staff, c.source, c.version
"""

_ORGANISATION = """
o.id, o.legal_code, o.name, o.kind, o.municipality, o.address, o.website, o.former_names, o.external_ids, o.source,
o.version
"""

ONE = f"""
select row_to_json(found)::text
  from (select {_CERTIFICATE}, (select row_to_json(holder) from (select {_ORGANISATION}) as holder) as organisation
          from certificate as c join organisation as o on o.id = c.organisation_id
         where c.id = $2) as found
"""
"""A certificate by id ($2) with its status on a day ($1) and its organisation."""

LIST = f"""
select row_to_json(found)::text
  from (select {_CERTIFICATE}
          from certificate as c join organisation as o on o.id = c.organisation_id
         where o.municipality = $2 and {_STATUS} = $3
         order by coalesce(c.expires_on, 'infinity') desc, c.id desc
         limit 50) as found
"""
"""The certificates of a municipality ($2) with a status ($3) on a day ($1), the last to expire first."""

RATE = """
with kept as (
    insert into rating (organisation_id, assessment_id, principle, criterion, rating, comment, recorded_at, recorded_by)
    select organisation_id, id, split_part($2, '.', 1)::integer, $2, $3, $4, now(), assessor
      from assessment where id = $1
    returning *
), told as (
    insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type,
                       resource_id, resource_version, data, previous)
    select 'rating.recorded', now(), current_date, 'client', recorded_by::text, organisation_id, 'rating', id, version,
           jsonb_build_object('assessment_id', assessment_id, 'organisation_id', organisation_id,
                              'criterion', criterion, 'rating', rating, 'comment', comment), '{}'
      from kept
)
select row_to_json(kept)::text from kept
"""
"""A rating ($3, with a comment $4) of a criterion ($2) of an assessment ($1), with its event."""

_TABLES = ("certificate", "annual_report")

MOVE = tuple(
    f"update {table} set version = version + 1, next_change_on = next_change_on + 36500 where next_change_on <= $1"
    for table in _TABLES
)
"""What the daily pass does to the rows due by a day ($1), and nothing else: a new version and another day, indexed."""

MOVE_BACK = tuple(
    f"update {table} set version = version - 1, next_change_on = next_change_on - 36500"
    " where next_change_on > current_date + 30000"
    for table in _TABLES
)
