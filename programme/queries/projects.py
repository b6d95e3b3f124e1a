"""Reading funded projects with their strands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from programme.database import Connection
from programme.queries import views
from programme.queries.past import Past, then
from programme.queries.views import (
    LATEST,
    TODAY,
    View,
    compiled,
    equals,
    found_in,
    id_of,
    json_list,
    json_object,
    one_of,
    said,
)
from programme.rules.enrolments import UNDER_WAY, Outcome, State, places, stages_late, success_share
from programme.rules.sight import Sees
from programme.tables import Enrolment, Project, Strand, SupportActivity

_p, _s = Project.__table__.c, Strand.__table__.c
_e, _a = Enrolment.__table__.c, SupportActivity.__table__.c

_STRAND = {
    "code": _s.code,
    "standard": _s.standard,
    "kind": _s.kind,
    "capacity": _s.capacity,
    "places_taken": _s.places_taken,
    "stages": _s.stages,
    "opens_in": _s.opens_in,
}
_strands = select().where(_s.project_id == _p.id).correlate(Project.__table__)

PROJECTS = View(
    name="projects",
    source=Project.__table__,
    id=_p.id,
    version=_p.version,
    fields={
        "id": _p.id,
        "code": _p.code,
        "official_code": _p.official_code,
        "name": _p.name,
        "kind": _p.kind,
        "promoter": _p.promoter,
        "partners": _p.partners,
        "funding": _p.funding,
        "budget_eur": _p.budget_eur,
        "starts_on": _p.starts_on,
        "starts_in": _p.starts_in,
        "ends_on": _p.ends_on,
        "targets": _p.targets,
        "requirements": _p.requirements,
        "strands": _strands.add_columns(json_list(json_object(_STRAND), _s.id)).scalar_subquery(),
        "version": _p.version,
    },
    keys={"id": _p.id},
    filters={
        "code": one_of(_p.code, "code"),
        "official_code": one_of(_p.official_code, "official_code"),
        "kind": one_of(_p.kind, "kind"),
        "standard": _strands.add_columns(_s.id).where(one_of(_s.standard, "standard")).exists(),
        "q": found_in(
            func.fold(func.concat_ws(said(" "), _p.code, _p.official_code, _p.name["lt"].astext, _p.name["en"].astext)),
            "q",
        ),
    },
    sorts={
        "code": _p.code.collate("C"),
        "name": func.lt_sort_key(_p.name["lt"].astext, type_=Text).collate("C"),
        "starts_on": func.coalesce(_p.starts_on, LATEST),
        "ends_on": func.coalesce(_p.ends_on, LATEST),
        "id": _p.id,
    },
    default_sort="code",
    facts={
        "strands": _strands.add_columns(
            func.string_agg(
                cast(_s.version, Text) + said(":") + cast(_s.places_taken, Text), aggregate_order_by(said(" "), _s.id)
            )
        ).scalar_subquery()
    },
)

STRANDS = View(
    name="strands",
    source=Strand.__table__,
    id=_s.id,
    version=_s.version,
    fields={"id": _s.id, "project_id": _s.project_id, **_STRAND, "version": _s.version},
    keys={"id": _s.id},
    filters={"project_id": equals(_s.project_id, "project_id")},
    sorts={"id": _s.id},
    default_sort="id",
    facts={"places_taken": _s.places_taken},
)

_SUPPORT = (
    select(func.coalesce(func.sum(_a.hours), 0.0))
    .where(_a.enrolment_id == _e.id, _a.held_on <= TODAY, or_(_a.cancelled_on.is_(None), _a.cancelled_on > TODAY))
    .correlate(Enrolment.__table__)
    .scalar_subquery()
)
_ENROLLED = (
    select(_s.code.label("strand"), _e.organisation_id, _e.state, _e.outcome, cast(_e.stages, Text).label("stages"))
    .add_columns(_SUPPORT.label("hours"))
    .join_from(Enrolment.__table__, Strand.__table__, _s.id == _e.strand_id)
    .where(_e.project_id == bindparam("project", type_=Uuid))
)
_PROGRESS = {None: compiled(_ENROLLED), Past.DAY: compiled(then(_ENROLLED, Past.DAY, Sees.EVERYTHING))}
"""Every enrolment of a project, as it is or as it stood on a day, with the hours of support that it had had by then."""


async def progress(
    connection: Connection, project: Mapping[str, Any], today: date, past: Past | None = None
) -> dict[str, Any]:
    """How far a project is on a day: of each strand the places, enrolments, stages and support, and what came of it."""
    rows = await views.rows(connection, _PROGRESS[past], project=UUID(project["id"]), today=today)
    taking_part = {row["organisation_id"] for row in rows if places(row["state"])}
    targets = project["targets"]
    share, target = _success(rows), targets.get("success_share")
    return {
        "project": project["code"],
        "on": today,
        "ends_on": project["ends_on"],
        "organisations": len(taking_part),
        "organisations_target": targets.get("organisations"),
        "success_share": share,
        "success_target": target,
        "on_target": None if share is None or target is None else share >= target,
        "support_hours": sum(row["hours"] for row in rows),
        "strands": [
            _progress_of(strand, [row for row in rows if row["strand"] == strand["code"]], today)
            for strand in project["strands"]
        ],
    }


def _progress_of(strand: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], today: date) -> dict[str, Any]:
    states = Counter(row["state"] for row in rows)
    begun = [(row["state"], json.loads(row["stages"])) for row in rows if places(row["state"])]
    late = Counter(code for state, stages in begun if state in UNDER_WAY for code in stages_late(today, stages))
    done, started = (
        Counter(stage["code"] for _, stages in begun for stage in stages if stage[day] is not None)
        for day in ("done_on", "started_on")
    )
    return {
        "code": strand["code"],
        "standard": strand["standard"],
        "capacity": strand["capacity"],
        "places_taken": len(begun),
        "enrolments": {state: states[state] for state in State},
        "stages_late": late.total(),
        "stages": [
            {"code": code, "started": started[code], "done": done[code], "late": late[code]}
            for code in strand["stages"]
        ],
        "support_hours": sum(row["hours"] for row in rows),
        "outcomes": {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in Outcome},
        "success_share": _success(rows),
    }


def _success(rows: Sequence[Mapping[str, Any]]) -> float | None:
    return success_share(row["outcome"] for row in rows if row["state"] in (State.COMPLETED, State.TERMINATED))


_project, _strand = bindparam("project", type_=Text), bindparam("strand", type_=Text)
_IS_PROJECT = or_(_p.code == _project, cast(_p.id, Text) == func.lower(_project))
_IS_STRAND = or_(_s.code == _strand, cast(_s.id, Text) == func.lower(_strand))
_PROJECT_ID = compiled(select(_p.id).where(_IS_PROJECT))
_STRAND_ID = compiled(select(_s.id).join(Project.__table__, _p.id == _s.project_id).where(_IS_PROJECT, _IS_STRAND))


async def project_id(connection: Connection, project: str) -> UUID:
    """The id of the project with the code (or the id itself), or `NotFound`."""
    return await id_of(connection, _PROJECT_ID, project=project)


async def strand_id(connection: Connection, project: str, strand: str) -> UUID:
    """The id of the project's strand with the code (or the id itself), or `NotFound`."""
    return await id_of(connection, _STRAND_ID, project=project, strand=strand)
