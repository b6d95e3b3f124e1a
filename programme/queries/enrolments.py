"""Reading enrolments: who takes part in which strand, how far they are, and what the guards look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array

from programme.queries.code_lists import in_county
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import (
    LATEST,
    TODAY,
    Expansion,
    View,
    between,
    compiled,
    covers,
    equals,
    found_in,
    one_of,
    said,
)
from programme.rules.enrolments import LIFECYCLE, UNDER_WAY, EnrolmentFacts, Flag, is_named, stages_open
from programme.tables import Enrolment, Organisation, Project, Strand
from programme.work import Actor

_e, _o = Enrolment.__table__.c, Organisation.__table__.c
_p, _s = Project.__table__.c, Strand.__table__.c


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> EnrolmentFacts:
    """The facts that the guards of an enrolment look at."""
    return EnrolmentFacts(
        state=row["state"],
        today=today,
        project_starts_on=row["project_starts_on"],
        project_ends_on=row["project_ends_on"],
        declared=row["declared_on"] is not None,
        scope_named=is_named(json.loads(row["scope"])),
        capacity=row["capacity"],
        places_taken=row["places_taken"],
        stages_open=stages_open(json.loads(row["stages"])),
    )


def flags_on(day: ColumnElement[Any]) -> ColumnElement[list[str]]:
    """The flags of an enrolment on a day; `rules.enrolments.flags` says the same, proven equal by test."""

    def is_planned(comparison: str, limit: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether some stage that is not done is planned for a day so much before or behind the limit."""
        path: ColumnElement[Any] = literal_column(
            f"'$[*] ? (@.done_on == null && @.planned_on {comparison} $limit)'::jsonpath"
        )
        return func.jsonb_path_exists(_e.stages, path, func.jsonb_build_object(said("limit"), limit))

    under_way = _e.state.in_([said(state) for state in UNDER_WAY])
    raised = {
        Flag.STAGE_OVERDUE: and_(under_way, is_planned("<", day)),
        Flag.OUTLIVES_PROJECT: and_(under_way, or_(_p.ends_on < day, is_planned(">", _p.ends_on))),
    }
    each: array[Any] = array([case((holds, said(flag.value))) for flag, holds in raised.items()], type_=Text)
    return func.array_remove(each, null(), type_=ARRAY(Text))


_FLAGS = flags_on(TODAY)

ENROLMENTS = View(
    name="enrolments",
    source=Enrolment.__table__.join(Strand.__table__, _s.id == _e.strand_id)
    .join(Project.__table__, _p.id == _e.project_id)
    .outerjoin(Organisation.__table__, _o.id == _e.organisation_id),
    id=_e.id,
    version=_e.version,
    fields={
        "id": _e.id,
        "organisation_id": _e.organisation_id,
        "project": _p.code,
        "strand": _s.code,
        "scope": _e.scope,
        "state": _e.state,
        "declared_on": _e.declared_on,
        "commission_decision_ref": _e.commission_decision_ref,
        "reason": _e.reason,
        "agreement_number": _e.agreement_number,
        "signed_on": _e.signed_on,
        "outcome": _e.outcome,
        "ended_on": _e.ended_on,
        "stages": _e.stages,
        "flags": _FLAGS,
        "source": _e.source,
        "version": _e.version,
    },
    keys={"id": _e.id},
    filters={
        "state": one_of(_e.state, "state"),
        "flag": _FLAGS.op("&&")(bindparam("flag", type_=ARRAY(Text))),
        "organisation_id": equals(_e.organisation_id, "organisation_id"),
        "project": one_of(_p.code, "project"),
        "strand": one_of(_s.code, "strand"),
        "standard": one_of(_s.standard, "standard"),
        "municipality": one_of(_o.municipality, "municipality"),
        "county": in_county(_o.municipality, "county"),
        "service": covers(_e.scope, "service"),
        "agreement_number": one_of(_e.agreement_number, "agreement_number"),
        "q": or_(found_in(_o.search, "q"), found_in(func.fold(_e.agreement_number), "q")),
        **between(_e.signed_on, "signed_on"),
    },
    sorts={
        "signed_on": func.coalesce(_e.signed_on, LATEST),
        "agreement_number": func.coalesce(_e.agreement_number, said("")),
        "organisation": _o.sort_name,
        "id": _e.id,
    },
    default_sort="-id",
    expands={"organisation": Expansion(ORGANISATIONS, _e.organisation_id)},
    owner=_e.organisation_id,
    facts={
        "state": _e.state,
        "project_starts_on": _p.starts_on,
        "project_ends_on": _p.ends_on,
        "declared_on": _e.declared_on,
        "scope": cast(_e.scope, Text),
        "capacity": _s.capacity,
        "places_taken": _s.places_taken,
        "stages": cast(_e.stages, Text),
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)

STAGES = compiled(
    select(cast(func.jsonb_array_elements(_e.stages), Text).label("body")).where(_e.id == bindparam("id", type_=Uuid))
)
"""The stages of one enrolment (`id`), in the strand's order."""
