"""What can be done with the trainings and consultations of an enrolment, while the organisation takes part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from programme.errors import FieldError, Invalid, NotAllowed
from programme.queries.support_activities import SUPPORT_ACTIVITIES
from programme.rules.enrolments import UNDER_WAY
from programme.rules.lifecycle import REFUSED, Role
from programme.rules.support_activities import ENROLMENT_CLOSED, LIFECYCLE, Kind, State, state
from programme.sentences import Sentence
from programme.services import auditors
from programme.services.moves import judge, within
from programme.tables import Client, Enrolment, Project, SupportActivity
from programme.work import Work

NOT_A_CONSULTANT = Sentence(
    lt="Nurodykite klientą, kuris nėra pačios organizacijos žmogus.",
    en="Name a client who is not of the organisation itself.",
)


async def record(
    work: Work,
    enrolment_id: UUID,
    *,
    kind: Kind,
    topic: Mapping[str, str],
    held_on: date,
    hours: float,
    people: int,
    consultant: UUID | None = None,
    provided_by: str | None = None,
) -> SupportActivity:
    """A training or consultation that was held, or is planned for a day ahead."""
    enrolment = await _taking_part(work, enrolment_id)
    activity = SupportActivity(
        organisation_id=enrolment.organisation_id,
        enrolment_id=enrolment.id,
        kind=kind,
        topic=topic,
        held_on=held_on,
        hours=hours,
        people=people,
        consultant=consultant,
        provided_by=provided_by,
    )
    await _fit(work, enrolment, activity)
    return await work.add(activity, "support_activity.recorded")


async def amend(work: Work, activity_id: UUID, **changes: Any) -> SupportActivity:
    """New particulars, until it is cancelled or taking part has ended."""
    activity = await work.take(SupportActivity, activity_id)
    LIFECYCLE.require(state(work.today, activity.held_on, activity.cancelled_on), State.PLANNED, State.HELD)
    enrolment = await _taking_part(work, activity.enrolment_id)
    activity.assign(changes)
    await _fit(work, enrolment, activity)
    await work.record("support_activity.amended", activity)
    return activity


async def cancel(work: Work, activity_id: UUID, *, reason: str) -> SupportActivity:
    """It counts no more, as it will not be held or was not; it stays on record."""
    activity = await work.take(SupportActivity, activity_id)
    move = await judge(work, SUPPORT_ACTIVITIES, activity.id, "cancel")
    activity.cancelled_on, activity.reason = work.today, reason
    await work.record(move.event, activity)
    return activity


async def _taking_part(work: Work, enrolment_id: UUID) -> Enrolment:
    """The enrolment, which does not end while this is done."""
    enrolment = await work.take(Enrolment, enrolment_id)
    if enrolment.state not in UNDER_WAY:
        raise NotAllowed(REFUSED, reasons=[ENROLMENT_CLOSED])
    return enrolment


async def _fit(work: Work, enrolment: Enrolment, activity: SupportActivity) -> None:
    """Whether the day lies in the project's period, and the consultant comes from outside. An auditor who consults has
    advised the organisation, and does not audit it for two years."""
    project = await work.session.get_one(Project, enrolment.project_id)
    within("/held_on", activity.held_on, earliest=[project.starts_on], latest=[project.ends_on])
    if activity.consultant is not None:
        client = await work.session.get(Client, activity.consultant)
        if client is None or client.role == Role.PROVIDER:
            raise Invalid(FieldError("/consultant", "not_a_consultant", NOT_A_CONSULTANT))
        await auditors.note_advice(work, client.id, enrolment.organisation_id, activity.held_on)
