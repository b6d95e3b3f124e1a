"""/v1/standards/{standard}/versions/{version}/mappings: which criteria of other versions a version's criteria bear on."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from api.routes.standards import Key, VersionKey
from programme.queries import standards as query
from programme.queries.mappings import MAPPINGS, of_version
from programme.services import mappings
from schemas import mappings as wire
from schemas.base import Id
from schemas.page import Page

router = Resource("/v1/standards", "standards")

Reader = Annotated[Reading, reads("standards.read")]
Writer = Annotated[Writing, writes("standards.write")]
AT = "/{standard}/versions/{version}/mappings"


@router.get(AT, response_model=Page[wire.CriterionMapping], summary="List a version's mappings")
async def list_mappings(
    door: Reader, standard: Key, version: VersionKey, asked: Annotated[wire.MappingQuery, Query()]
) -> Response:
    """What is met by criteria of this version counts as evidence for those of other versions that they are mapped to."""
    key = await query.version_id(door.connection, standard, version)
    filters = asked.filters("from_criterion", "to_version", "to_criterion", "relation") | {"from_version_id": key}
    return await answers.page(door, MAPPINGS, asked, filters, path=_path(standard, version))


@router.post(AT, response_model=wire.CriterionMapping, status_code=201, summary="Map a criterion")
async def map_criterion(
    door: Annotated[Writing, writes("standards.write", versioned=False)],
    standard: Key,
    version: VersionKey,
    body: wire.MappingNew,
) -> Response:
    """From now on what is met by the criterion of this version is listed as evidence for the other one
    (`/v1/assessments/{assessment_id}/mapped-evidence`). It never becomes a rating by itself."""
    key = await query.version_id(door.connection, standard, version)
    made = await mappings.add(door.work, key, **body.model_dump())
    return await answers.changed(door, MAPPINGS, made.id, status=201, path=_path(standard, version))


@router.get(AT + "/{mapping_id}", response_model=wire.CriterionMapping, summary="Read a mapping")
async def get_mapping(door: Reader, standard: Key, version: VersionKey, mapping_id: Id) -> Response:
    """One pair of criteria and how they stand to each other."""
    await _known(door, standard, version, mapping_id)
    return await answers.single(door, MAPPINGS, mapping_id, path=_path(standard, version))


@router.patch(AT + "/{mapping_id}", response_model=wire.CriterionMapping, summary="Change a mapping")
async def change_mapping(
    door: Writer, standard: Key, version: VersionKey, mapping_id: Id, body: wire.MappingChange
) -> Response:
    """Another relation or note (JSON merge patch). Another pair of criteria is another mapping."""
    await _known(door, standard, version, mapping_id)
    await mappings.amend(door.work, mapping_id, **body.changes())
    return await answers.changed(door, MAPPINGS, mapping_id, path=_path(standard, version))


@router.delete(AT + "/{mapping_id}", status_code=204, summary="Remove a mapping")
async def remove_mapping(door: Writer, standard: Key, version: VersionKey, mapping_id: Id) -> Response:
    """The one criterion says nothing of the other any more. Ratings stay as they are."""
    await _known(door, standard, version, mapping_id)
    await mappings.remove(door.work, mapping_id)
    return await answers.removed(door)


async def _known(door: Reading | Writing, standard: str, version: str, mapping_id: UUID) -> None:
    """`NotFound` where the mapping is not one of the version's."""
    key = await query.version_id(door.connection, standard, version)
    await of_version(door.connection, key, mapping_id)


def _path(standard: str, version: str) -> str:
    return f"/v1/standards/{standard}/versions/{version}/mappings"
