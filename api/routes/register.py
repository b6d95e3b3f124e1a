"""/public/v1/certificates: the public register. No key is needed, and nothing personal is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from api import answers
from api.access import Caller
from api.deps import Reading, refuse_unknown_parameters
from api.resources import Resource
from programme.database import Database
from programme.queries.certificates import REGISTER
from programme.queries.views import pattern
from programme.rules import calendar
from programme.rules.lifecycle import Role
from programme.rules.sight import Sight
from programme.work import Actor
from schemas.base import Day, PastMoment
from schemas.certificates import RegisterEntry, RegisterQuery
from schemas.page import KNOWN_AT, Page

router = Resource("/public/v1/certificates", "register")

PUBLIC = Actor("public", "public", Role.PUBLIC)
"""Stands for whoever reads without a key."""


async def _public(request: Request) -> AsyncIterator[Reading]:
    refuse_unknown_parameters(request)
    async with _opened(request) as reading:
        yield reading


@asynccontextmanager
async def _opened(request: Request, isolation: str | None = None) -> AsyncIterator[Reading]:
    database: Database = request.app.state.database
    async with database.reading() as connection, connection.transaction(isolation=isolation, readonly=True):
        started = await connection.fetchval("select now() from enter($1, null, null)", PUBLIC.sees)
        now = database.fixed_now or started
        state = request.state
        sight = Sight(PUBLIC.role)
        caller = Caller(PUBLIC, sight, "public", state.language, now, calendar.today(now), state.request_id)
        yield Reading(connection, caller, request, partial(_opened, request))


Public = Annotated[Reading, Depends(_public, scope="function")]


@router.get("", response_model=Page[RegisterEntry], summary="Search the public register")
async def list_register(door: Public, asked: Annotated[RegisterQuery, Query()]) -> Response:
    """Granted certificates that have a reference, with the four statuses that registers share. Open data."""
    filters = asked.filters("status", "standard", "level", "municipality", "service")
    if asked.q:
        filters["q"] = pattern(asked.q)
    page = await answers.page(
        door, REGISTER, asked, filters, path="/public/v1/certificates", as_of=asked.as_of, known_at=asked.known_at
    )
    return _open(page)


@router.get("/{reference}", response_model=RegisterEntry, summary="Look a certificate up by its reference")
async def get_register_entry(
    door: Public,
    reference: Annotated[str, Path(max_length=60, examples=["LIT2021-044"])],
    as_of: Annotated[Day | None, Query(description="The entry as it was, or will be, on this day.")] = None,
    known_at: Annotated[PastMoment | None, Query(description=KNOWN_AT)] = None,
) -> Response:
    """One entry of the register; what is not in it is not found."""
    return _open(await answers.single(door, REGISTER, reference, by="reference", as_of=as_of, known_at=known_at))


def _open(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
