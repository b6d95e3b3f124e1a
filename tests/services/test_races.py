"""Many callers at once on a database with real commits: what is scarce is given out exactly as often as there is of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import func, select

from programme.rules.enrolments import HOLDING_A_PLACE, Source, State, new_stages
from programme.rules.scopes import scope
from programme.tables import Enrolment, Event, Strand
from tests.world import NOON, Caller, World


async def until_answered(caller: Caller, path: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
    """The answer; a caller whom the service cannot serve at the moment (503) tries again, as it is told to."""
    while True:
        answer = await caller.post(path, body, headers=headers)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(0.1)


async def in_selection(world: World, count: int) -> list[UUID]:
    """As many enrolments of one organisation's units, each with nothing but the commission's decision ahead of it."""
    holder = await world.organisation()
    async with world.at_work() as work:
        strand = (await work.session.scalars(select(Strand).where(Strand.code == "EQUASS_MAINTENANCE"))).one()
        assert (strand.capacity, strand.places_taken) == (80, 0)
        rows = [
            Enrolment(
                organisation_id=UUID(holder["id"]),
                project_id=strand.project_id,
                strand_id=strand.id,
                scope=scope(unit=f"{number}-asis padalinys"),
                state=State.IN_SELECTION,
                declared_on=work.today,
                stages=new_stages(strand.stages),
                source=Source.ENTRY,
            )
            for number in range(count)
        ]
        for row in rows:
            await work.add(row, "enrolment.drafted")
        return [row.id for row in rows]


async def test_of_a_hundred_selected_at_once_exactly_eighty_get_a_place(racing_world: World) -> None:
    world = racing_world
    world.travel(NOON)
    coordinator, waiting = await world.caller("coordinator"), await in_selection(world, 100)

    answers = await asyncio.gather(
        *(
            until_answered(
                coordinator,
                f"/v1/enrolments/{one}/select",
                {"commission_decision_ref": "KOM-2026-14"},
                **{"If-Match": '"1"'},
            )
            for one in waiting
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 80, 409: 20}
    for answer in answers:
        if answer.status_code == 409:
            (reason,) = answer.json()["reasons"]
            assert (reason["code"], reason["offer"]) == ("strand_full", "put_on_reserve")
    async with world.at_work() as work:
        strand = (await work.session.scalars(select(Strand).where(Strand.code == "EQUASS_MAINTENANCE"))).one()
        held = select(func.count()).where(Enrolment.strand_id == strand.id, Enrolment.state.in_(HOLDING_A_PLACE))
        told = select(func.count()).where(Event.type == "enrolment.selected", Event.resource_version == 2)
        assert (strand.places_taken, await work.session.scalar(held), await work.session.scalar(told)) == (80, 80, 80)


async def test_of_many_drafts_of_one_scope_at_once_one_is_made(racing_world: World) -> None:
    world = racing_world
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    application = {
        "organisation_id": holder["id"],
        "project": "QUALITY-LT-2",
        "strand": "EQUASS_MAINTENANCE",
        "scope": {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None},
    }

    answers = await asyncio.gather(*(until_answered(coordinator, "/v1/enrolments", application) for _ in range(16)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 15}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"enrolment_already_open"}
    assert len((await coordinator.get("/v1/enrolments")).json()["items"]) == 1


async def test_of_two_moves_of_one_version_at_once_one_is_made(racing_world: World) -> None:
    """A selection and a withdrawal: whichever comes first, the other one sees that its version is no longer current."""
    world = racing_world
    world.travel(NOON)
    coordinator, (one, *_) = await world.caller("coordinator"), await in_selection(world, 1)
    path, seen = f"/v1/enrolments/{one}", {"If-Match": '"1"'}

    answers = await asyncio.gather(
        until_answered(coordinator, f"{path}/select", {"commission_decision_ref": "KOM-2026-14"}, **seen),
        until_answered(coordinator, f"{path}/withdraw", {}, **seen),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (made,) = (answer.json() for answer in answers if answer.status_code == 200)
    async with world.at_work() as work:
        taken = await work.session.scalar(select(Strand.places_taken).where(Strand.code == "EQUASS_MAINTENANCE"))
    assert taken == (made["state"] == "selected")
