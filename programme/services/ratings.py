"""Recording what criteria were found to be: one by one, which is what is done most often, in bulk, and carried forward
from the cycle before.

All three are one statement of the same core: it finds the assessment, writes ratings and an event of each, and tells
what it did. The rule judges what the statement found, and a refusal takes all of it back with the transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from programme.database import Connection, dump_json
from programme.errors import Invalid, NotFound, Refusal, Stale, VersionRequired
from programme.queries.assessments import ASSESSMENTS
from programme.queries.ratings import RATINGS
from programme.queries.views import compiled, object_of
from programme.rules.assessments import LIFECYCLE, OWN_WORK, RATING, AssessmentFacts, Kind
from programme.rules.lifecycle import Role
from programme.rules.ratings import off_scale
from programme.rules.sight import HANDED_OVER, Sees
from programme.sentences import Sentence
from programme.services.moves import judged
from programme.tables import Assessment, Rating
from programme.work import Work

NO_SUCH_CRITERION = Sentence(
    lt="Šio vertinimo standarto versijoje tokio kriterijaus nėra.",
    en="The version that this assessment is against has no such criterion.",
)

_TOLD = ", ".join(f"'{name}', {{row}}.{name}" for name in Rating.told)
_OWN_WORK = ", ".join(f"'{kind}'" for kind in OWN_WORK)
_AS_IT_IS_READ = compiled(object_of(Rating.__table__, RATINGS.fields)).sql

_ASSESSED = f"""assessed as (
    -- The lock is shared between raters and waits for a submission, which lets no rating in behind itself.
    select id, organisation_id, state, kind, assessor, scale, catalogue,
           exists(select from auditor_licence as held where held.client_id = assessor and held.standard = assessment.standard
                     and $2 between held.valid_from and held.valid_until) as licensed,
           (select until_on from auditor_advice as given where given.client_id = assessor
               and given.organisation_id = assessment.organisation_id) as advised_until
      from assessment
     where id = $1 and ($3::uuid[] is null or organisation_id = any($3))
       and ($4::uuid is null or assessor = $4 or kind = '{HANDED_OVER}' and revision > 0)
       for share
)"""  # noqa: S608 - put together from names of ours, once; all values are parameters

_KEPT = f"""kept as (
    -- `expected`: the version that who rates knows. What is new becomes version 1, which changes nothing that is there.
    insert into rating (organisation_id, assessment_id, principle, criterion, rating, level, levels, comment, evidence,
                        carried_from, recorded_at, recorded_by, version)
    select organisation_id, assessed.id, said.principle, said.criterion, said.rating, said.level, said.levels, said.comment,
           said.evidence, said.carried_from, $5, $6, coalesce(said.expected, 0) + 1
      from assessed, said
     where said.principle is not null
       and (kind in ({_OWN_WORK})) = $11  -- what an organisation may not see of a draft it cannot be made to write either
       and (said.expected is null
            or exists (select from rating where assessment_id = $1 and rating.criterion = said.criterion))
        on conflict (assessment_id, criterion) do update
       set rating = excluded.rating, level = excluded.level, levels = excluded.levels, comment = excluded.comment,
           evidence = excluded.evidence, carried_from = excluded.carried_from, recorded_at = excluded.recorded_at,
           recorded_by = excluded.recorded_by, version = excluded.version
     where rating.version = excluded.version - 1
    returning new.*, old.id is null as is_new,
              jsonb_build_object({_TOLD.format(row="new")}) as told, jsonb_build_object({_TOLD.format(row="old")}) as before
), event as (
    insert into event (type, occurred_at, effective_on, actor_type, actor_id, request_id, organisation_id,
                       resource_type, resource_id, resource_version, data, previous)
    select $7, $5, $2, $8, $9, $10, organisation_id, '{Rating.resource}', id, version,
           coalesce((select jsonb_object_agg(key, value) from jsonb_each(told)
                      where is_new or value <> before -> key), '{{}}'),
           coalesce((select jsonb_object_agg(key, value) from jsonb_each(before)
                      where not is_new and value <> told -> key), '{{}}')
      from kept
), rating as (
    -- Stands in for the table, so that the view's own query reads the rows just written.
    select * from kept
)"""  # noqa: S608 - as above


_SAID = (
    "principle integer, criterion text, rating text, level integer, levels jsonb, comment text, evidence jsonb,"
    " carried_from uuid, expected integer"
)

_RECORD = f"""
with {_ASSESSED}, said as (
    select jsonb_path_query_first(
               catalogue, '$[*] ? (@.criteria[*].number == $criterion).number', jsonb_build_object('criterion', $12::text)
           )::integer as principle, $12::text as criterion, $13::text as rating, $14::integer as level, $15::jsonb as levels,
           $16::text as comment, $17::jsonb as evidence, null::uuid as carried_from, $18::integer as expected
      from assessed
), {_KEPT}
select state, kind, assessor, case when $14::integer is not null or $15::jsonb <> '[]' then scale::text end as scale,
       licensed, advised_until, principle, version, is_new, ({_AS_IT_IS_READ}) as body
  from assessed cross join said left join (select version, is_new from kept) as done on true
"""  # noqa: S608 - as above

_READ = f"""
with {_ASSESSED}
select state, kind, assessor, scale::text as scale, licensed, advised_until,
       jsonb_path_query_array(catalogue, '$[*].criteria[*].number')::text as criteria
  from assessed
"""  # noqa: S608 - as above

_RECORD_ALL = f"""
with {_ASSESSED}, said as (
    -- In one order, so that two who rate the same criteria wait in no ring.
    select * from jsonb_to_recordset($12::jsonb) as said({_SAID}) order by criterion
), {_KEPT}
select kept.criterion, kept.version, kept.is_new, read.body
  from kept join ({compiled(object_of(Rating.__table__, RATINGS.fields).add_columns(Rating.__table__.c.id)).sql}) as read using (id)
"""  # noqa: S608 - as above

_CARRY = f"""
with {_ASSESSED}, said as (
    select earlier.principle, earlier.criterion, earlier.rating, case when fits then earlier.level end as level,
           case when fits then earlier.levels else '[]' end as levels, earlier.comment, earlier.evidence,
           earlier.assessment_id as carried_from, null::integer as expected
      from assessed
      join (select id, scale from assessment) as source on source.id = $12
      join rating as earlier on earlier.assessment_id = source.id,
           lateral (select source.scale = assessed.scale as fits)
     where jsonb_path_exists(assessed.catalogue, '$[*].criteria[*] ? (@.number == $criterion)',
                             jsonb_build_object('criterion', earlier.criterion))
     order by earlier.criterion
), {_KEPT}
select count(*) from kept
"""  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one rating of several: `row`, as it is read, or why not."""

    criterion: str
    row: Mapping[str, Any] | None = None
    refusal: Refusal | None = None


def _in_sight(work: Work, assessment_id: UUID) -> tuple[Any, ...]:
    """What the statements find the assessment by: $1 to $4."""
    sight = work.sight
    return (
        assessment_id,
        work.today,
        None if sight.sees is Sees.EVERYTHING else list(sight.organisations),
        sight.client if sight.sees is Sees.ASSIGNED else None,
    )


def _by_whom(work: Work, event: str) -> tuple[Any, ...]:
    """What they write of who acts, and when: $5 to $11."""
    actor = work.actor
    return (
        work.now, actor.client_id, event, actor.type, actor.id, work.request_id, actor.role is Role.PROVIDER,
    )  # fmt: skip


def _judge(work: Work, row: Mapping[str, Any]) -> None:
    facts = AssessmentFacts(
        state=row["state"],
        kind=Kind(row["kind"]),
        role=work.actor.role,
        caller=work.actor.client_id,
        assessor=row["assessor"],
        day=work.today,
        licensed=row["licensed"],
        advised_until=row["advised_until"],
    )
    RATING.check("record", facts)


def _refuse_off_scale(row: Mapping[str, Any], level: int | None, levels: Sequence[Mapping[str, int]]) -> None:
    if (level is not None or levels) and (errors := list(off_scale(json.loads(row["scale"]), level, levels))):
        raise Invalid(*errors)


async def record(
    work: Work,
    connection: Connection,
    assessment_id: UUID,
    criterion: str,
    *,
    rating: str,
    level: int | None = None,
    levels: Sequence[Mapping[str, int]] = (),
    comment: str | None = None,
    evidence: Sequence[Mapping[str, Any]] = (),
) -> Mapping[str, Any]:
    """Rates the criterion: for the first time, or anew where the work expects the version that the rating has. Whatever
    was carried forward is confirmed by it.

    Gives `body` and `version` of the rating as it is read, and `is_new`. The assessment's version stays, so that raters
    do not block each other; two who rate the same criterion at once are told apart by the rating's own version.
    """
    row = await connection.fetchrow(
        _RECORD, *_in_sight(work, assessment_id), *_by_whom(work, RATING.moves["record"].event),
        criterion, rating, level, _ordered(levels), comment, dump_json(evidence), work.expected_version,
    )  # fmt: skip
    if row is None:
        raise NotFound
    if row["principle"] is None:
        raise NotFound(NO_SUCH_CRITERION)
    _judge(work, row)
    _refuse_off_scale(row, level, levels)
    if row["version"] is None:
        raise VersionRequired if work.expected_version is None else Stale
    found: Mapping[str, Any] = row
    return found


def _ordered(levels: Sequence[Mapping[str, int]]) -> str:
    return dump_json(sorted(levels, key=lambda one: one["perspective"]))


async def record_all(
    work: Work, connection: Connection, assessment_id: UUID, ratings: Sequence[Mapping[str, Any]]
) -> list[Done]:
    """Rates several criteria, each named once and each at its own `version`, and tells of each in turn what became of
    it. What stands in the way of one leaves the others; what stands in the way of rating at all is a refusal."""
    row = await connection.fetchrow(_READ, *_in_sight(work, assessment_id))
    if row is None:
        raise NotFound
    _judge(work, row)
    known = set(json.loads(row["criteria"]))
    refused: dict[str, Refusal] = {}
    said = []
    for one in ratings:
        criterion = one["criterion"]
        try:
            if criterion not in known:
                raise NotFound(NO_SUCH_CRITERION)
            _refuse_off_scale(row, one["level"], one["levels"])
        except Refusal as refusal:
            refused[criterion] = refusal
        else:
            levels = sorted(one["levels"], key=lambda level: level["perspective"])
            number = int(criterion.partition(".")[0])
            said.append({**one, "levels": levels, "principle": number, "expected": one["version"]})
    written = await connection.fetch(
        _RECORD_ALL, *_in_sight(work, assessment_id), *_by_whom(work, RATING.moves["record"].event), dump_json(said)
    )
    kept = {row["criterion"]: row for row in written}

    def done(criterion: str, version: int | None) -> Done:
        if criterion in kept:
            return Done(criterion, kept[criterion])
        return Done(criterion, None, refused.get(criterion) or (VersionRequired() if version is None else Stale()))

    return [done(one["criterion"], one["version"]) for one in ratings]


async def carry_forward(work: Work, assessment_id: UUID) -> Assessment:
    """Begins from the cycle before: what the last finalised assessment of the same scope found is copied to the criteria
    that are not rated yet, as a draft that whoever assesses has to confirm or change before the submission."""
    assessment = await work.take(Assessment, assessment_id)
    facts = await judged(work, ASSESSMENTS, assessment.id)
    move = LIFECYCLE.check("carry_forward", facts)
    assessment.carried_from = facts.carries_from
    await work.record(move.event, assessment)
    connection = await work.connection()
    await connection.execute(
        _CARRY, *_in_sight(work, assessment_id), *_by_whom(work, "rating.carried_forward"), facts.carries_from
    )
    return assessment
