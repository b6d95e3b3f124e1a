"""Who audits and who reviews: candidates with what keeps them from it, and the same conflicts when they are assigned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from programme.services import clients
from tests.world import Caller, World

LICENCE = {"standard": "EQUASS", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


def at(assessment: dict[str, Any]) -> str:
    return f"/v1/assessments/{assessment['id']}"


async def an_auditor(world: World, name: str, organisation: Any = None, **record: Any) -> Caller:
    whose = UUID(organisation["id"]) if organisation else None
    made = await clients.create_client(world.database, "auditor", name, whose)
    entered = await (await world.caller("coordinator")).post("/v1/auditors", {"client_id": made["client_id"], **record})
    assert entered.status_code == 201, entered.text
    return Caller(world.http, made["key"], made["client_id"])


async def candidates(world: World, assessment: dict[str, Any]) -> list[tuple[str, list[str]]]:
    found = (await (await world.caller("coordinator")).get(f"{at(assessment)}/candidates")).json()["items"]
    assert all(one["eligible"] == (not one["reasons"]) for one in found)
    return [
        (one["name"], [reason["code"] for reason in one["reasons"]])
        for one in found
        if one["name"] != "auditor 0"  # whom `World.assessment` brings along
    ]


async def test_candidates_are_listed_with_what_keeps_them_from_it(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    advice = {"organisation_id": holder["id"], "until_on": "2025-06-30"}
    await an_auditor(world, "Žygis Laisvas", licences=[LICENCE])
    await an_auditor(world, "Čiurlys Laisvas", licences=[LICENCE])
    await an_auditor(world, "Ona Be licencijos", licences=[LICENCE | {"standard": "NOKAS"}])
    await an_auditor(world, "Rasa Konsultavo", licences=[LICENCE | {"valid_until": "2026-11-30"}], advised=[advice])
    await an_auditor(world, "Jonas Savas", holder, licences=[LICENCE])
    bare = await clients.create_client(world.database, "auditor", "Algis Be įrašo")
    audit = await world.assessment(organisation_id=holder["id"], assessor=None, planned_on="2026-12-10")

    assert await candidates(world, audit) == [
        ("Čiurlys Laisvas", []),
        ("Žygis Laisvas", []),
        ("Algis Be įrašo", ["auditor_not_licensed"]),
        ("Jonas Savas", ["auditor_of_the_organisation"]),
        ("Ona Be licencijos", ["auditor_not_licensed"]),
        ("Rasa Konsultavo", ["auditor_not_licensed", "auditor_not_independent"]),
    ]
    found = {one["name"]: one for one in (await coordinator.get(f"{at(audit)}/candidates")).json()["items"]}
    assert found["Rasa Konsultavo"]["reasons"][1]["independent_on"] == "2027-06-30"
    assert (found["Algis Be įrašo"]["auditor_id"], found["Algis Be įrašo"]["client_id"]) == (None, bare["client_id"])
    for name, one in found.items():
        answer = await coordinator.move(at(audit), "assign", {"assessor": one["client_id"]})
        told = [error["code"] for error in answer.json().get("errors", [])]
        assert told == [reason["code"] for reason in one["reasons"]], name
        assert answer.status_code == (200 if one["eligible"] else 422)
    assert (await (await world.caller("supervisor")).get(f"{at(audit)}/candidates")).status_code == 403
    own = await world.assessment("self_assessment", holder["id"])
    assert {tuple(reasons) for _, reasons in await candidates(world, own)} == {("assessor_role_does_not_fit",)}


async def test_a_candidate_shows_what_they_have_in_hand_and_when_they_were_there(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    auditor = await world.caller("auditor")
    await world.finished_audit(holder["id"])
    await world.assessment()
    audit = await world.assessment(organisation_id=holder["id"], assessor=None)
    (one,) = (await coordinator.get(f"{at(audit)}/candidates")).json()["items"]
    assert (one["client_id"], one["open_audits"], one["last_audited_on"]) == (auditor.client_id, 1, "2026-11-22")


async def test_who_audits_changes_until_the_audit_is_handed_in_and_who_reviews_until_the_review(world: World) -> None:
    coordinator, reviewer = await world.caller("coordinator"), await world.caller("reviewer")
    first, second = await world.caller("auditor"), await world.caller("auditor", another=1)
    audit = await world.assessment(started=True)
    assert (await coordinator.move(at(audit), "assign", {"assessor": second.client_id})).status_code == 200
    assert ((await first.get(at(audit))).status_code, (await second.get(at(audit))).status_code) == (404, 200)
    left = await coordinator.move(at(audit), "assign", {"assessor": None})
    assert [(one["pointer"], one["code"]) for one in left.json()["errors"]] == [("/assessor", "assessor_not_assigned")]
    await world.rate_everything(audit, second, "auditor")
    assert (await second.move(at(audit), "submit")).status_code == 200

    late = await coordinator.move(at(audit), "assign", {"assessor": first.client_id})
    assert late.status_code == 422, "a reviewer can still be named: what stands in the way is the auditor"
    assert [(one["pointer"], one["code"]) for one in late.json()["errors"]] == [("/assessor", "assessor_fixed")]
    assigned = await coordinator.move(at(audit), "assign", {"reviewer": reviewer.client_id})
    assert (assigned.json()["reviewer"], assigned.json()["assessor"]) == (reviewer.client_id, second.client_id)
    event = (await world.events(audit["id"]))[-1]
    assert (event.type, event.data) == ("assessment.assigned", {"reviewer": reviewer.client_id})
    assert (await reviewer.move(at(audit), "start-review")).status_code == 200
    refused = await coordinator.move(at(audit), "assign", {"reviewer": None})
    assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("role", ["reviewer", "awarder"])
async def test_nobody_reviews_the_organisation_that_they_belong_to(world: World, role: str) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    theirs = await world.caller(role, holder["id"])
    audit = await world.assessment(organisation_id=holder["id"])
    for answer in (
        await coordinator.move(at(audit), "assign", {"reviewer": theirs.client_id}),
        await coordinator.change(at(audit), {"reviewer": theirs.client_id}),
    ):
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
            ("/reviewer", "reviewer_of_the_organisation")
        ]


async def test_an_assignment_names_somebody(world: World) -> None:
    audit = await world.assessment()
    answer = await (await world.caller("coordinator")).move(at(audit), "assign", {})
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("", "nobody_named")]
