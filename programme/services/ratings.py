"""Recording what a criterion was found to be: the verb that is done most often, and so one statement.

The statement finds the assessment, writes the rating and its event, and tells what it did; the rule then judges the
assessment as the statement found it, and a refusal takes all of it back with the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from programme.database import Connection, dump_json
from programme.errors import NotFound, Stale, VersionRequired
from programme.queries.assessments import RATINGS
from programme.queries.views import compiled, object_of
from programme.rules.assessments import RATING, AssessmentFacts, Kind
from programme.sentences import Sentence
from programme.tables import Rating
from programme.work import Work

NO_SUCH_CRITERION = Sentence(
    lt="Šio vertinimo standarto versijoje tokio kriterijaus nėra.",
    en="The version that this assessment is against has no such criterion.",
)

_TOLD = ", ".join(f"'{name}', {{row}}.{name}" for name in Rating.told)
_AS_IT_IS_READ = compiled(object_of(Rating.__table__, RATINGS.fields)).sql

_RECORD = f"""
with assessed as (
    -- The lock is shared between raters and waits for a submission, which lets no rating in behind itself.
    select id, organisation_id, state, kind, assessor,
           exists(select from auditor_licence as held where held.client_id = assessor and held.standard = assessment.standard
                     and $12 between held.valid_from and held.valid_until) as licensed,
           (select until_on from auditor_advice as given where given.client_id = assessor
               and given.organisation_id = assessment.organisation_id) as advised_until,
           jsonb_path_query_first(
               catalogue, '$[*] ? (@.criteria[*].number == $criterion).number', jsonb_build_object('criterion', $2::text)
           )::integer as principle
      from assessment
     where id = $1 and ($3::uuid is null or organisation_id = $3)
       for share
), kept as (
    insert into rating (organisation_id, assessment_id, principle, criterion, rating, level, comment, evidence,
                        recorded_at, recorded_by)
    select organisation_id, id, principle, $2, $4, $5, $6, $7::jsonb, $8, $9
      from assessed
     where principle is not null
       and ($10::integer is null or exists (select from rating where assessment_id = $1 and criterion = $2))
        on conflict (assessment_id, criterion) do update
       set rating = excluded.rating, level = excluded.level, comment = excluded.comment, evidence = excluded.evidence,
           recorded_at = excluded.recorded_at, recorded_by = excluded.recorded_by, version = rating.version + 1
     where rating.version = $10
    returning new.*, old.id is null as is_new,
              jsonb_build_object({_TOLD.format(row="new")}) as told, jsonb_build_object({_TOLD.format(row="old")}) as before
), event as (
    insert into event (type, occurred_at, effective_on, actor_type, actor_id, request_id, organisation_id,
                       resource_type, resource_id, resource_version, data, previous)
    select $11, $8, $12, $13, $14, $15, organisation_id, '{Rating.resource}', id, version,
           coalesce((select jsonb_object_agg(key, value) from jsonb_each(told)
                      where is_new or value <> before -> key), '{{}}'),
           coalesce((select jsonb_object_agg(key, value) from jsonb_each(before)
                      where not is_new and value <> told -> key), '{{}}')
      from kept
), rating as (
    -- Stands in for the table, so that the view's own query reads the row just written.
    select * from kept
)
select state, kind, assessor, licensed, advised_until, principle, version, is_new, ({_AS_IT_IS_READ}) as body
  from assessed left join (select version, is_new from kept) as done on true
"""  # noqa: S608 - put together from names of ours, once; all values are parameters


async def record(
    work: Work,
    connection: Connection,
    assessment_id: UUID,
    criterion: str,
    *,
    rating: str,
    level: int | None = None,
    comment: str | None = None,
    evidence: Sequence[Mapping[str, Any]] = (),
) -> Mapping[str, Any]:
    """Rates the criterion: for the first time, or anew where the work expects the version that the rating has.

    Gives `body` and `version` of the rating as it is read, and `is_new`. The assessment's version stays, so that raters
    do not block each other; two who rate the same criterion at once are told apart by the rating's own version.
    """
    actor, move = work.actor, RATING.moves["record"]
    row = await connection.fetchrow(
        _RECORD, assessment_id, criterion, actor.organisation_id, rating, level, comment,
        dump_json(evidence), work.now, actor.client_id, work.expected_version, move.event, work.today,
        actor.type, actor.id, work.request_id,
    )  # fmt: skip
    if row is None:
        raise NotFound
    if row["principle"] is None:
        raise NotFound(NO_SUCH_CRITERION)
    facts = AssessmentFacts(
        state=row["state"],
        kind=Kind(row["kind"]),
        role=actor.role,
        caller=actor.client_id,
        assessor=row["assessor"],
        day=work.today,
        licensed=row["licensed"],
        advised_until=row["advised_until"],
    )
    RATING.check("record", facts)
    if row["version"] is None:
        raise VersionRequired if work.expected_version is None else Stale
    found: Mapping[str, Any] = row
    return found
