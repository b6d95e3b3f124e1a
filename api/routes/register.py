"""/public/v1/certificates: the public register. No key is needed, and nothing personal is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, ClassVar

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from api import answers
from api.access import Caller
from api.deps import Reading, refuse_unknown_parameters
from api.resources import Resource
from api.snapshots import Table
from programme.database import Database
from programme.lending import READ
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
    async with opened(request) as reading:
        yield reading


@asynccontextmanager
async def opened(request: Request, begin: str = READ) -> AsyncIterator[Reading]:
    """The door of whoever comes without a key."""
    database: Database = request.app.state.database
    async with database.reading(begin) as connection:
        started = await connection.fetchval("select now() from enter_world($1, null, null)", PUBLIC.sees)
        now = database.fixed_now or started
        state = request.state
        sight = Sight(PUBLIC.role)
        caller = Caller(PUBLIC, sight, "public", state.language, now, calendar.today(now), state.request_id)
        yield Reading(connection, caller, request, partial(opened, request))


LONGEST = 60
"""Characters of a reference."""

KEPT = 300
"""Seconds for which a cache may keep an answer."""


class RegisterTable(Table):
    """The register as CSV: lists in one cell, parted by semicolons; history as `granted 2021-11-29; expired 2024-11-30`."""

    columns: ClassVar = {
        "reference": lambda entry: entry["reference"],
        "status": lambda entry: entry["status"],
        "organisation": lambda entry: entry["organisation"]["name"],
        "legal_code": lambda entry: entry["organisation"]["legal_code"],
        "municipality": lambda entry: entry["organisation"]["municipality"],
        "standard": lambda entry: entry["standard"],
        "level": lambda entry: entry["level"],
        "version": lambda entry: entry["version"],
        "services": lambda entry: "; ".join(entry["services"]),
        "sites": lambda entry: "; ".join(entry["sites"]),
        "certified_on": lambda entry: entry["certified_on"],
        "expires_on": lambda entry: entry["expires_on"],
        "history": lambda entry: "; ".join(f"{one['kind']} {one['effective_on']}" for one in entry["history"]),
    }


Public = Annotated[Reading, Depends(_public, scope="function")]


@router.get("", response_model=Page[RegisterEntry], summary="Search the public register")
async def list_register(door: Public, asked: Annotated[RegisterQuery, Query()]) -> Response:
    """Granted certificates that have a reference, with the four statuses that registers share. Open data: no key, from
    any web page, and the whole of it as lines of JSON or as CSV (`Accept: text/csv`), in the order of the references. Of
    two days (`as_of`) the difference shows line by line what changed between them."""
    filters = asked.filters("status", "standard", "level", "municipality", "service")
    if asked.q:
        filters["q"] = pattern(asked.q)
    page = await answers.page(
        door, REGISTER, asked, filters, path="/public/v1/certificates", as_of=asked.as_of, known_at=asked.known_at,
        table=RegisterTable,
    )  # fmt: skip
    if isinstance(page, Table):
        day = asked.as_of or door.caller.today
        page.headers["Content-Disposition"] = f'attachment; filename="kokybe-certificates-{day}.csv"'
    return _open(page, door.caller.now)


@router.get("/{reference}", response_model=RegisterEntry, summary="Look a certificate up by its reference")
async def get_register_entry(
    door: Public,
    reference: Annotated[str, Path(max_length=LONGEST, examples=["LIT2021-044"])],
    as_of: Annotated[Day | None, Query(description="The entry as it was, or will be, on this day.")] = None,
    known_at: Annotated[PastMoment | None, Query(description=KNOWN_AT)] = None,
) -> Response:
    """One entry of the register; what is not in it is not found."""
    entry = await answers.single(door, REGISTER, reference, by="reference", as_of=as_of, known_at=known_at)
    return _open(entry, door.caller.now)


@router.options("", include_in_schema=False)
@router.options("/{reference}", include_in_schema=False)
async def allow_any_page() -> Response:
    """Lets web pages of others ask with the headers that reading takes."""
    headers = {
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Accept, Accept-Language, If-None-Match",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers={"Access-Control-Allow-Origin": "*", **headers})


def _open(response: Response, now: datetime) -> Response:
    """For everybody: read by any page, and kept by any cache."""
    response.headers["Cache-Control"] = kept_for(now)
    response.headers["Vary"] = "Accept, Accept-Language"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = (
        "Content-Disposition, Content-Language, ETag, Link, X-Request-Id"
    )
    return response


def kept_for(now: datetime) -> str:
    """How long caches may: some minutes, but never beyond midnight in Vilnius, when statuses change."""
    until_midnight = int((calendar.day_ends_at(calendar.today(now)) - now).total_seconds())
    return f"public, max-age={max(0, min(KEPT, until_midnight))}"
