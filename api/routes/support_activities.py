"""/v1/enrolments/{id}/support-activities: trainings and consultations within an enrolment, and their sums."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries import support_activities as query
from programme.queries.enrolments import ENROLMENTS
from programme.queries.support_activities import SUPPORT_ACTIVITIES
from programme.queries.views import pattern
from programme.services import support_activities
from schemas import support_activities as wire
from schemas.base import Id
from schemas.page import Page

router = Resource("/v1/enrolments", "enrolments")

Reader = Annotated[Reading, reads("support_activities.read")]


@router.get(
    "/{enrolment_id}/support-activities",
    response_model=Page[wire.SupportActivity],
    summary="List an enrolment's support activities",
)
async def list_support_activities(
    door: Reader, enrolment_id: Id, asked: Annotated[wire.SupportActivityQuery, Query()]
) -> Response:
    """Trainings and consultations by kind, state, consultant and day, in the order of their days. `q` finds topics and
    the bodies that gave them."""
    await answers.parent(door, ENROLMENTS, enrolment_id)
    filters = asked.filters("kind", "state", "consultant", "held_on_gte", "held_on_lte")
    if asked.q:
        filters["q"] = pattern(asked.q)
    return await answers.page(
        door, SUPPORT_ACTIVITIES, asked, {"enrolment_id": enrolment_id, **filters}, path=_path(enrolment_id)
    )


@router.post(
    "/{enrolment_id}/support-activities",
    response_model=wire.SupportActivity,
    status_code=201,
    summary="Record a support activity",
)
async def record_support_activity(
    door: Annotated[Writing, writes("support_activities.write", versioned=False)],
    enrolment_id: Id,
    body: wire.SupportActivityNew,
) -> Response:
    """Writes down a training or consultation that was held, or one that is planned, while the organisation takes part
    (selected or active)."""
    made = await support_activities.record(door.work, enrolment_id, **body.model_dump())
    return await answers.changed(door, SUPPORT_ACTIVITIES, made.id, status=201, path=_path(enrolment_id))


@router.get(
    "/{enrolment_id}/support-activities/{activity_id}",
    response_model=wire.SupportActivity,
    summary="Read a support activity",
)
async def get_support_activity(door: Reader, enrolment_id: Id, activity_id: Id) -> Response:
    """One training or consultation, and what the caller may do with it (`actions`)."""
    key = await query.activity_id(door.connection, enrolment_id, activity_id)
    return await answers.single(door, SUPPORT_ACTIVITIES, key, path=_path(enrolment_id))


@router.patch(
    "/{enrolment_id}/support-activities/{activity_id}",
    response_model=wire.SupportActivity,
    summary="Change a support activity",
)
async def change_support_activity(
    door: Annotated[Writing, writes("support_activities.write")],
    enrolment_id: Id,
    activity_id: Id,
    body: wire.SupportActivityChange,
) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch), until it is cancelled or taking part has ended."""
    key = await query.activity_id(door.connection, enrolment_id, activity_id)
    await support_activities.amend(door.work, key, **body.changes())
    return await answers.changed(door, SUPPORT_ACTIVITIES, key, path=_path(enrolment_id))


@router.post(
    "/{enrolment_id}/support-activities/{activity_id}/cancel",
    response_model=wire.SupportActivity,
    summary="Cancel a support activity",
)
async def cancel_support_activity(
    door: Annotated[Writing, writes("support_activities.cancel")],
    enrolment_id: Id,
    activity_id: Id,
    body: wire.SupportActivityCancel,
) -> Response:
    """It counts no more, as it will not be held or was not. It stays on record with the reason."""
    key = await query.activity_id(door.connection, enrolment_id, activity_id)
    await support_activities.cancel(door.work, key, **body.model_dump())
    return await answers.changed(door, SUPPORT_ACTIVITIES, key, path=_path(enrolment_id))


@router.get("/{enrolment_id}/support", response_model=wire.Support, summary="Read an enrolment's support in sum")
async def get_support(door: Reader, enrolment_id: Id) -> Response:
    """How many trainings and consultations were held until today, for how many hours and people."""
    await answers.parent(door, ENROLMENTS, enrolment_id)
    return answers.plain(door, answers.as_json(await query.sums(door.connection, enrolment_id, door.caller.today)))


def _path(enrolment_id: UUID) -> str:
    return f"/v1/enrolments/{enrolment_id}/support-activities"
