"""Reading mappings of criteria, and what by them counts as evidence in an assessment."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, column, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from programme.database import Connection
from programme.queries.assessments import ASSESSMENTS
from programme.queries.ratings import RATINGS, in_order
from programme.queries.views import (
    Statement,
    View,
    compiled,
    equals,
    id_of,
    json_object,
    narrowed,
    object_of,
    one_of,
    said,
)
from programme.rules.assessments import RatingValue, State
from programme.rules.sight import Sees
from programme.tables import Assessment, CriterionMapping, Rating, StandardVersion

_m, _v = CriterionMapping.__table__.c, StandardVersion.__table__.c
_a, _r = Assessment.__table__.c, Rating.__table__.c

MAPPINGS = View(
    name="mappings",
    source=CriterionMapping.__table__.join(StandardVersion.__table__, _v.code == _m.from_version),
    id=_m.id,
    version=_m.version,
    fields={
        "id": _m.id,
        "from_version": _m.from_version,
        "from_criterion": _m.from_criterion,
        "to_version": _m.to_version,
        "to_criterion": _m.to_criterion,
        "relation": _m.relation,
        "note": _m.note,
        "version": _m.version,
    },
    keys={"id": _m.id},
    filters={
        "from_version_id": equals(_v.id, "from_version_id"),
        "from_criterion": one_of(_m.from_criterion, "from_criterion"),
        "to_version": one_of(_m.to_version, "to_version"),
        "to_criterion": one_of(_m.to_criterion, "to_criterion"),
        "relation": one_of(_m.relation, "relation"),
    },
    sorts={"from_criterion": in_order(_m.from_criterion), "to_criterion": in_order(_m.to_criterion), "id": _m.id},
    default_sort="from_criterion",
)

_OF_VERSION = compiled(
    select(_m.id)
    .join(StandardVersion.__table__, _v.code == _m.from_version)
    .where(_v.id == bindparam("version_id", type_=Uuid), _m.id == bindparam("id", type_=Uuid))
)


async def of_version(connection: Connection, version_id: UUID, mapping_id: UUID) -> UUID:
    """The id of the mapping from a criterion of the version, or `NotFound`."""
    return await id_of(connection, _OF_VERSION, version_id=version_id, id=mapping_id)


@lru_cache
def mapped_evidence(sees: Sees) -> Statement:
    """By criterion of the assessment `id`: what was met of criteria mapped to it, in finalised assessments of the same
    organisation, as far as who sees so may see them. Of assessments of one kind, version, level and scope the latest
    counts: what was met once and not the last time is no evidence."""
    target, later = Assessment.__table__.alias("target"), Assessment.__table__.alias("later")
    principle = (
        func.jsonb_to_recordset(target.c.catalogue)
        .table_valued(column("number", Integer), column("criteria", JSONB))
        .render_derived("principle", with_types=True)
    )
    criterion = (
        func.jsonb_array_elements(principle.c.criteria)
        .table_valued(column("frozen", JSONB), with_ordinality="place")
        .render_derived("criterion")
    )
    number = criterion.c.frozen["number"].astext
    series = ("organisation_id", "kind", "standard_version", "level", "scope", "state")
    superseded = (
        select(later.c.id)
        .where(
            *(later.c[name] == _a[name] for name in series),
            tuple_(later.c.ended_on, later.c.id) > tuple_(_a.ended_on, _a.id),
        )
        .exists()
    )
    found = CriterionMapping.__table__.join(Assessment.__table__, _a.standard_version == _m.from_version).join(
        Rating.__table__, (_r.assessment_id == _a.id) & (_r.criterion == _m.from_criterion)
    )
    evidence = {
        "mapping_id": _m.id,
        "relation": _m.relation,
        "note": _m.note,
        "assessment_id": _a.id,
        "kind": _a.kind,
        "standard_version": _a.standard_version,
        "level": _a.level,
        "scope": _a.scope,
        "criterion": _m.from_criterion,
        "ended_on": _a.ended_on,
        "finalised_on": _a.finalised_on,
        "comment": _r.comment,
        "evidence": _r.evidence,
    }
    item = json_object(evidence)
    order = (_a.ended_on.desc(), _a.id, in_order(_m.from_criterion))
    listed = (
        select(func.json_agg(aggregate_order_by(item, *order)).label("evidence"))
        .select_from(found)
        .where(
            _m.to_version == target.c.standard_version,
            _m.to_criterion == number,
            _a.organisation_id == target.c.organisation_id,
            _a.state == said(State.FINALISED.value),
            _r.rating == said(RatingValue.MET.value),
            ~superseded,
        )
    )
    for view in (ASSESSMENTS, RATINGS):
        listed = narrowed(listed, view, sees)
    of_criterion = listed.correlate(target, criterion).lateral("of_criterion")
    source = target.join(principle, true()).join(criterion, true()).join(of_criterion, true())
    fields: dict[str, ColumnElement[object]] = {
        "criterion": number,
        "title": criterion.c.frozen["title"],
        "evidence": of_criterion.c.evidence,
    }
    return compiled(
        object_of(source, fields)
        .where(target.c.id == bindparam("id", type_=Uuid), of_criterion.c.evidence.is_not(None))
        .order_by(principle.c.number, criterion.c.place)
    )
