"""/v1/projects: funded projects with their strands."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import projects as query
from programme.queries.projects import PROJECTS, STRANDS
from programme.queries.views import pattern
from programme.services import projects
from schemas import projects as wire
from schemas.base import Day
from schemas.organisations import PlainQuery
from schemas.page import Page

router = Resource("/v1/projects", "projects")

Key = Annotated[
    str, Path(max_length=60, description="The project's code (`QUALITY-LT-2`) or id.", examples=["QUALITY-LT-2"])
]
StrandKey = Annotated[str, Path(max_length=60, description="The strand's code or id.", examples=["EQUASS_MAINTENANCE"])]
AsOf = Annotated[Day | None, Query(description="As it was on this day, by what is known now.")]
Reader = Annotated[Reading, reads("projects.read")]
Writer = Annotated[Writing, writes("projects.write")]
NewWriter = Annotated[Writing, writes("projects.write", versioned=False)]


@router.get("", response_model=Page[wire.Project], summary="List projects")
async def list_projects(door: Reader, asked: Annotated[wire.ProjectQuery, Query()]) -> Response:
    """Funded projects with their strands. `q` finds codes and names, whatever their case and diacritics."""
    filters = asked.filters("code", "official_code", "kind", "standard")
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, PROJECTS, asked, filters)


@router.post("", response_model=wire.Project, status_code=201, summary="Add a project")
async def add_project(door: NewWriter, body: wire.ProjectNew) -> Response:
    """Enters a funded project; its strands are added one by one."""
    made = await projects.add_project(door.work, **body.model_dump())
    return await answers.changed(door, PROJECTS, made.id, status=201)


@router.get("/{project}", response_model=wire.Project, summary="Read a project")
async def get_project(door: Reader, project: Key) -> Response:
    """One project with its partners and strands, and how many places of each are taken."""
    return await answers.single(door, PROJECTS, await query.project_id(door.connection, project))


@router.patch("/{project}", response_model=wire.Project, summary="Change a project")
async def change_project(door: Writer, project: Key, body: wire.ProjectChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch)."""
    key = await query.project_id(door.connection, project)
    await projects.amend_project(door.work, key, **body.changes())
    return await answers.changed(door, PROJECTS, key)


@router.get("/{project}/strands", response_model=Page[wire.Strand], summary="List a project's strands")
async def list_strands(door: Reader, project: Key, asked: Annotated[PlainQuery, Query()]) -> Response:
    """The parts of the project, each with one standard, in the order in which they were added."""
    key = await query.project_id(door.connection, project)
    return await answers.page(door, STRANDS, asked, {"project_id": key}, path=_strands(key))


@router.post("/{project}/strands", response_model=wire.Strand, status_code=201, summary="Add a strand")
async def add_strand(door: NewWriter, project: Key, body: wire.StrandNew) -> Response:
    """Adds a part of the project with one standard. Without `capacity` its places have no bound."""
    key = await query.project_id(door.connection, project)
    made = await projects.add_strand(door.work, key, **body.model_dump())
    return await answers.changed(door, STRANDS, made.id, status=201, path=_strands(key))


@router.get("/{project}/progress", response_model=wire.ProjectProgress, summary="Read a project's progress")
async def get_project_progress(
    door: Annotated[Reading, reads("projects.progress")], project: Key, as_of: AsOf = None
) -> Response:
    """How far the project is: of each strand the places, enrolments by state, stages that are late, hours of support and
    outcomes, against the project's targets. With `as_of`, as it was at the end of that day."""
    row = await answers.read(door, PROJECTS, await query.project_id(door.connection, project))
    past, when = answers.looking_back(door.caller, as_of, None)
    return answers.plain(door, answers.as_json(await query.progress(door.connection, row, when["today"], past)))


@router.get("/{project}/strands/{strand}", response_model=wire.Strand, summary="Read a strand")
async def get_strand(door: Reader, project: Key, strand: StrandKey) -> Response:
    """One part of a project, with the version that a change of it has to name."""
    return await answers.single(door, STRANDS, await query.strand_id(door.connection, project, strand))


@router.patch("/{project}/strands/{strand}", response_model=wire.Strand, summary="Change a strand")
async def change_strand(door: Writer, project: Key, strand: StrandKey, body: wire.StrandChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch). Its places cannot become fewer than are taken."""
    key = await query.strand_id(door.connection, project, strand)
    await projects.amend_strand(door.work, key, **body.changes())
    return await answers.changed(door, STRANDS, key)


def _strands(project_id: UUID) -> str:
    return f"/v1/projects/{project_id}/strands"
