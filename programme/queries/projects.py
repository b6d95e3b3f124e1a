"""Reading funded projects with their strands."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from programme.database import Connection
from programme.queries.views import LATEST, View, compiled, equals, found_in, id_of, one_of, said
from programme.tables import Project, Strand

_p, _s = Project.__table__.c, Strand.__table__.c

_STRAND = {
    "code": _s.code,
    "standard": _s.standard,
    "kind": _s.kind,
    "capacity": _s.capacity,
    "places_taken": _s.places_taken,
    "stages": _s.stages,
    "opens_in": _s.opens_in,
}
_STRAND_OBJECT = func.json_build_object(*(part for name, column in _STRAND.items() for part in (said(name), column)))
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
        "strands": _strands.add_columns(
            func.coalesce(func.json_agg(aggregate_order_by(_STRAND_OBJECT, _s.id)), literal_column("'[]'::json"))
        ).scalar_subquery(),
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
