"""/v1/auditors: for what auditors are licensed, and whom they advised."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.errors import NotFound
from programme.queries.auditors import AUDITORS
from programme.rules.lifecycle import Role
from programme.services import auditors
from schemas import auditors as wire
from schemas.base import Id
from schemas.page import Page

router = Resource("/v1/auditors", "callers")

Reader = Annotated[Reading, reads("auditors.read")]


@router.get("", response_model=Page[wire.Auditor], summary="List auditors")
async def list_auditors(door: Reader, asked: Annotated[wire.AuditorQuery, Query()]) -> Response:
    """Auditors in the order of their entering; an auditor sees the own record only."""
    filters = asked.filters("client_id", "standard")
    if door.caller.role is Role.AUDITOR:
        filters["client_id"] = door.caller.actor.client_id
    return await answers.page(door, AUDITORS, asked, filters)


@router.post("", response_model=wire.Auditor, status_code=201, summary="Enter an auditor")
async def enter_auditor(
    door: Annotated[Writing, writes("auditors.write", versioned=False)], body: wire.AuditorNew
) -> Response:
    """The record of a client whose role is auditor. Whoever has no licence for the standard on the day is not assigned
    to an audit and cannot begin it, and neither can whoever advised the organisation within two years."""
    made = await auditors.enter(door.work, **body.model_dump())
    return await answers.changed(door, AUDITORS, made.id, status=201)


@router.get("/{auditor_id}", response_model=wire.Auditor, summary="Read an auditor")
async def get_auditor(door: Reader, auditor_id: Id) -> Response:
    """One auditor with licences and advice."""
    if door.caller.role is Role.AUDITOR:
        own = await answers.parent(door, AUDITORS, door.caller.actor.client_id, by="client_id")
        if own != auditor_id:
            raise NotFound
    return await answers.single(door, AUDITORS, auditor_id)


@router.patch("/{auditor_id}", response_model=wire.Auditor, summary="Change an auditor")
async def change_auditor(
    door: Annotated[Writing, writes("auditors.write")], auditor_id: Id, body: wire.AuditorChange
) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch); `licences` and `advised` are given whole. Audits that
    have begun are not begun anew; their criteria are rated only while the licence lasts."""
    await auditors.amend(door.work, auditor_id, **body.changes())
    return await answers.changed(door, AUDITORS, auditor_id)
