"""/v1/municipalities and /v1/service-types: the code lists that other records name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, reads
from api.resources import Resource
from programme.queries.code_lists import MUNICIPALITIES, SERVICE_TYPES
from programme.queries.views import pattern
from schemas import code_lists as wire
from schemas.page import Page

router = Resource("/v1", "code-lists")

Reader = Annotated[Reading, reads("code_lists.read")]


@router.get("/municipalities", response_model=Page[wire.Municipality], summary="List municipalities")
async def list_municipalities(door: Reader, asked: Annotated[wire.MunicipalityQuery, Query()]) -> Response:
    """The 60 municipalities in Lithuanian order. `q` finds codes and names in both languages, whatever their case and
    diacritics."""
    filters = asked.filters("code", "kind", "county")
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, MUNICIPALITIES, asked, filters)


@router.get("/service-types", response_model=Page[wire.ServiceType], summary="List service types")
async def list_service_types(door: Reader, asked: Annotated[wire.ServiceTypeQuery, Query()]) -> Response:
    """Kinds of social service in Lithuanian order. `q` finds codes and names in both languages, whatever their case and
    diacritics."""
    filters = asked.filters("code", "group", "authorisation")
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(door, SERVICE_TYPES, asked, filters)
