"""Who may do what and see what: every operation with every role, generated from the data that the service goes by."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from api.deps import Door, WritingDoor
from api.openapi import door_of
from api.routes import ROUTES
from programme.rules.lifecycle import Role
from programme.rules.permissions import PERMISSIONS, may
from programme.rules.sight import SEES, Sees
from programme.tables import Event
from tests.full import Full, a_full_organisation
from tests.world import Caller, World

ROLES = [role for role in Role if role not in (Role.WORKER, Role.PUBLIC)]
GUARDED = [(route, door) for route in ROUTES if (door := door_of(route)) is not None]
HEADERS = {"If-Match": '"1"'}


async def everybody(world: World, own: Full) -> dict[Role, Caller]:
    """A caller in each role, those who see a part with `own` in sight."""
    callers = {
        role: await world.caller(role, own.organisation_id if role is Role.PROVIDER else None, another=1)
        for role in ROLES
    }
    await world.grant(callers[Role.PARTNER], organisation_id=own.organisation_id)
    return callers


async def two_organisations(world: World) -> tuple[Full, Full, dict[Role, Caller]]:
    """One that everybody sees, and one that only those see who see everything."""
    auditor = UUID(str((await world.caller("auditor", another=1)).client_id))
    own = await a_full_organisation(world, "LIT2025-301", assessor=auditor, reviewer=None)
    callers = await everybody(world, own)
    return own, await a_full_organisation(world, "LIT2025-302", assessor=None, reviewer=None), callers


async def ask(caller: Caller, route: APIRoute, path: str, *, trying: bool = False) -> Any:
    method = next(iter(sorted(route.methods - {"HEAD"})))
    given: dict[str, Any] = {"headers": HEADERS | {"Idempotency-Key": uuid4().hex}}
    needed = [
        one
        for one in route.dependant.query_params
        if one.field_info.annotation is UUID and one.field_info.is_required()
    ]
    path += "".join(f"?{one.alias}={path.split('/')[3]}" for one in needed)  # an id in the query is one of the address
    if method != "GET":
        given["json"] = {}
        path += "?validate_only=true" if trying else ""
    return await caller.request(method, path, **given)


async def events(world: World) -> int:
    async with world.at_work() as work:
        return int(await work.session.scalar(select(func.count()).select_from(Event)) or 0)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_passes_exactly_the_doors_that_the_table_opens(world: World, role: Role) -> None:
    own, _, callers = await two_organisations(world)
    before = await events(world)
    wrong = []
    for route, door in GUARDED:
        allowed = may(role, door.permission)
        answer = await ask(callers[role], route, own.address(route.path), trying=allowed)
        refused = answer.status_code == 403 and answer.json()["code"] in ("forbidden", "insufficient_scope")
        if refused == allowed or answer.status_code == 401 or answer.status_code >= 500:
            wrong.append((route.path, door.permission, answer.status_code))
    assert wrong == []
    assert await events(world) == before


@pytest.mark.parametrize("role", [role for role in ROLES if SEES[role] not in (Sees.EVERYTHING, Sees.DOCKET)])
async def test_what_is_out_of_sight_is_not_found_as_if_it_never_was(world: World, role: Role) -> None:
    _, foreign, callers = await two_organisations(world)
    before = await events(world)
    nowhere = Full(
        **{name: uuid4() for name in Full.__slots__} | {"key_id": "0" * 12, "reference": "LIT1999-999"}  # type: ignore[arg-type]
    )
    wrong = []
    for route, door in GUARDED:
        if foreign.address(route.path) == nowhere.address(route.path) or not may(role, door.permission):
            continue
        there = await ask(callers[role], route, foreign.address(route.path))
        never = await ask(callers[role], route, nowhere.address(route.path))
        if (as_told(there, foreign), there.status_code) != (as_told(never, nowhere), never.status_code):
            wrong.append((route.path, there.text, never.text))
        elif there.status_code not in (404, 422):
            wrong.append((route.path, there.status_code, never.status_code))
    assert wrong == []
    assert await events(world) == before


def as_told(answer: Any, full: Full) -> str:
    """The answer without what differs from request to request, and with its own ids as one."""
    told = re.sub(r'"request_id": "\w+"', "", answer.text)
    for name in full.__slots__:
        told = told.replace(str(getattr(full, name)), name)
    return told


async def test_nothing_is_open_without_a_key(world: World) -> None:
    own, _, _ = await two_organisations(world)
    for route, _door in GUARDED:
        answer = await ask(world.nobody, route, own.address(route.path))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), route.path


def test_every_unsafe_operation_has_a_permission_that_no_reading_has() -> None:
    reading = {door.permission for _, door in GUARDED if not isinstance(door, WritingDoor)}
    writing = {door.permission for _, door in GUARDED if isinstance(door, WritingDoor)}
    assert reading | writing <= set(PERMISSIONS)
    assert reading & writing == set()


def test_nobody_outside_may_anything() -> None:
    assert not any(may(Role.PUBLIC, permission) for permission in PERMISSIONS)
    assert isinstance(GUARDED[0][1], Door)
