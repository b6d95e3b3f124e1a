"""The statements of the daily pass: one for each kind of row, which takes a batch of what is due and tells its changes.

A statement moves its rows and writes their events and counts at once, so that there is no moment at which one of these
is kept without the others. It reads nothing but the rows whose `next_change_on` has come (a partial index), and passes
by rows that somebody else holds. It waits for nobody but, with all its rows in hand, for the chains of its events, in
their order and as all others do: no deadlock can include it and nobody waits long for it.

The days of the changes are those of `rules.certificates.changes`, `rules.annual_reports.milestones` and
`rules.enrolments.milestones`; property tests prove it. A row that is due at a day gets every change that has come by then,
in order, each with its true day.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from programme.rules.certificates import AHEAD, ENDING


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


LATEST = """
select day, finished_at is not null as finished, counts::text from job_run where job = 'daily' order by day desc limit 1
"""

FINISH = """
insert into job_run (job, day, started_at, finished_at, duration_ms)
values ('daily', $1, clock_timestamp() - make_interval(secs => $2 / 1000.0), clock_timestamp(), $2)
on conflict (job, day) do update
   set finished_at = coalesce(job_run.finished_at, excluded.finished_at),
       duration_ms = coalesce(job_run.duration_ms, excluded.duration_ms)
returning counts::text
"""
"""Closes the run of a day ($1), which took so many milliseconds ($2)."""

_CERTIFICATES = """
with due as (
    select id, organisation_id, version, expires_on, notice_days, ended_on, review_by, next_change_on
      from certificate
     where next_change_on <= $1
     order by next_change_on, organisation_id
     limit :size
       for no key update skip locked
),
change as (
    select due.*, milestone.day, milestone.type, milestone.data,
           due.version + row_number() over (partition by due.id order by milestone.day, milestone.place) as new_version
      from due
     cross join lateral (
               select 1 as place, 'certificate.expiry_noticed' as type, due.expires_on - days as day,
                      jsonb_build_object('days', days) as data
                 from unnest(due.notice_days) with ordinality as listed (days, place)
                where place = array_position(due.notice_days, days)
                union all
               select 2, 'certificate.review_overdue', due.review_by + 1, '{}' where due.review_by < due.expires_on
                union all
               select 3, 'certificate.decision_took_effect', effective_on,
                      jsonb_build_object('kind', kind, 'decision', number)
                 from certificate_decision
                where certificate_id = due.id and kind in (:ahead)
                  and effective_on > (decided_at at time zone 'Europe/Vilnius')::date
                union all
               select 4, 'certificate.expired', due.expires_on + 1, '{}'
           ) as milestone (place, type, day, data)
     where milestone.day >= due.next_change_on
       and (due.ended_on is null or milestone.day < due.ended_on or milestone.data ->> 'kind' in (:ending))
),
moved as (
    update certificate
       set version = certificate.version + outcome.changes, next_change_on = outcome.next_change_on
      from (select due.id, count(*) filter (where day <= $1) as changes,
                   min(day) filter (where day > $1) as next_change_on
              from due left join change on change.id = due.id
             group by due.id) as outcome
     where certificate.id = outcome.id
    returning certificate.id
),
news as (
    select type, day, organisation_id, 'certificate' as resource_type, id, new_version, data, '{}'::jsonb as previous
      from change
     where day <= $1
),
""".replace(":ahead", _listed(AHEAD)).replace(":ending", _listed(ENDING))

_ANNUAL_REPORTS = """
with due as (
    select id, organisation_id, certificate_id, version, state, opens_on, due_on, due_soon_days, grace_days,
           first_submitted_on, lapses_on, next_change_on
      from annual_report
     where next_change_on <= $1
     order by next_change_on, organisation_id
     limit :size
       for no key update skip locked
),
change as (
    select due.*, milestone.day, milestone.type,
           due.version + row_number() over (partition by due.id order by milestone.day, milestone.place) as new_version
      from due
     cross join lateral (
               values (1, 'annual_report.opened', due.opens_on),
                      (2, 'annual_report.due_soon', due.due_on - due.due_soon_days),
                      (3, 'annual_report.overdue', due.due_on + 1),
                      (4, 'annual_report.delinquent', due.due_on + due.grace_days + 1),
                      (5, 'annual_report.voided', due.lapses_on)
           ) as milestone (place, type, day)
     where milestone.day >= due.next_change_on
       and case when milestone.type = 'annual_report.voided' then true
                else due.first_submitted_on is null and (due.lapses_on is null or milestone.day < due.lapses_on) end
),
moved as (
    update annual_report
       set version = annual_report.version + outcome.changes, next_change_on = outcome.next_change_on,
           state = case when outcome.voided then 'void' else annual_report.state end,
           void_reason = case when outcome.voided then 'certificate_ended' end,
           holds_from = case when outcome.voided then annual_report.lapses_on else annual_report.holds_from end
      from (select due.id, count(*) filter (where day <= $1) as changes,
                   min(day) filter (where day > $1) as next_change_on,
                   coalesce(bool_or(type = 'annual_report.voided' and day <= $1), false) as voided
              from due left join change on change.id = due.id
             group by due.id) as outcome
     where annual_report.id = outcome.id
    returning annual_report.id
),
opened as (
    -- A report whose deadline was moved can become delinquent once more: its case is taken up again.
    insert into compliance_case (organisation_id, certificate_id, annual_report_id, kind, state, opened_on)
    select organisation_id, certificate_id, id, 'report_delinquent', 'open', day
      from change
     where type = 'annual_report.delinquent' and day <= $1
    on conflict (annual_report_id) do update
       set state = 'open', closed_on = null, resolution = null, version = compliance_case.version + 1
     where compliance_case.state = 'closed'
    returning new.*, old.closed_on as was_closed_on
),
news as (
    select type, day, organisation_id, 'annual_report' as resource_type, id, new_version,
           case when type = 'annual_report.voided'
                then '{"state": "void", "void_reason": "certificate_ended"}' else '{}' end::jsonb as data,
           case when type = 'annual_report.voided'
                then jsonb_build_object('state', state, 'void_reason', null) else '{}' end as previous
      from change
     where day <= $1
     union all
    select 'compliance_case.opened', opened_on, organisation_id, 'compliance_case', id, version,
           jsonb_build_object('organisation_id', organisation_id, 'certificate_id', certificate_id,
                              'annual_report_id', annual_report_id, 'kind', kind, 'state', state,
                              'opened_on', opened_on, 'closed_on', closed_on),
           '{}'
      from opened
     where version = 1
     union all
    select 'compliance_case.reopened', change.day, opened.organisation_id, 'compliance_case', opened.id, opened.version,
           '{"state": "open", "closed_on": null}',
           jsonb_build_object('state', 'closed', 'closed_on', opened.was_closed_on)
      from opened join change on change.id = opened.annual_report_id and change.type = 'annual_report.delinquent'
     where opened.version > 1
),
"""

_CONTACTS = """
with due as (
    select id, organisation_id, version, personal, next_change_on
      from contact
     where next_change_on <= $1
     order by next_change_on, organisation_id
     limit :size
       for no key update skip locked
),
moved as (
    update contact
       set version = contact.version + 1, name = '', position = null, email = null, telephone = null, personal = null,
           salt = null, erased_at = $2
      from due
     where contact.id = due.id
    returning contact.id
),
news as (
    select 'contact.erased' as type, next_change_on as day, organisation_id, 'contact' as resource_type, id,
           version + 1 as new_version,
           case when personal is null then '{}' else '{"personal": null}' end::jsonb as data,
           case when personal is null then '{}' else jsonb_build_object('personal', personal) end as previous
      from due
),
"""

_OVERDUE = """
with due as (
    select id, organisation_id, version, next_change_on
      from {kind}
     where next_change_on <= $1
     order by next_change_on, organisation_id
     limit :size
       for no key update skip locked
),
moved as (
    update {kind}
       set version = {kind}.version + 1, next_change_on = null
      from due
     where {kind}.id = due.id
    returning {kind}.id
),
news as (
    select '{event}' as type, next_change_on as day, organisation_id, '{kind}' as resource_type, id,
           version + 1 as new_version, '{{}}'::jsonb as data, '{{}}'::jsonb as previous
      from due
),
"""
"""Of what has one day to be told about, the verbs that move it move the day too."""

_ENROLMENTS = """
with due as (
    select enrolment.id, organisation_id, enrolment.version, stages, made_known, project.ends_on
      from enrolment join project on project.id = project_id
     where next_change_on <= $1
     order by next_change_on, organisation_id
     limit :size
       for no key update of enrolment skip locked
),
change as (
    select due.id, due.organisation_id, milestone.*,
           due.version + row_number() over (partition by due.id order by milestone.day, milestone.key) as new_version
      from due
     cross join lateral (
               select 'enrolment.stage_overdue' as type, (stage ->> 'planned_on')::date + 1 as day,
                      concat_ws(':', stage ->> 'code', stage ->> 'planned_on') as key,
                      jsonb_build_object('stage', stage -> 'code') as data
                 from jsonb_array_elements(due.stages) as stage
                where stage ->> 'planned_on' is not null and stage ->> 'done_on' is null
                union all
               select 'enrolment.outlives_project',
                      case when jsonb_path_exists(due.stages, '$[*] ? (@.done_on == null && @.planned_on > $end)',
                                                  jsonb_build_object('end', due.ends_on))
                           then least($1, due.ends_on + 1) else due.ends_on + 1 end,
                      ':' || due.ends_on, '{}'
                where due.ends_on is not null
           ) as milestone
     where milestone.key <> all (due.made_known)
),
moved as (
    update enrolment
       set version = enrolment.version + outcome.changes, next_change_on = outcome.next_change_on,
           made_known = enrolment.made_known || outcome.keys
      from (select due.id, count(*) filter (where day <= $1) as changes,
                   coalesce(array_agg(key order by day, key) filter (where day <= $1), '{}') as keys,
                   min(day) filter (where day > $1) as next_change_on
              from due left join change on change.id = due.id
             group by due.id) as outcome
     where enrolment.id = outcome.id
    returning enrolment.id
),
news as (
    select type, day, organisation_id, 'enrolment' as resource_type, id, new_version, data, '{}'::jsonb as previous
      from change
     where day <= $1
),
"""

_TELL_AND_COUNT = """
told as (
    insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type,
                       resource_id, resource_version, data, previous)
    select type, $2, day, $3, $4, organisation_id, resource_type, id, new_version, data, previous
      from news
     order by organisation_id, day, resource_type, id, new_version
    returning type
),
counted as (
    insert into job_run (job, day, started_at, counts)
    select 'daily', $1, now(), jsonb_object_agg(type, changes)
      from (select type, count(*) as changes from told group by type) as by_type
    having count(*) > 0
    on conflict (job, day) do update
       set counts = job_run.counts || (
               select jsonb_object_agg(type, coalesce((job_run.counts ->> type)::bigint, 0) + changes::bigint)
                 from jsonb_each_text(excluded.counts) as more (type, changes))
)
select count(*) from moved
"""

_KINDS = {
    "certificate": _CERTIFICATES + _TELL_AND_COUNT,
    "annual_report": _ANNUAL_REPORTS + _TELL_AND_COUNT,
    "finding": _OVERDUE.format(kind="finding", event="finding.overdue") + _TELL_AND_COUNT,
    "assessment": _OVERDUE.format(kind="assessment", event="assessment.improvement_overdue") + _TELL_AND_COUNT,
    "enrolment": _ENROLMENTS + _TELL_AND_COUNT,
    "contact": _CONTACTS + _TELL_AND_COUNT,
}

KINDS = tuple(_KINDS)
"""Kinds of row that the pass goes over, in this order."""


@cache
def batch(kind: str, size: int) -> str:
    """Makes known what is due by the day $1 of at most `size` rows, as recorded at $2 by the actor $3, $4: how many rows.

    The size stands in the text: as a parameter it lets the planner expect a tenth of the table and read all of it.
    """
    return _KINDS[kind].replace(":size", str(size))


LEFT = {kind: f"select coalesce(min(next_change_on) <= $1, false) from {kind}" for kind in KINDS}  # noqa: S608
"""Whether rows are due by the day."""

ANY_LEFT = f"select {' or '.join(f'({left})' for left in LEFT.values())}"
"""Whether rows of any kind are."""
