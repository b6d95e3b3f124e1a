"""Trainings and consultations within an enrolment over HTTP, and what a project has come to by them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from programme.queries.support_activities import state_on
from programme.queries.views import TODAY
from programme.rules import support_activities as rules
from programme.tables import SupportActivity
from tests import oracle
from tests.full import a_full_organisation
from tests.world import Caller, World

TRAINING: dict[str, Any] = {
    "kind": "training", "topic": {"lt": "EQUASS kokybės principai", "en": "EQUASS principles"},
    "held_on": "2026-11-12", "hours": 6.5, "people": 14, "provided_by": "VšĮ Valakupių reabilitacijos centras",
}  # fmt: skip
CONSULTATION = {
    **TRAINING,
    "kind": "consultation",
    "hours": 1.25,
    "people": 2,
    "topic": {"lt": "Ąudito", "en": "Audit"},
}
WHY = {"reason": "Perkelta į kitą pusmetį."}


async def taking_part(
    world: World, *, unit: str = "Dienos centras", organisation: Any = None, until: str = "active"
) -> str:
    """The address of an enrolment in the maintenance strand, walked up to the state."""
    coordinator = await world.caller("coordinator")
    holder = organisation or (await world.organisation())["id"]
    made = await coordinator.post(
        "/v1/enrolments",
        {
            "organisation_id": holder, "project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE",
            "scope": {"services": [], "sites": [], "unit": unit}, "declared_on": "2026-11-20",
        },
    )  # fmt: skip
    assert made.status_code == 201, made.text
    path = f"/v1/enrolments/{made.json()['id']}"
    road = [
        ("submit", {}), ("start-review", {}), ("select", {"commission_decision_ref": "KOM-2026-14"}),
        ("sign-agreement", {"agreement_number": f"EQUASS-{path[-12:]}", "signed_on": "2026-11-20"}),
    ]  # fmt: skip
    for verb, body in road:
        if (await coordinator.get(path)).json()["state"] == until:
            break
        assert (await coordinator.move(path, verb, body)).status_code == 200
    return path


async def record(caller: Caller, path: str, **more: Any) -> dict[str, Any]:
    made = await caller.post(f"{path}/support-activities", {**TRAINING, **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_trainings_and_consultations_are_recorded_changed_cancelled_and_summed(world: World) -> None:
    path = await taking_part(world)
    coordinator = await world.caller("coordinator")
    assert (await coordinator.get(f"{path}/support")).json()["hours"] == 0
    training = await record(coordinator, path)
    assert (training["state"], training["hours"], training["people"]) == ("held", 6.5, 14)
    auditor = await world.caller("auditor")
    advice = await record(coordinator, path, **CONSULTATION, consultant=auditor.client_id)
    planned = await record(coordinator, path, held_on="2026-12-10", hours=3)
    assert (planned["state"], advice["consultant"]) == ("planned", auditor.client_id)

    activities = f"{path}/support-activities"
    changed = await coordinator.change(f"{activities}/{training['id']}", {"people": 12, "hours": 6})
    assert (changed.json()["people"], changed.json()["hours"]) == (12, 6)
    wrong = await record(coordinator, path, hours=100)
    cancelled = await coordinator.move(f"{activities}/{wrong['id']}", "cancel", WHY)
    assert (cancelled.json()["state"], cancelled.json()["cancelled_on"]) == ("cancelled", "2026-11-22")
    assert cancelled.json()["actions"][0]["href"] == f"{activities}/{wrong['id']}/cancel"
    again = await coordinator.move(f"{activities}/{wrong['id']}", "cancel", WHY)
    assert (again.status_code, again.json()["reasons"][0]["code"]) == (409, "wrong_state")
    assert (await coordinator.change(f"{activities}/{wrong['id']}", {"people": 1})).status_code == 409

    assert (await coordinator.get(f"{path}/support")).json() == {
        "enrolment_id": path.rpartition("/")[2], "hours": 7.25, "latest_on": "2026-11-12",
        "trainings": {"held": 1, "hours": 6, "attendances": 12},
        "consultations": {"held": 1, "hours": 1.25, "attendances": 2},
    }  # fmt: skip
    world.travel("2026-12-10")
    assert (await coordinator.get(f"{path}/support")).json()["trainings"]["held"] == 2
    assert [event.type for event in await world.events(wrong["id"])] == [
        "support_activity.recorded", "support_activity.cancelled",
    ]  # fmt: skip
    await oracle.check(world.database)


async def test_they_are_found_by_kind_state_consultant_and_day(world: World) -> None:
    path, other = await taking_part(world), await taking_part(world)
    coordinator, auditor = await world.caller("coordinator"), await world.caller("auditor")
    advice = await record(coordinator, path, **CONSULTATION, consultant=auditor.client_id)
    training = await record(coordinator, path, held_on="2026-11-13")
    planned = await record(coordinator, path, held_on="2027-01-10")
    foreign = await record(coordinator, other)

    async def found(query: str) -> list[str]:
        listed = await coordinator.get(f"{path}/support-activities?{query}")
        assert listed.status_code == 200, listed.text
        return [item["id"] for item in listed.json()["items"]]

    every = [advice["id"], training["id"], planned["id"]]
    assert await found("") == every
    assert await found("sort=-held_on&limit=1") == [planned["id"]]
    assert await found("kind=consultation") == await found(f"consultant={auditor.client_id}") == [advice["id"]]
    assert await found("q=audito") == [advice["id"]]
    assert await found("q=valakupiu") == every
    assert await found("state=planned") == [planned["id"]]
    assert await found("state=held&held_on[gte]=2026-11-13&held_on[lte]=2026-12-01") == [training["id"]]
    assert (await coordinator.get(f"{path}/support-activities/{foreign['id']}")).status_code == 404
    assert (await coordinator.get(f"{other}/support-activities/{foreign['id']}")).status_code == 200
    assert (await coordinator.change(f"{path}/support-activities/{foreign['id']}", {"people": 1})).status_code == 404


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"hours": 0}, "/hours", "greater_than"),
        ({"hours": 0.3}, "/hours", "multiple_of"),
        ({"hours": "6"}, "/hours", "float_type"),
        ({"people": -1}, "/people", "greater_than_equal"),
        ({"kind": "party"}, "/kind", "enum"),
        ({"held_on": "2023-08-17"}, "/held_on", "date_too_early"),
        ({"held_on": "2029-02-01"}, "/held_on", "date_too_late"),
        ({"consultant": str(UUID(int=5))}, "/consultant", "not_a_consultant"),
        ({"topic": {"lt": "Tik lietuviškai"}}, "/topic/en", "missing"),
    ],
)
async def test_what_is_recorded_is_checked(world: World, more: dict[str, Any], pointer: str, code: str) -> None:
    path = await taking_part(world)
    refused = await (await world.caller("coordinator")).post(f"{path}/support-activities", {**TRAINING, **more})
    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]


async def test_nobody_of_the_organisation_itself_is_its_consultant(world: World) -> None:
    path = await taking_part(world)
    coordinator = await world.caller("coordinator")
    own = await world.caller("provider", (await coordinator.get(path)).json()["organisation_id"])
    refused = await coordinator.post(f"{path}/support-activities", {**TRAINING, "consultant": own.client_id})
    assert [one["code"] for one in refused.json()["errors"]] == ["not_a_consultant"]


async def test_an_auditor_who_consults_has_advised_and_audits_nobody_there(world: World) -> None:
    path = await taking_part(world)
    coordinator, auditor = await world.caller("coordinator"), await world.caller("auditor")
    organisation = (await coordinator.get(path)).json()["organisation_id"]
    for held_on in ("2026-11-20", "2026-11-12"):
        await record(coordinator, path, consultant=auditor.client_id, held_on=held_on)
    ((known,),) = [
        one["advised"]
        for one in (await coordinator.get("/v1/auditors")).json()["items"]
        if one["client_id"] == auditor.client_id
    ]
    assert known == {"organisation_id": organisation, "until_on": "2026-11-20"}
    refused = await coordinator.post(
        "/v1/assessments",
        {
            "organisation_id": organisation, "kind": "external_audit", "standard_version": "EQUASS-2018",
            "level": "ASSURANCE", "scope": {}, "assessor": auditor.client_id,
        },
    )  # fmt: skip
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/assessor")
    await oracle.check(world.database)


async def test_support_is_written_down_while_the_organisation_takes_part(world: World) -> None:
    coordinator = await world.caller("coordinator")
    waiting = await taking_part(world, until="in_selection")
    early = await coordinator.post(f"{waiting}/support-activities", TRAINING)
    assert (early.status_code, early.json()["reasons"][0]["code"]) == (409, "enrolment_not_active")
    path = await taking_part(world)
    kept = await record(coordinator, path)
    assert (await coordinator.move(path, "terminate", WHY)).status_code == 200
    at = f"{path}/support-activities"
    for answer in (
        await coordinator.post(at, TRAINING),
        await coordinator.change(f"{at}/{kept['id']}", {"people": 1}),
        await coordinator.move(f"{at}/{kept['id']}", "cancel", WHY),
    ):
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (409, "enrolment_not_active")
    (action,) = (await coordinator.get(f"{at}/{kept['id']}")).json()["actions"]
    assert (action["allowed"], action["reasons"][0]["code"]) == (False, "enrolment_not_active")
    assert (await coordinator.get(f"{path}/support")).json()["hours"] == 6.5


async def test_who_sees_support_and_who_writes_it_down(world: World) -> None:
    path = await taking_part(world)
    activity = await record(await world.caller("coordinator"), path)
    organisation = (await (await world.caller("coordinator")).get(path)).json()["organisation_id"]
    provider = await world.caller("provider", organisation)
    stranger = await world.caller("provider", (await world.organisation())["id"])
    at = f"{path}/support-activities/{activity['id']}"
    assert (await provider.get(at)).json()["actions"] == []
    for address in (at, f"{path}/support", f"{path}/support-activities"):
        assert (await provider.get(address)).status_code == 200
        assert (await stranger.get(address)).status_code == 404
    assert (await provider.post(f"{path}/support-activities", TRAINING)).status_code == 403
    assert (await provider.move(at, "cancel", WHY)).status_code == 403


async def test_sql_and_the_pure_rule_say_the_same_of_every_day(world: World) -> None:
    full = await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    day, one = date(2026, 11, 22), SupportActivity.id == full.activity_id
    around = [day + timedelta(days=days) for days in range(-2, 3)]
    async with world.at_work() as work:
        for held_on in around:
            for cancelled_on in (None, *around):
                reason = None if cancelled_on is None else "…"
                values = {"held_on": held_on, "cancelled_on": cancelled_on, "reason": reason}
                await work.session.execute(update(SupportActivity).where(one).values(**values))
                found = await work.session.scalar(select(state_on(TODAY)).where(one), {"today": day})
                assert found == rules.state(day, held_on, cancelled_on)
