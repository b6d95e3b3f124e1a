"""Reading ratings: those of one assessment, the results of its principles, what was handed in, and what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Integer,
    Numeric,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import FromClause

from programme.database import Connection
from programme.errors import NotFound
from programme.queries.views import (
    LATEST,
    Expansion,
    View,
    compiled,
    equals,
    json_list,
    json_object,
    moment,
    object_of,
    one,
    one_of,
    said,
)
from programme.rules.assessments import AUDIT_DRAFT, OWN_WORK, Kind, RatingValue, State
from programme.rules.sight import HANDED_OVER, Sees
from programme.tables import Assessment, AssessmentSubmission, Rating

_a, _r, _s = Assessment.__table__.c, Rating.__table__.c, AssessmentSubmission.__table__.c

HANDED_IN = _a.state.not_in([said(state) for state in AUDIT_DRAFT])
"""What `rules.assessments.is_handed_in` says."""

_is_draft = and_(_a.kind.not_in([said(kind) for kind in OWN_WORK]), not_(HANDED_IN))
SHOWN = or_(not_(bindparam("drafts_hidden", type_=Boolean)), not_(_is_draft))
"""Whether what the assessment found, its ratings and findings, is shown: an organisation sees what an auditor found once
it is handed in."""

SEEN: dict[Sees, ColumnElement[bool]] = {
    Sees.ASSIGNED: or_(
        _a.assessor == bindparam("client", type_=Uuid),
        and_(_a.kind == said(HANDED_OVER), _a.revision > literal_column("0")),
    ),
    Sees.DOCKET: _a.revision > literal_column("0"),
    Sees.GRANTED: false(),
    Sees.REGISTER: false(),
}
"""Which assessments of an organisation in sight are; `rules.sight.knows_assessment` says the same."""


_KEPT_BACK = SEEN | {Sees.OWN: SHOWN}


def _of_assessment(assessment_id: ColumnElement[Any], source: FromClause) -> dict[Sees, ColumnElement[bool]]:
    """The same, and which drafts are kept back, said of what hangs on an assessment."""
    return {
        sees: select(_a.id).where(_a.id == assessment_id, condition).correlate(source).exists()
        for sees, condition in _KEPT_BACK.items()
    }


def in_order(criterion: ColumnElement[str]) -> ColumnElement[Any]:
    """Sorts criteria as they are numbered, 3.10 after 3.9."""
    return cast(func.string_to_array(criterion, said(".")), ARRAY(Integer))


def _view(rating: FromClause, **more: Any) -> View:
    r = rating.c
    return View(
        name="ratings",
        source=rating,
        id=r.id,
        version=r.version,
        fields={
            "id": r.id,
            "assessment_id": r.assessment_id,
            "organisation_id": r.organisation_id,
            "principle": r.principle,
            "criterion": r.criterion,
            "rating": r.rating,
            "level": r.level,
            "levels": r.levels,
            "comment": r.comment,
            "evidence": r.evidence,
            "carried_from": r.carried_from,
            "recorded_at": moment(r.recorded_at),
            "recorded_by": r.recorded_by,
            "version": r.version,
        },
        owner=r.organisation_id,
        seen=_of_assessment(r.assessment_id, rating),
        **more,
    )


_audit, _own = Assessment.__table__.alias("audit"), Assessment.__table__.alias("own")
_said = Rating.__table__.alias("said")


def _said_before(audit_id: ColumnElement[Any], criterion: ColumnElement[Any], *outer: FromClause) -> ScalarSelect[Any]:
    """The id of the rating that the organisation itself gave the criterion: in its last self-assessment of the same
    scope, version and level that was handed in before the audit ended."""
    own, audit = _own.c, _audit.c
    last = (
        select(own.id)
        .join_from(_audit, _own, own.organisation_id == audit.organisation_id)
        .where(
            audit.id == audit_id,
            audit.kind != said(Kind.SELF_ASSESSMENT.value),
            own.kind == said(Kind.SELF_ASSESSMENT.value),
            own.standard_version == audit.standard_version,
            own.level == audit.level,
            own.scope == audit.scope,
            own.state != said(State.CANCELLED.value),
            own.ended_on <= func.coalesce(audit.ended_on, LATEST),
        )
        .order_by(own.ended_on.desc(), own.id.desc())
        .limit(literal_column("1"))
        .correlate(*outer)
        .scalar_subquery()
    )
    return (
        select(_said.c.id)
        .where(_said.c.assessment_id == last, _said.c.criterion == criterion)
        .correlate(*outer)
        .scalar_subquery()
    )


SAID_BEFORE = _view(_said)
"""Ratings as they are read beside others."""

RATINGS = _view(
    Rating.__table__,
    keys={"id": _r.id},
    filters={
        "assessment_id": equals(_r.assessment_id, "assessment_id"),
        "principle": one_of(_r.principle, "principle"),
        "rating": one_of(_r.rating, "rating"),
        "carried": _r.carried_from.is_not(None) == bindparam("carried", type_=Boolean),
    },
    sorts={
        "criterion": in_order(_r.criterion),
        "recorded_at": _r.recorded_at,
        "id": _r.id,
    },
    default_sort="criterion",
    expands={"self_assessment": Expansion(SAID_BEFORE, _said_before(_r.assessment_id, _r.criterion, Rating.__table__))},
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
    .where(_r.assessment_id == _a.id, _r.carried_from.is_(None), SHOWN)
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
    return json_list(json_object(fields), order)


PRINCIPLES = (
    select(_objects(_RESULT, _principle.c.number))
    .select_from(_results)
    .correlate(Assessment.__table__)
    .scalar_subquery()
)


_level = (
    func.jsonb_to_recordset(_r.levels)
    .table_valued(column("perspective", Integer), column("level", Integer))
    .render_derived("seen", with_types=True)
)
_by_perspective = (
    select(
        _level.c.perspective,
        func.round(func.avg(_level.c.level), literal_column("2")).label("level"),
        func.count().label("criteria"),
    )
    .select_from(Rating.__table__.join(_level, true()))
    .where(_r.assessment_id == _a.id, _r.principle == _principle.c.number, _r.carried_from.is_(None), SHOWN)
    .group_by(_level.c.perspective)
    .correlate(Assessment.__table__, _principle)
    .subquery("by_perspective")
)
_LEVELS = (
    select(_objects(dict(_by_perspective.c.items()), _by_perspective.c.perspective))
    .correlate(Assessment.__table__, _principle)
    .scalar_subquery()
)
"""What `rules.ratings.perspective_levels` says of the principle's ratings."""


def _principle_assessments(*, beside: bool) -> Select[Any]:
    """Each principle of the assessment `id`: its result, and its criteria with their ratings; `beside`: each with what
    the organisation itself said of it."""
    criterion = (
        func.jsonb_array_elements(_principle.c.criteria)
        .table_valued(column("frozen", JSONB), with_ordinality="place")
        .render_derived("criterion")
    )
    number = criterion.c.frozen["number"].astext
    rating = (
        object_of(Rating.__table__, RATINGS.fields, nested=True)
        .where(_r.assessment_id == _a.id, _r.criterion == number, SHOWN)
        .correlate(Assessment.__table__, criterion)
        .scalar_subquery()
    )
    fields = {name: criterion.c.frozen[name] for name in ("number", "title", "text")} | {"rating": rating}
    if beside:
        fields["self_assessment"] = (
            object_of(_said, SAID_BEFORE.fields, nested=True)
            .where(_said.c.id == _said_before(_a.id, number, Assessment.__table__, criterion))
            .correlate(Assessment.__table__, criterion)
            .scalar_subquery()
        )
    criteria = (
        select(_objects(fields, criterion.c.place))
        .select_from(criterion)
        .correlate(_principle, Assessment.__table__)
        .scalar_subquery()
    )
    source = Assessment.__table__.join(_results, true())
    fields = {**_RESULT, "levels": _LEVELS, "description": _principle.c.description, "criteria": criteria}
    return object_of(source, fields).where(_a.id == bindparam("id", type_=Uuid)).order_by(_principle.c.number)


PRINCIPLE_ASSESSMENTS = compiled(_principle_assessments(beside=False))
PRINCIPLE_ASSESSMENTS_BESIDE = compiled(_principle_assessments(beside=True))

SUBMISSIONS = compiled(
    object_of(
        AssessmentSubmission.__table__.join(Assessment.__table__, _a.id == _s.assessment_id),
        {
            "revision": _s.revision,
            "submitted_at": moment(_s.submitted_at),
            "submitted_by": _s.submitted_by,
            "ended_on": _s.ended_on,
            "ratings": _s.ratings,
        },
    )
    .where(_s.assessment_id == bindparam("id", type_=Uuid), SHOWN)
    .order_by(_s.revision)
)
"""Every revision as it was handed in, oldest first."""
