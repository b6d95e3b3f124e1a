"""Auditors: who is licensed and independent audits, and nobody else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from programme.services import clients
from tests import oracle
from tests.world import Caller, World

EVERY_DAY = {"standard": "EQUASS", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


async def an_auditor(world: World, **record: Any) -> tuple[Caller, dict[str, Any]]:
    made = await clients.create_client(world.database, "auditor", "Jonas")
    coordinator = await world.caller("coordinator")
    entered = await coordinator.post("/v1/auditors", {"client_id": made["client_id"], **record})
    assert entered.status_code == 201, entered.text
    return Caller(world.http, made["key"], made["client_id"]), entered.json()


def planned(auditor: Caller, holder: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "organisation_id": holder["id"], "kind": "external_audit", "standard_version": "EQUASS-2018", "level": "ASSURANCE",
        "scope": {}, "assessor": auditor.client_id, **more,
    }  # fmt: skip


async def test_an_auditor_is_entered_read_and_changed(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    advice = {"organisation_id": holder["id"], "until_on": "2026-06-30"}
    auditor, record = await an_auditor(world, licences=[EVERY_DAY], advised=[advice])
    other, _ = await an_auditor(world)
    path = f"/v1/auditors/{record['id']}"
    assert (record["name"], record["licences"], record["advised"]) == ("Jonas", [EVERY_DAY], [advice])
    assert [one["id"] for one in (await auditor.get("/v1/auditors")).json()["items"]] == [record["id"]]
    assert (await auditor.get(path)).json() == record
    assert (await other.get(path)).status_code == 404
    assert (await (await world.caller("auditor")).get("/v1/auditors?standard=EQUASS")).json()["items"] != [record]
    assert [one["id"] for one in (await coordinator.get("/v1/auditors?standard=EQUASS")).json()["items"]][:1] == [
        record["id"]
    ]
    longer, next_one = (
        EVERY_DAY | {"valid_until": "2027-12-31"},
        EVERY_DAY | {"valid_from": "2028-01-01", "valid_until": "2028-12-31"},
    )
    changed = (await coordinator.change(path, {"licences": [longer, next_one]})).json()
    assert (changed["licences"], changed["advised"]) == ([longer, next_one], [advice])
    changed = (
        await coordinator.change(path, {"advised": [advice | {"until_on": "2026-07-31"}], "licences": [next_one]})
    ).json()
    assert (changed["licences"], changed["advised"][0]["until_on"]) == ([next_one], "2026-07-31")
    assert (await coordinator.change(path, {"advised": []})).json()["advised"] == []
    assert (await auditor.change(path, {"licences": [EVERY_DAY]})).status_code == 403
    assert (await (await world.caller("provider", holder["id"])).get(path)).status_code == 403
    await oracle.check(world.database)


async def test_what_an_auditor_cannot_be_is_pointed_at(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    made = await clients.create_client(world.database, "auditor", "Jonas")
    advice = {"organisation_id": holder["id"], "until_on": "2026-06-30"}
    for body, pointer, code in (
        ({"client_id": coordinator.client_id}, "/client_id", "not_an_auditor"),
        ({"client_id": str(uuid4())}, "/client_id", "not_an_auditor"),
        ({"licences": [EVERY_DAY | {"standard": "ISO"}]}, "/licences/0/standard", "unknown_standard"),
        ({"licences": [EVERY_DAY, EVERY_DAY]}, "/licences/1/valid_from", "licence_given_twice"),
        ({"advised": [advice, advice]}, "/advised/1/organisation_id", "advised_given_twice"),
        (
            {"advised": [advice | {"organisation_id": str(uuid4())}]},
            "/advised/0/organisation_id",
            "unknown_organisation",
        ),
    ):
        refused = await coordinator.post("/v1/auditors", {"client_id": made["client_id"], **body})
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]


async def test_there_is_one_record_of_an_auditor_and_a_licence_has_a_length(world: World) -> None:
    coordinator = await world.caller("coordinator")
    auditor, record = await an_auditor(world)
    again = await coordinator.post("/v1/auditors", {"client_id": auditor.client_id})
    assert (again.status_code, again.json()["code"]) == (409, "auditor_already_entered")
    short = {"licences": [EVERY_DAY | {"valid_until": "2025-12-31"}]}
    refused = await coordinator.change(f"/v1/auditors/{record['id']}", short)
    assert (refused.status_code, refused.json()["code"]) == (409, "licence_ends_before_start")


async def test_nobody_is_assigned_without_a_licence_for_the_day(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    bare = await clients.create_client(world.database, "auditor", "Be įrašo")
    unknown = Caller(world.http, bare["key"], bare["client_id"])
    other, _ = await an_auditor(world, licences=[EVERY_DAY | {"standard": "NOKAS"}])
    auditor, _ = await an_auditor(world, licences=[EVERY_DAY])
    for one, day in ((unknown, None), (other, None), (auditor, "2027-01-01"), (auditor, "2025-12-31")):
        refused = await coordinator.post("/v1/assessments", planned(one, holder, planned_on=day))
        assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [("/assessor", "auditor_not_licensed")]
    made = await coordinator.post("/v1/assessments", planned(auditor, holder, planned_on="2026-12-31"))
    assert made.status_code == 201
    path = f"/v1/assessments/{made.json()['id']}"
    for change in ({"assessor": other.client_id}, {"planned_on": "2027-01-01"}):
        assert (await coordinator.change(path, change)).json()["errors"][0]["code"] == "auditor_not_licensed"


async def test_an_audit_begins_and_is_rated_while_the_licence_lasts(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    auditor, record = await an_auditor(world, licences=[EVERY_DAY])
    audit = (await coordinator.post("/v1/assessments", planned(auditor, holder))).json()
    path = f"/v1/assessments/{audit['id']}"
    world.travel("2027-01-01")
    refused = await auditor.move(path, "start")
    assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "auditor_not_licensed")
    (start,) = [one for one in (await auditor.get(path)).json()["actions"] if one["name"] == "start"]
    assert [one["code"] for one in start["reasons"]] == ["auditor_not_licensed"]
    world.travel("2026-12-31")
    assert (await auditor.move(path, "start", {"effective_on": "2026-12-30"})).status_code == 200
    rating = {"rating": "not_met"}
    assert (await auditor.request("PUT", f"{path}/ratings/3.2", json=rating)).status_code == 201
    world.travel("2027-01-01")
    late = await auditor.request("PUT", f"{path}/ratings/3.1", json=rating)
    assert (late.status_code, late.json()["reasons"][0]["code"]) == (409, "auditor_not_licensed")
    renewed = {"licences": [EVERY_DAY | {"valid_until": "2029-12-31"}]}
    await coordinator.change(f"/v1/auditors/{record['id']}", renewed)
    assert (await auditor.request("PUT", f"{path}/ratings/3.1", json=rating)).status_code == 201


async def test_an_earlier_day_of_beginning_needs_its_licence_too(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    auditor, _ = await an_auditor(world, licences=[EVERY_DAY | {"valid_from": "2026-11-20"}])
    audit = (await coordinator.post("/v1/assessments", planned(auditor, holder))).json()
    path = f"/v1/assessments/{audit['id']}"
    refused = await auditor.move(path, "start", {"effective_on": "2026-11-19"})
    assert refused.status_code == 422, "nothing stands in the way of beginning but the day"
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [("/effective_on", "auditor_not_licensed")]
    assert (await auditor.move(path, "start", {"effective_on": "2026-11-20"})).status_code == 200


@pytest.mark.parametrize(("until_on", "free"), [("2024-11-22", True), ("2024-11-23", False), ("2027-01-01", False)])
async def test_two_years_lie_between_advice_and_an_audit(world: World, until_on: str, free: bool) -> None:
    coordinator, holder, other = (
        await world.caller("coordinator"),
        await world.organisation(),
        await world.organisation(),
    )
    advice = {"organisation_id": holder["id"], "until_on": until_on}
    licence = EVERY_DAY | {"valid_from": "2020-01-01", "valid_until": "2039-12-31"}
    auditor, record = await an_auditor(world, licences=[licence], advised=[advice])
    assert (await coordinator.post("/v1/assessments", planned(auditor, other))).status_code == 201
    made = await coordinator.post("/v1/assessments", planned(auditor, holder))
    assert made.status_code == (201 if free else 422)
    if not free:
        assert made.json()["errors"][0]["code"] == "auditor_not_independent"
        await coordinator.change(f"/v1/auditors/{record['id']}", {"advised": []})
        audit = (await coordinator.post("/v1/assessments", planned(auditor, holder))).json()
        await coordinator.change(f"/v1/auditors/{record['id']}", {"advised": [advice]})
        refused = await coordinator.move(f"/v1/assessments/{audit['id']}", "start")
        assert [one["code"] for one in refused.json()["reasons"]] == ["auditor_not_independent"]
        assert refused.json()["reasons"][0]["independent_on"] == f"{int(until_on[:4]) + 2}{until_on[4:]}"
        own = {"kind": "self_assessment", "assessor": None}
        assert (await coordinator.post("/v1/assessments", planned(auditor, holder) | own)).status_code == 201
