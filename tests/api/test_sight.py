"""What each role is shown of what it may see: drafts, people, and what is no longer theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from programme.rules.lifecycle import Role
from programme.rules.permissions import may
from programme.tables import Client
from tests.asked import VIEWS
from tests.full import a_full_organisation
from tests.made import a_certificate
from tests.world import Caller, World


async def applicable(caller: Caller, audit: str) -> int:
    """How many criteria the results of the principles count as rated."""
    seen = (await caller.get(f"/v1/assessments/{audit}")).json()
    return sum(principle["applicable"] for principle in seen["principles"])


async def ratings_told(caller: Caller, audit: str) -> tuple[int, int, int, int]:
    """Every way on which a rating is told: the results, the list with its total, the principles, the rating itself."""
    listed = (await caller.get(f"/v1/assessments/{audit}/ratings?include=total")).json()
    principles = (await caller.get(f"/v1/assessments/{audit}/principles")).json()["items"]
    rated = [one["rating"] for principle in principles for one in principle["criteria"] if one["rating"] is not None]
    assert len(listed["items"]) == listed["total"]
    single = (await caller.get(f"/v1/assessments/{audit}/ratings/1.1")).status_code
    return await applicable(caller, audit), listed["total"], len(rated), single


async def test_an_organisation_sees_what_the_auditor_found_once_it_is_handed_in(world: World) -> None:
    audit = await world.assessment(started=True)
    auditor, coordinator = await world.caller("auditor"), await world.caller("coordinator")
    provider = await world.caller("provider", audit["organisation_id"])
    path = f"/v1/assessments/{audit['id']}"
    before = await provider.get(path)
    await world.rate_everything(audit, auditor, "auditor")

    assert await ratings_told(auditor, audit["id"]) == (50, 50, 50, 200)
    assert await ratings_told(provider, audit["id"]) == (0, 0, 0, 404)
    after = await provider.get(path)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])

    assert (await auditor.move(path, "submit")).status_code == 200
    assert await ratings_told(provider, audit["id"]) == (50, 50, 50, 200)
    assert (await coordinator.move(path, "return", {"reason": "Trūksta įrodymų."})).status_code == 200
    assert await ratings_told(provider, audit["id"]) == (0, 0, 0, 404)
    assert await ratings_told(auditor, audit["id"]) == (50, 50, 50, 200)


async def test_an_organisation_sees_its_own_work_all_along_and_its_auditor_does_not(world: World) -> None:
    audit = await world.assessment()
    own = await world.assessment("self_assessment", audit["organisation_id"], started=True)
    provider = await world.caller("provider", audit["organisation_id"])
    rated = await provider.request("PUT", f"/v1/assessments/{own['id']}/ratings/1.1", json={"rating": "met"})
    assert rated.status_code == 201
    assert await ratings_told(provider, own["id"]) == (1, 1, 1, 200)
    auditor = await world.caller("auditor")
    assert (await auditor.get(f"/v1/assessments/{own['id']}")).status_code == 404
    assert [one["id"] for one in (await auditor.get("/v1/assessments")).json()["items"]] == [audit["id"]]


async def test_operators_see_that_there_is_somebody_and_not_who(world: World) -> None:
    full = await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    path = f"/v1/organisations/{full.organisation_id}/contacts"
    (masked,) = (await (await world.caller("ops")).get(path)).json()["items"]
    (open_,) = (await (await world.caller("coordinator")).get(path)).json()["items"]
    assert (open_["name"], open_["email"]) == ("Ona Pavyzdė", "ona@namai.example.lt")
    assert (masked["name"], masked["email"], masked["telephone"]) == (
        "*** *******",
        "***@*****.*******.**",
        "+*** *** *****",
    )
    told = {"name", "email", "telephone"}
    assert {name: value for name, value in masked.items() if name not in told} == {
        name: value for name, value in open_.items() if name not in told
    }


async def test_the_docket_holds_what_was_handed_in_and_who_is_certified(world: World) -> None:
    reviewer, awarder = await world.caller("reviewer"), await world.caller("awarder")
    audit = await world.assessment(started=True)
    held = await a_certificate(world.database, "2025-12-01", reference="LIT2025-301")
    path = f"/v1/assessments/{audit['id']}"

    async def docket(caller: Caller) -> set[str]:
        return {one["id"] for one in (await caller.get("/v1/organisations")).json()["items"]}

    assert await docket(reviewer) == await docket(awarder) == {str(held.organisation)}
    assert (await reviewer.get(path)).status_code == 404
    auditor = await world.caller("auditor")
    await world.rate_everything(audit, auditor, "auditor")
    await auditor.move(path, "submit")
    assert await docket(reviewer) == {str(held.organisation), audit["organisation_id"]}
    assert (await reviewer.move(path, "return", {"reason": "Trūksta."})).status_code == 200
    assert (await reviewer.get(path)).json()["state"] == "in_progress"


async def test_what_is_no_longer_theirs_is_gone_at_the_next_request(world: World) -> None:
    audit = await world.assessment()
    organisation = audit["organisation_id"]
    auditor, another = await world.caller("auditor"), await world.caller("auditor", another=1)
    coordinator = await world.caller("coordinator")
    assert (await auditor.get(f"/v1/organisations/{organisation}")).status_code == 200
    moved = await coordinator.change(f"/v1/assessments/{audit['id']}", {"assessor": another.client_id})
    assert moved.status_code == 200
    assert (await auditor.get(f"/v1/organisations/{organisation}")).status_code == 404
    assert (await another.get(f"/v1/organisations/{organisation}")).status_code == 200

    partner = await world.caller("partner")
    await world.grant(partner, municipality="LT-57")
    assert (await partner.get(f"/v1/organisations/{organisation}")).status_code == 200
    await coordinator.change(f"/v1/organisations/{organisation}", {"municipality": "LT-32"})
    assert (await partner.get(f"/v1/organisations/{organisation}")).status_code == 404

    provider = await world.caller("provider", organisation)
    assert (await provider.get("/v1/organisations?include=total")).json()["total"] == 1
    elsewhere = (await world.organisation())["id"]
    async with world.at_work() as work:
        client = await work.session.get_one(Client, UUID(str(provider.client_id)))
        client.organisation_id = UUID(elsewhere)
    assert (await provider.get(f"/v1/organisations/{organisation}")).status_code == 404
    assert (await provider.get(f"/v1/organisations/{elsewhere}")).status_code == 200


async def test_who_audited_decides_nothing_about_the_certificate(world: World) -> None:
    """A client whose role was another once: roles are for good, and the guard holds where one was changed by hand."""
    auditor = await world.caller("auditor")
    full = await a_full_organisation(world, "LIT2025-301", assessor=UUID(str(auditor.client_id)), reviewer=None)
    async with world.at_work() as work:
        connection = await work.connection()
        await connection.execute("update certificate set assessment_id = $1", full.assessment_id)
        await connection.execute("update annual_report set state = 'with_office' where id = $1", full.annual_report_id)
        await connection.execute("update annual_report_review set reviewed_by = $1", UUID(str(auditor.client_id)))
        await connection.execute("update client set role = 'awarder' where id = $1", UUID(str(auditor.client_id)))
    why = {"reason_code": "other", "reason": "Patikra."}
    for path, verb, body in (
        (f"/v1/certificates/{full.certificate_id}", "suspend", why | {"review_by": "2027-01-01"}),
        (f"/v1/certificates/{full.certificate_id}", "withdraw", why),
        (f"/v1/annual-reports/{full.annual_report_id}", "approve", {}),
    ):
        refused = await auditor.move(path, verb, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "conflict_of_interest"), verb
        assert [reason["code"] for reason in refused.json()["reasons"]] == ["decider_is_auditor"]
        listed = {one["name"]: one for one in (await auditor.get(path)).json()["actions"]}
        assert [reason["code"] for reason in listed[verb]["reasons"]] == ["decider_is_auditor"]
    awarder = await world.caller("awarder")
    assert (await awarder.move(f"/v1/annual-reports/{full.annual_report_id}", "approve")).status_code == 200


async def test_the_use_of_a_key_is_noted_whatever_became_of_the_request(world: World) -> None:
    async def used(caller: Caller) -> datetime | None:
        async with world.database.reading() as connection:
            query = "select last_used_at from api_key where client_id = $1"
            found: datetime | None = await connection.fetchval(query, UUID(str(caller.client_id)))
            return found

    reads, fails, writes = [await world.caller("coordinator", another=one) for one in (1, 2, 3)]
    requests: list[tuple[Caller, str, str, Any]] = [
        (reads, "GET", "/v1/me", None),
        (fails, "GET", "/v1/certificates/LIT1999-999", None),
        (writes, "POST", "/v1/organisations", {}),
    ]
    for caller, method, path, body in requests:
        assert await used(caller) is None
        await caller.request(method, path, **({} if body is None else {"json": body}))
        first = await used(caller)
        assert first is not None
        await caller.get("/v1/me")
        assert await used(caller) == first  # at most once a minute


@pytest.mark.parametrize("path", VIEWS)
def test_what_can_be_read_along_can_be_read(path: str) -> None:
    """An expansion never tells a role what its permissions would not."""
    if not path.startswith("/v1/") or "{" in path:
        return
    view = VIEWS[path]
    for expansion in view.expands.values():
        readers = {role for role in Role if may(role, f"{view.name}.read")}
        assert readers <= {role for role in Role if may(role, f"{expansion.view.name}.read")}
