"""How far a project is: places, stages, support and outcomes against its targets, today and on a day past."""

from __future__ import annotations

from typing import Any

from tests import oracle
from tests.api.test_support_activities import record, taking_part
from tests.world import Caller, World

PATH = "/v1/projects/QUALITY-LT-2/progress"
DONE = {"planned_on": "2026-10-01", "started_on": "2026-10-05", "done_on": "2026-11-20"}


async def put(caller: Caller, path: str, code: str, days: dict[str, Any]) -> None:
    tag = (await caller.get(path)).headers["etag"]
    answer = await caller.request("PUT", f"{path}/stages/{code}", json=days, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def maintenance(caller: Caller, query: str = "") -> dict[str, Any]:
    answer = await caller.get(PATH + query)
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["strands"] if one["code"] == "EQUASS_MAINTENANCE")


async def complete(caller: Caller, path: str, outcome: str) -> None:
    for stage in (await caller.get(path)).json()["stages"]:
        await put(caller, path, stage["code"], DONE)
    assert (await caller.move(path, "complete", {"outcome": outcome})).status_code == 200


async def test_a_project_tells_how_far_each_strand_is_against_its_targets(world: World) -> None:
    coordinator = await world.caller("coordinator")
    before = await coordinator.get(PATH)
    assert (before.json()["success_share"], before.json()["on_target"], before.json()["success_target"]) == (
        None,
        None,
        0.8,
    )
    holder = (await world.organisation())["id"]
    first = await taking_part(world, organisation=holder, unit="I")
    second = await taking_part(world, organisation=holder, unit="II")
    third, _ = await taking_part(world), await taking_part(world, until="in_selection")
    await record(coordinator, first, hours=6.5)
    await record(coordinator, second, hours=3.25)
    await record(coordinator, third, held_on="2027-01-10")
    await put(coordinator, second, "external_audit", {"planned_on": "2026-11-21"})
    await put(coordinator, second, "staff_training_2_days", {"planned_on": "2026-11-22", "started_on": "2026-11-22"})
    await complete(coordinator, first, "maintained")
    world.travel("2026-11-25")
    await complete(coordinator, third, "not_certified")

    told = await maintenance(coordinator)
    assert (told["places_taken"], told["capacity"], told["support_hours"]) == (3, 80, 9.75)
    assert {state: count for state, count in told["enrolments"].items() if count} == {
        "in_selection": 1, "active": 1, "completed": 2,
    }  # fmt: skip
    assert told["stages_late"] == 2
    assert told["stages"][0] == {"code": "staff_training_2_days", "started": 3, "done": 2, "late": 1}
    assert [one["late"] for one in told["stages"]] == [1, 0, 1, 0]
    assert told["outcomes"] == {"certified": 0, "maintained": 1, "not_certified": 1}
    assert told["success_share"] == 0.5
    whole = (await coordinator.get(PATH)).json()
    assert (whole["organisations"], whole["organisations_target"]) == (2, 303)
    assert (whole["success_share"], whole["on_target"], whole["support_hours"]) == (0.5, False, 9.75)
    (strand,) = [
        one for one in (await coordinator.get("/v1/projects/QUALITY-LT-2")).json()["strands"] if one["places_taken"]
    ]
    assert strand["places_taken"] == told["places_taken"]
    await oracle.check(world.database)


async def test_a_past_day_is_told_as_it_was(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = await taking_part(world)
    await put(coordinator, path, "external_audit", {"planned_on": "2026-11-25"})
    activity = await record(coordinator, path)
    world.travel("2026-11-28")
    then = await maintenance(coordinator)
    await coordinator.move(f"{path}/support-activities/{activity['id']}", "cancel", {"reason": "Neįvyko."})
    world.travel("2026-12-05")
    await complete(coordinator, path, "certified")

    assert await maintenance(coordinator, "?as_of=2026-11-27") == then
    assert then["stages_late"] == 1
    now = await maintenance(coordinator)
    assert (now["stages_late"], now["support_hours"], now["success_share"]) == (0, 0, 1.0)
    assert (await maintenance(coordinator, "?as_of=2026-11-21"))["enrolments"]["active"] == 0


async def test_only_who_sees_every_organisation_is_told(world: World) -> None:
    holder = (await world.organisation())["id"]
    for role in ("project_manager", "supervisor", "ops"):
        assert (await (await world.caller(role)).get(PATH)).status_code == 200
    for role in ("auditor", "reviewer", "awarder", "partner"):
        assert (await (await world.caller(role)).get(PATH)).status_code == 403
    assert (await (await world.caller("provider", holder)).get(PATH)).status_code == 403
    assert (await (await world.caller("coordinator")).get("/v1/projects/NONE/progress")).status_code == 404
