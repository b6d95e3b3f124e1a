"""What is only read cannot be written: every body refuses every field of the record that it does not take itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.openapi import door_of
from api.routes import ROUTES
from programme.rules.permissions import PERMISSIONS
from tests.api.test_permissions import events
from tests.full import a_full_organisation
from tests.world import World

OF_THE_SERVICE = {"id", "version", "created_at", "created_by", "role", "status", "state", "organisation_id", "client_id",
                  "source", "catalogue", "places_taken", "expires_on", "recorded_by", "municipality_key"}  # fmt: skip
"""Names that somebody might try, whatever the record shows."""

WRITING = [route for route in ROUTES if route.body_field is not None and route.path.startswith("/v1/")]


def fields_of(model: Any) -> set[str]:
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return set()
    return {about.alias or name for name, about in model.model_fields.items()}


@pytest.mark.parametrize("route", WRITING, ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
async def test_no_body_takes_what_is_only_read(world: World, route: APIRoute) -> None:
    assert route.body_field is not None
    door = door_of(route)
    assert door is not None
    role = sorted(PERMISSIONS[door.permission])[0]
    full = await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    caller = await world.caller(role, full.organisation_id if role == "provider" else None)
    if role == "auditor":
        async with world.at_work() as work:
            connection = await work.connection()
            await connection.execute("update assessment set assessor = $1", UUID(str(caller.client_id)))
    before = await events(world)
    taken = fields_of(route.body_field.field_info.annotation)
    read_only = sorted((fields_of(route.response_model) | OF_THE_SERVICE) - taken)
    answer = await caller.request(
        next(iter(route.methods)), full.address(route.path), json=dict.fromkeys(read_only, "x"),
        headers={"If-Match": '"1"', "Idempotency-Key": "mass"},
    )  # fmt: skip
    assert answer.status_code == 422, answer.text
    refused = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert {(f"/{name}", "extra_forbidden") for name in read_only} <= refused
    assert await events(world) == before
