"""/v1/work-queue: what waits for whoever asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.access import Caller
from api.deps import Reading, reads
from api.resources import Resource
from programme.queries import views, work_queue
from programme.queries.views import View
from programme.rules.work_queue import DUTIES, Kind
from schemas import work_queue as wire

router = Resource("/v1/work-queue", "work-queue")


@router.get("", response_model=wire.WorkQueue, summary="List what waits for me")
async def list_work(
    door: Annotated[Reading, reads("work_queue.read")], asked: Annotated[wire.WorkQueueQuery, Query()]
) -> Response:
    """What the caller's role has to do next, within their sight, the first due first: applications to review, reports
    to forward and suspensions to review for the coordinator; audits to carry out and reports to comment on for an
    auditor; audits to review, certificates to decide on and reports to approve for reviewers and awarders; reports due,
    assessments to fill in and agreements to sign for a provider; erasures for operators. Each with the action that it
    waits for, as it stands in the resource's `actions`."""
    caller = door.caller
    kinds = tuple(kind for kind in _kinds_of(caller) if asked.kind is None or kind in asked.kind)
    filters = asked.filters("organisation_id", "municipality", "overdue", "due_on_lte")
    given: dict[str, Any] = {**filters, "today": caller.today, **caller.sight.values}
    conditions, sees = frozenset(filters), caller.sight.sees
    with_total = "total" in answers.names("include", asked.include, ("total",))
    who = [caller.actor.id, caller.test_clock]
    bound_to = json.dumps(["work_queue", kinds, sorted(filters.items()), *who], default=str)
    rows: list[Any] = []
    if asked.cursor is not None:
        reached = door.request.app.state.cursors.open(asked.cursor, bound_to)
        given |= {f"after_{place}": value for place, value in enumerate(reached)}
    if kinds:
        page = work_queue.page_statement(kinds, conditions, sees, asked.cursor is not None, asked.limit + 1)
        rows = await views.rows(door.connection, page, **given)
    next_cursor = None
    if len(rows) > asked.limit:
        rows = rows[: asked.limit]
        last = rows[-1]
        next_cursor = door.request.app.state.cursors.seal([last["due"], last["id"], last["kind"]], bound_to)
    body: dict[str, Any] = {"items": await _items(door, rows), "next_cursor": next_cursor}
    if with_total:
        counted = (
            await views.rows(door.connection, work_queue.count_statement(kinds, conditions, sees), **given)
            if kinds
            else []
        )
        body["total"] = sum(row["n"] for row in counted)
        body["counts"] = [
            {"kind": row["kind"], "count": row["n"], "overdue": row["overdue"]} for row in counted if row["n"]
        ]
    return answers.plain(door, answers.as_json(body), next_cursor)


def _kinds_of(caller: Caller) -> list[Kind]:
    """What can wait for the caller at all: duties of their role about what they may read."""
    return [
        kind for kind, duty in DUTIES.items() if caller.role in duty.roles and caller.actor.may(f"{duty.resource}.read")
    ]


async def _items(door: Reading, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    facts = await _facts(door, rows)
    return [_item(door.caller, row, facts.get(row["id"])) for row in rows]


async def _facts(door: Reading, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Mapping[str, Any]]:
    """What the guards look at, of all items: one question for each resource that has a lifecycle."""
    found: dict[UUID, Mapping[str, Any]] = {}
    for name in dict.fromkeys(DUTIES[Kind(row["kind"])].resource for row in rows):
        if (view := work_queue.VIEWS[name]).lifecycle is not None:
            ids = [row["id"] for row in rows if DUTIES[Kind(row["kind"])].resource == name]
            given = {"ids": ids, "today": door.caller.today, **door.caller.sight.values}
            for row in await views.rows(door.connection, work_queue.facts_statement(view), **given):
                found[row["id"]] = row
    return found


def _item(caller: Caller, row: Mapping[str, Any], facts: Mapping[str, Any] | None) -> dict[str, Any]:
    kind = Kind(row["kind"])
    duty = DUTIES[kind]
    view = work_queue.VIEWS[duty.resource]
    due_on = row["due_on"]
    href = f"{_list_of(view, row)}/{row['id']}"
    return {
        "kind": kind,
        "resource": {"type": duty.resource.removesuffix("s"), "id": row["id"]},
        "organisation": {"id": row["organisation_id"], "name": row["organisation"]},
        "due_on": due_on,
        "overdue": due_on is not None and due_on < caller.today,
        "reason": {"code": kind, "message": duty.sentence.say(caller.language)},
        "href": href,
        "action": answers.action(caller, view, duty.move, facts, href) if caller.actor.may(duty.permission) else None,
    }


def _list_of(view: View, row: Mapping[str, Any]) -> str:
    if view.name == "contacts":
        return f"/v1/organisations/{row['organisation_id']}/contacts"
    return answers.path_of(view)
