"""What the service is compared with: the work in SQL alone, without caller, rights and HTTP."""

from __future__ import annotations

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
