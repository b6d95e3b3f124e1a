"""/v1/standards: standards with their levels, versions, criteria and policies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import standards as query
from programme.queries.standards import STANDARDS, VERSIONS
from programme.queries.views import pattern
from programme.services import standards
from schemas import standards as wire
from schemas.base import Nothing
from schemas.page import Page

router = Resource("/v1/standards", "standards")

Key = Annotated[str, Path(max_length=60, description="The standard's code or id.", examples=["EQUASS"])]
VersionKey = Annotated[str, Path(max_length=60, description="The version's code or id.", examples=["EQUASS-2018"])]
Reader = Annotated[Reading, reads("standards.read")]
Writer = Annotated[Writing, writes("standards.write")]
Plain = Annotated[Nothing, Body(default_factory=Nothing)]
NewWriter = Annotated[Writing, writes("standards.write", versioned=False)]


@router.get("", response_model=Page[wire.Standard], summary="List standards")
async def list_standards(door: Reader, asked: Annotated[wire.StandardQuery, Query()]) -> Response:
    """Standards with their levels and, in short, their versions."""
    filters = asked.filters("code")
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, STANDARDS, asked, filters)


@router.post("", response_model=wire.Standard, status_code=201, summary="Add a standard")
async def add_standard(door: NewWriter, body: wire.StandardNew) -> Response:
    """Brings in a standard with its levels; its versions are added one by one."""
    made = await standards.add_standard(door.work, **body.model_dump())
    return await answers.changed(door, STANDARDS, made.id, status=201)


@router.get("/{standard}", response_model=wire.Standard, summary="Read a standard")
async def get_standard(door: Reader, standard: Key) -> Response:
    """One standard with its levels, its marks and, in short, its versions."""
    return await answers.single(door, STANDARDS, await query.standard_id(door.connection, standard))


@router.patch("/{standard}", response_model=wire.Standard, summary="Change a standard")
async def change_standard(door: Writer, standard: Key, body: wire.StandardChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch). Levels can be added and renamed, never left out."""
    key = await query.standard_id(door.connection, standard)
    await standards.amend_standard(door.work, key, **body.changes())
    return await answers.changed(door, STANDARDS, key)


@router.get("/{standard}/versions", response_model=Page[wire.StandardVersion], summary="List a standard's versions")
async def list_versions(door: Reader, standard: Key, asked: Annotated[wire.VersionQuery, Query()]) -> Response:
    """The editions of the standard, oldest first; those whose beginning is not known come last."""
    key = await query.standard_id(door.connection, standard)
    filters = asked.filters("state") | {"standard_id": key}
    return await answers.page(door, VERSIONS, asked, filters, path=_versions(standard))


@router.post("/{standard}/versions", response_model=wire.StandardVersion, status_code=201, summary="Draft a version")
async def draft_version(door: NewWriter, standard: Key, body: wire.VersionNew) -> Response:
    """A version to work on. Nothing is granted by it before it is published and has a policy."""
    key = await query.standard_id(door.connection, standard)
    made = await standards.draft_version(door.work, key, **body.model_dump())
    return await answers.changed(door, VERSIONS, made.id, status=201, path=_versions(standard))


@router.get("/{standard}/versions/{version}", response_model=wire.StandardVersion, summary="Read a version")
async def get_version(door: Reader, standard: Key, version: VersionKey) -> Response:
    """One version with its principles and criteria, the policy in effect today, and all policies."""
    key = await query.version_id(door.connection, standard, version)
    return await answers.single(door, VERSIONS, key, path=_versions(standard))


@router.patch("/{standard}/versions/{version}", response_model=wire.StandardVersion, summary="Change a version")
async def change_version(door: Writer, standard: Key, version: VersionKey, body: wire.VersionChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch). The tree can be written only while the version is a
    draft."""
    key = await query.version_id(door.connection, standard, version)
    await standards.amend_version(door.work, key, **body.changes())
    return await answers.changed(door, VERSIONS, key, path=_versions(standard))


@router.post(
    "/{standard}/versions/{version}/start-drafting",
    response_model=wire.StandardVersion,
    summary="Start drafting a version",
)
async def start_drafting_version(door: Writer, standard: Key, version: VersionKey, body: Plain) -> Response:
    """The text of an announced version is there: its tree can be written."""
    key = await query.version_id(door.connection, standard, version)
    await standards.start_drafting(door.work, key)
    return await answers.changed(door, VERSIONS, key, path=_versions(standard))


@router.post(
    "/{standard}/versions/{version}/publish", response_model=wire.StandardVersion, summary="Put a version in force"
)
async def publish_version(door: Writer, standard: Key, version: VersionKey, body: Plain) -> Response:
    """Its tree does not change from now on. Other versions in force stay so."""
    key = await query.version_id(door.connection, standard, version)
    await standards.publish(door.work, key)
    return await answers.changed(door, VERSIONS, key, path=_versions(standard))


@router.post(
    "/{standard}/versions/{version}/retire", response_model=wire.StandardVersion, summary="Take a version out of use"
)
async def retire_version(door: Writer, standard: Key, version: VersionKey, body: Plain) -> Response:
    """What was granted by it stays valid."""
    key = await query.version_id(door.connection, standard, version)
    await standards.retire(door.work, key)
    return await answers.changed(door, VERSIONS, key, path=_versions(standard))


@router.post(
    "/{standard}/versions/{version}/policies",
    response_model=wire.StandardVersion,
    status_code=201,
    summary="Set a version's policy",
)
async def set_policy(door: NewWriter, standard: Key, version: VersionKey, body: wire.PolicyNew) -> Response:
    """What holds of the version from a day on. Earlier policies stay, and so does everything computed by them; what is
    left out is as the policy before has it. Answers with the version and all its policies."""
    key = await query.version_id(door.connection, standard, version)
    said = body.changes()
    if body.pass_rules is not None:
        said["pass_rules"] = {level: rule.model_dump(exclude_none=True) for level, rule in body.pass_rules.items()}
    await standards.set_policy(door.work, key, **said)
    return await answers.changed(door, VERSIONS, key, status=201, path=_versions(standard))


def _versions(standard: str) -> str:
    return f"/v1/standards/{standard}/versions"
