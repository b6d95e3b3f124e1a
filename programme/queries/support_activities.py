"""Reading the trainings and consultations of an enrolment, one by one and in sum."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, case, func, or_, select

from programme.database import Connection
from programme.queries import views
from programme.queries.views import TODAY, Statement, View, between, compiled, equals, found_in, one_of, said
from programme.rules.support_activities import LIFECYCLE, Kind, State, SupportActivityFacts
from programme.tables import Enrolment, SupportActivity
from programme.work import Actor

_a, _e = SupportActivity.__table__.c, Enrolment.__table__.c


def state_on(day: ColumnElement[Any]) -> ColumnElement[str]:
    """What an activity is on a day; `rules.support_activities.state` says the same."""
    return case(
        (_a.cancelled_on <= day, said(State.CANCELLED.value)),
        (_a.held_on > day, said(State.PLANNED.value)),
        else_=said(State.HELD.value),
    )


def judge(row: Mapping[str, Any], _actor: Actor, _today: date) -> SupportActivityFacts:
    return SupportActivityFacts(state=row["state"], enrolment_state=row["enrolment_state"])


_STATE = state_on(TODAY)

SUPPORT_ACTIVITIES = View(
    name="support_activities",
    source=SupportActivity.__table__.join(Enrolment.__table__, _e.id == _a.enrolment_id),
    id=_a.id,
    version=_a.version,
    fields={
        "id": _a.id,
        "organisation_id": _a.organisation_id,
        "enrolment_id": _a.enrolment_id,
        "kind": _a.kind,
        "topic": _a.topic,
        "held_on": _a.held_on,
        "hours": _a.hours,
        "people": _a.people,
        "consultant": _a.consultant,
        "provided_by": _a.provided_by,
        "state": _STATE,
        "cancelled_on": _a.cancelled_on,
        "reason": _a.reason,
        "version": _a.version,
    },
    keys={"id": _a.id},
    filters={
        "enrolment_id": equals(_a.enrolment_id, "enrolment_id"),
        "kind": one_of(_a.kind, "kind"),
        "state": one_of(_STATE, "state"),
        "consultant": equals(_a.consultant, "consultant"),
        "q": or_(
            found_in(func.fold(func.concat_ws(said(" "), _a.topic["lt"].astext, _a.topic["en"].astext)), "q"),
            found_in(func.fold(_a.provided_by), "q"),
        ),
        **between(_a.held_on, "held_on"),
    },
    sorts={"held_on": _a.held_on, "id": _a.id},
    default_sort="held_on",
    owner=_a.organisation_id,
    facts={"state": _STATE, "enrolment_state": _e.state},
    lifecycle=LIFECYCLE,
    judge=judge,
)


_ACTIVITY_ID = compiled(
    select(_a.id).where(
        _a.id == bindparam("activity", type_=Uuid), _a.enrolment_id == bindparam("enrolment", type_=Uuid)
    )
)


async def activity_id(connection: Connection, enrolment_id: UUID, activity_id: UUID) -> UUID:
    """The id, where the activity is of the enrolment, or `NotFound`."""
    return await views.id_of(connection, _ACTIVITY_ID, activity=activity_id, enrolment=enrolment_id)


_SUMS = Statement(
    """
select kind, count(*)::integer as held, coalesce(sum(hours), 0) as hours, coalesce(sum(people), 0)::integer as attendances,
       max(held_on) as latest_on
  from support_activity
 where enrolment_id = $1 and held_on <= $2 and (cancelled_on is null or cancelled_on > $2)
 group by kind
""",
    ("id", "today"),
    {},
)


async def sums(connection: Connection, enrolment_id: UUID, today: date) -> dict[str, Any]:
    """What an enrolment has had of each kind until the day, and in all."""
    found = {row["kind"]: row for row in await views.rows(connection, _SUMS, id=enrolment_id, today=today)}
    return {
        "enrolment_id": enrolment_id,
        "hours": sum(row["hours"] for row in found.values()),
        "latest_on": max((row["latest_on"] for row in found.values()), default=None),
        **{
            f"{kind}s": {name: found[kind][name] if kind in found else 0 for name in ("held", "hours", "attendances")}
            for kind in Kind
        },
    }
