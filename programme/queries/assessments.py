"""Reading assessments: the result of each principle in SQL, what the guards look at, and the ratings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    Numeric,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from programme.database import Connection
from programme.errors import NotFound
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import (
    LATEST,
    TODAY,
    Expansion,
    View,
    between,
    compiled,
    equals,
    found_in,
    moment,
    object_of,
    one,
    one_of,
    said,
)
from programme.rules.assessments import LIFECYCLE, AssessmentFacts, Kind, RatingValue, State
from programme.tables import Assessment, AuditorAdvice, AuditorLicence, Organisation, Policy, Rating
from programme.work import Actor

_l, _v = AuditorLicence.__table__.c, AuditorAdvice.__table__.c
_a, _r, _o, _p = Assessment.__table__.c, Rating.__table__.c, Organisation.__table__.c, Policy.__table__.c

RATINGS = View(
    name="ratings",
    source=Rating.__table__,
    id=_r.id,
    version=_r.version,
    fields={
        "id": _r.id,
        "assessment_id": _r.assessment_id,
        "organisation_id": _r.organisation_id,
        "principle": _r.principle,
        "criterion": _r.criterion,
        "rating": _r.rating,
        "level": _r.level,
        "comment": _r.comment,
        "evidence": _r.evidence,
        "recorded_at": moment(_r.recorded_at),
        "recorded_by": _r.recorded_by,
        "version": _r.version,
    },
    keys={"id": _r.id},
    filters={
        "assessment_id": equals(_r.assessment_id, "assessment_id"),
        "principle": one_of(_r.principle, "principle"),
        "rating": one_of(_r.rating, "rating"),
    },
    sorts={
        "criterion": cast(func.string_to_array(_r.criterion, said(".")), ARRAY(Integer)),
        "recorded_at": _r.recorded_at,
        "id": _r.id,
    },
    default_sort="criterion",
    owner=_r.organisation_id,
)

_RATING_ID = compiled(
    select(_r.id).where(
        _r.assessment_id == bindparam("assessment_id", type_=Uuid),
        _r.criterion == bindparam("criterion", type_=Text),
    )
)


async def rating_id(connection: Connection, assessment_id: UUID, criterion: str) -> UUID:
    """The id of the rating of the criterion, or `NotFound`."""
    row = await one(connection, _RATING_ID, assessment_id=assessment_id, criterion=criterion)
    if row is None:
        raise NotFound
    found: UUID = row["id"]
    return found


# The result of each principle: what `rules.assessments.score` says of its ratings.

_principle = (
    func.jsonb_to_recordset(_a.catalogue)
    .table_valued(
        column("number", Integer),
        column("code", Text),
        column("name", JSONB),
        column("description", JSONB),
        column("criteria", JSONB),
    )
    .render_derived("principle", with_types=True)
)
_counted = (
    select(
        _r.principle,
        func.count().filter(_r.rating == said(RatingValue.MET.value)).label("met"),
        func.count().filter(_r.rating != said(RatingValue.NOT_APPLICABLE.value)).label("applicable"),
    )
    .where(_r.assessment_id == _a.id)
    .group_by(_r.principle)
    .correlate(Assessment.__table__)
    .lateral("counted")
)
_results = _principle.outerjoin(_counted, _counted.c.principle == _principle.c.number)
_RESULT = {
    "number": _principle.c.number,
    "code": _principle.c.code,
    "name": _principle.c.name,
    "score": func.round(
        cast(_counted.c.met, Numeric) / func.nullif(_counted.c.applicable, literal_column("0")), literal_column("4")
    ),
    "met": func.coalesce(_counted.c.met, literal_column("0")),
    "applicable": func.coalesce(_counted.c.applicable, literal_column("0")),
}


def _objects(fields: Mapping[str, Any], order: Any) -> Any:
    """All rows as a JSON array of objects; none as an empty one."""
    one = func.json_build_object(*(part for name, value in fields.items() for part in (said(name), value)))
    return func.coalesce(func.json_agg(aggregate_order_by(one, order)), literal_column("'[]'::json"))


_PRINCIPLES = (
    select(_objects(_RESULT, _principle.c.number))
    .select_from(_results)
    .correlate(Assessment.__table__)
    .scalar_subquery()
)


def _principle_assessments() -> Select[Any]:
    """Each principle of the assessment `id`: its result, and its criteria with their ratings."""
    criterion = (
        func.jsonb_array_elements(_principle.c.criteria)
        .table_valued(column("frozen", JSONB), with_ordinality="place")
        .render_derived("criterion")
    )
    number = criterion.c.frozen["number"].astext
    rating = (
        object_of(Rating.__table__, RATINGS.fields, nested=True)
        .where(_r.assessment_id == _a.id, _r.criterion == number)
        .correlate(Assessment.__table__, criterion)
        .scalar_subquery()
    )
    fields = {name: criterion.c.frozen[name] for name in ("number", "title", "text")} | {"rating": rating}
    criteria = (
        select(_objects(fields, criterion.c.place))
        .select_from(criterion)
        .correlate(_principle, Assessment.__table__)
        .scalar_subquery()
    )
    source = Assessment.__table__.join(_results, true())
    return (
        object_of(source, {**_RESULT, "description": _principle.c.description, "criteria": criteria})
        .where(_a.id == bindparam("id", type_=Uuid))
        .order_by(_principle.c.number)
    )


PRINCIPLE_ASSESSMENTS = compiled(_principle_assessments())

PASS_RULE = (
    select(_p.pass_rules[_a.level])
    .where(_p.standard_version == _a.standard_version, _p.effective_from <= func.coalesce(_a.ended_on, TODAY))
    .order_by(_p.effective_from.desc())
    .limit(literal_column("1"))
    .correlate(Assessment.__table__)
    .scalar_subquery()
)
"""The rule that decides the outcome: that of the policy in effect on the audit's last day."""


def _while_rating(value: Any) -> Any:
    """Facts that only the submission looks at are not looked up for anything else. They also make the ETag of the
    assessment, whose version ratings leave alone; in every other state ratings stand still."""
    return case((_a.state == said(State.IN_PROGRESS.value), cast(value, Text)), else_=null())


LICENSED = (
    select(_l.client_id)
    .where(_l.client_id == _a.assessor, _l.standard == _a.standard, _l.valid_from <= TODAY, _l.valid_until >= TODAY)
    .correlate(Assessment.__table__)
    .exists()
)
"""Whether who assesses is licensed for the standard on the day."""

ADVISED_UNTIL = (
    select(_v.until_on)
    .where(_v.client_id == _a.assessor, _v.organisation_id == _a.organisation_id)
    .correlate(Assessment.__table__)
    .scalar_subquery()
)
"""The last day on which who assesses advised the organisation, if they did."""


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> AssessmentFacts:
    """The facts that the guards of an assessment look at."""
    criteria = json.loads(row["criteria"] or "[]")
    rated = json.loads(row["rated"] or "{}")
    return AssessmentFacts(
        state=row["state"],
        kind=Kind(row["kind"]),
        role=actor.role,
        caller=actor.client_id,
        assessor=row["assessor"],
        unrated=tuple(one for one in criteria if one not in rated),
        met_without_evidence=tuple(one for one in criteria if rated.get(one) == [RatingValue.MET, False]),
        pass_rule_known=row["pass_rule_known"],
        day=today,
        licensed=row["licensed"],
        advised_until=row["advised_until"],
    )


ASSESSMENTS = View(
    name="assessments",
    source=Assessment.__table__.outerjoin(Organisation.__table__, _o.id == _a.organisation_id),
    id=_a.id,
    version=_a.version,
    fields={
        "id": _a.id,
        "organisation_id": _a.organisation_id,
        "enrolment_id": _a.enrolment_id,
        "kind": _a.kind,
        "standard": _a.standard,
        "standard_version": _a.standard_version,
        "level": _a.level,
        "scope": _a.scope,
        "assessor": _a.assessor,
        "reviewer": _a.reviewer,
        "state": _a.state,
        "outcome": _a.outcome,
        "score": _a.score,
        "principles": _PRINCIPLES,
        "planned_on": _a.planned_on,
        "started_on": _a.started_on,
        "ended_on": _a.ended_on,
        "finalised_on": _a.finalised_on,
        "revision": _a.revision,
        "reason": _a.reason,
        "version": _a.version,
    },
    keys={"id": _a.id},
    filters={
        "state": one_of(_a.state, "state"),
        "kind": one_of(_a.kind, "kind"),
        "outcome": one_of(_a.outcome, "outcome"),
        "organisation_id": equals(_a.organisation_id, "organisation_id"),
        "enrolment_id": equals(_a.enrolment_id, "enrolment_id"),
        "standard": one_of(_a.standard, "standard"),
        "standard_version": one_of(_a.standard_version, "standard_version"),
        "level": one_of(_a.level, "level"),
        "assessor": equals(_a.assessor, "assessor"),
        "reviewer": equals(_a.reviewer, "reviewer"),
        "q": found_in(_o.search, "q"),
        **between(_a.planned_on, "planned_on"),
    },
    sorts={
        "planned_on": func.coalesce(_a.planned_on, LATEST),
        "ended_on": func.coalesce(_a.ended_on, LATEST),
        "finalised_on": func.coalesce(_a.finalised_on, LATEST),
        "organisation": _o.sort_name,
        "id": _a.id,
    },
    default_sort="-planned_on",
    expands={"organisation": Expansion(ORGANISATIONS, _a.organisation_id)},
    owner=_a.organisation_id,
    facts={
        "state": _a.state,
        "kind": _a.kind,
        "assessor": _a.assessor,
        "pass_rule_known": PASS_RULE.is_not(None),
        "licensed": LICENSED,
        "advised_until": ADVISED_UNTIL,
        "criteria": _while_rating(
            func.jsonb_path_query_array(_a.catalogue, literal_column("'$[*].criteria[*].number'::jsonpath"))
        ),
        "rated": _while_rating(
            select(
                func.jsonb_object_agg(
                    _r.criterion, func.jsonb_build_array(_r.rating, _r.evidence != literal_column("'[]'::jsonb"))
                )
            )
            .where(_r.assessment_id == _a.id)
            .correlate(Assessment.__table__)
            .scalar_subquery()
        ),
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)
