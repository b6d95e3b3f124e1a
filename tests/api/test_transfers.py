"""A certificate passes to its holder's legal successor: what goes along, what stays, and who sees it from then on."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from programme.rules.lifecycle import Role
from programme.services.daily import catch_up
from programme.tables import AnnualReport
from programme.work import Actor
from tests import oracle
from tests.api.test_certificate_decisions import codes, done, history, revisions
from tests.api.test_certificates import SCOPE, a_certificate, a_draft, a_grantable_draft, actions
from tests.made import a_certificate as made_certificate
from tests.world import World

LATER = {"new_due_on": "2028-01-20", "reason": "Reorganizacija."}


async def successor(world: World, former: str, **more: Any) -> str:
    made = await world.organisation(name="Ąžuolyno ir Salako namai", municipality="LT-32", succeeds_id=former, **more)
    assert made["succeeds_id"] == former
    return str(made["id"])


def transfer(holder: str, **more: Any) -> dict[str, Any]:
    return {"organisation_id": holder, "document_ref": "REORG-2027-3", "decision_ref": "AC-2027-9", **more}


async def test_the_certificate_passes_with_all_that_hangs_on_it_and_the_former_holder_sees_none_of_it(
    world: World,
) -> None:
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    path = await a_certificate(world)
    before = (await awarder.get(path)).json()
    former = before["organisation_id"]
    holder = await successor(world, former)
    losing, gaining = await world.caller("provider", former), await world.caller("provider", holder)
    await done(losing, path, "request-cancellation", {"reason": "Reorganizacija."})
    world.travel("2028-03-01")
    await catch_up(world.database)  # the first report is delinquent, and has its case
    reports = (await losing.get(f"/v1/annual-reports?certificate_id={before['id']}&sort=due_on")).json()["items"]
    assert [(await losing.get(f"/v1/annual-reports/{report['id']}")).status_code for report in reports] == [200, 200]

    after = await done(awarder, path, "transfer", transfer(holder, effective_on="2028-02-01"))

    assert (after["organisation_id"], after["reference"], after["revision"]) == (holder, "LIT2026-101", 2)
    same = ("certified_on", "valid_from", "expires_on", "scope", "assessment_id")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["cancellation_requested_on"] is None
    for gone in (path, f"{path}/history", f"{path}/revisions", *(f"/v1/annual-reports/{one['id']}" for one in reports)):
        assert (await losing.get(gone)).status_code == 404
        assert (await gaining.get(gone)).status_code == 200
    assert (await losing.get("/v1/certificates?include=total")).json()["total"] == 0
    assert (await losing.get("/v1/annual-reports?include=total")).json()["total"] == 0
    assert (await gaining.get("/v1/certificates?include=total")).json()["total"] == 1
    (case,) = (await coordinator.get("/v1/compliance-cases")).json()["items"]
    assert case["organisation_id"] == holder
    assert (await coordinator.get("/v1/certificates?municipality=LT-32&include=total")).json()["total"] == 1

    assert [(one["number"], one["organisation_id"], one["effective_on"]) for one in await revisions(gaining, path)] == [
        (1, former, "2026-11-22"), (2, holder, "2028-02-01"),
    ]  # fmt: skip
    assert (await history(gaining, path))[-1]["details"] == {
        "document_ref": "REORG-2027-3", "organisation_id": holder, "previous_organisation_id": former,
    }  # fmt: skip
    for resource in (before["id"], case["id"], *(one["id"] for one in reports)):
        event = (await world.events(resource))[-1]
        assert event.type.endswith(".transferred")
        assert (event.previous["organisation_id"], event.data["organisation_id"]) == (former, holder)
        assert str(event.organisation_id) == holder
    entry = (await world.nobody.get("/public/v1/certificates/LIT2026-101")).json()
    assert entry["organisation"]["name"] == "Ąžuolyno ir Salako namai"
    assert [one["kind"] for one in entry["history"]] == ["granted", "transferred"]
    await oracle.check(world.database)

    audit = await losing.get(f"/v1/assessments/{before['assessment_id']}")
    assert (audit.status_code, (await gaining.get(f"/v1/assessments/{before['assessment_id']}")).status_code) == (
        200,
        404,
    )
    assert (await actions(awarder, path))["suspend"] == []
    suspension = {"reason_code": "report_delinquent", "reason": "Nepateikta.", "review_by": "2028-04-01"}
    assert (await done(awarder, path, "suspend", suspension))["status"] == "suspended"
    world.travel("2029-11-23")
    await catch_up(world.database)
    await oracle.check(world.database)


async def test_both_holders_are_told_of_the_transfer_and_only_the_new_one_of_what_follows(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    one = (await awarder.get(path)).json()
    former, holder = one["organisation_id"], await successor(world, one["organisation_id"])
    await done(awarder, path, "transfer", transfer(holder))
    await done(awarder, path, "amend", {"reason": "Pasamdyta.", "staff": 3})

    async def seen(whose: str) -> list[str]:
        async with world.at_work(Actor("client", str(UUID(int=9)), Role.PROVIDER, UUID(whose))) as work:
            query = "select type from event where resource_id = :id order by resource_version"
            return list(await work.session.scalars(text(query), {"id": UUID(one["id"])}))

    assert await seen(former) == ["certificate.drafted", "certificate.granted", "certificate.transferred"]
    assert await seen(holder) == ["certificate.transferred", "certificate.amended"]
    line = (await (await world.caller("provider", former)).get(f"/v1/organisations/{former}/timeline")).json()["items"]
    (handed_over,) = [step for step in line if step["kind"] == "certificate_handed_over"]
    assert handed_over["details"] == {"certificate_id": one["id"], "organisation_id": holder}


async def test_the_new_holder_holds_its_days_from_the_transfer_on(world: World) -> None:
    """What the new holder had for the same service before, and the former one after, do not stand in the way."""
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    former = (await awarder.get(path)).json()["organisation_id"]
    holder = await successor(world, former)
    await made_certificate(world.database, "2024-01-10", organisation=UUID(holder), reference="LIT2024-001")
    world.travel("2027-01-10")
    overlaps = await awarder.move(path, "transfer", transfer(holder))
    assert (overlaps.status_code, overlaps.json()["code"]) == (409, "certificate_overlaps")
    world.travel("2027-01-11")
    await done(awarder, path, "transfer", transfer(holder))
    other, grant = await a_grantable_draft(world, organisation_id=former)
    fresh = {**grant, "certified_on": "2027-01-11", "reference": "LIT2027-001"}
    assert (await awarder.move(other, "grant", fresh)).status_code == 200
    own, own_grant = await a_grantable_draft(world, organisation_id=holder)
    refused = await awarder.move(own, "grant", {**own_grant, "certified_on": "2027-01-11", "reference": "LIT2027-002"})
    assert refused.json()["code"] == "certificate_overlaps"
    await oracle.check(world.database)


async def test_sites_are_named_as_the_new_holder_has_them(world: World) -> None:
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    former = (await world.organisation())["id"]
    holder = await successor(world, former)

    async def site(organisation: str) -> str:
        made = await coordinator.post(
            f"/v1/organisations/{organisation}/sites",
            {"name": "Dienos centras", "address": "Vilniaus g. 1", "municipality": "LT-57"},
        )
        return str(made.json()["id"])

    there, here = await site(former), await site(holder)
    scope = {**SCOPE, "sites": [there]}
    path, _ = await a_draft(world, organisation_id=former, scope=scope)
    audit = await world.finished_audit(former, scope=scope)
    await done(awarder, path, "grant", {
        "certified_on": "2026-11-22", "reference": "LIT2026-101", "assessment_id": audit["id"], "decision_ref": "AC-1",
    })  # fmt: skip
    for sites, code in (([], "missing"), ([there], "unknown_site")):
        wrong = await awarder.move(path, "transfer", transfer(holder, sites=sites))
        assert (wrong.status_code, codes(wrong)) == (422, [code])
    moved = await done(awarder, path, "transfer", transfer(holder, sites=[here]))
    assert moved["scope"] == {**scope, "sites": [here]}
    await oracle.check(world.database)

    whole = await a_whole_certificate(world)
    needless = await awarder.move(whole, "transfer", transfer(holder, sites=[here]))
    assert (needless.status_code, codes(needless)) == (422, ["extra_forbidden"])


async def a_whole_certificate(world: World) -> str:
    made = await made_certificate(world.database, "2026-11-01")
    return f"/v1/certificates/{made.certificate}"


async def test_a_draft_in_its_place_is_decided_first(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    former = (await awarder.get(path)).json()["organisation_id"]
    holder = await successor(world, former)
    world.travel("2029-10-01")
    draft = await awarder.move(path, "renew")
    refused = await awarder.move(path, "transfer", transfer(holder))
    (reason,) = refused.json()["reasons"]
    assert (refused.status_code, reason["code"], reason["certificate_id"]) == (
        409, "successor_drafted", draft.json()["id"],
    )  # fmt: skip
    await awarder.change(draft.headers["location"], {"predecessor_id": None})
    await done(awarder, path, "transfer", transfer(holder))
    await oracle.check(world.database)


async def test_a_successor_of_a_certificate_that_came_by_transfer_names_it(world: World) -> None:
    """And the one before the transfer stays with the former holder, named but not shown."""
    awarder = await world.caller("awarder")
    old_path = await a_certificate(world)
    former = (await awarder.get(old_path)).json()["organisation_id"]
    world.travel("2029-10-01")
    path, grant = await a_grantable_draft(
        world, organisation_id=former, predecessor_id=(await awarder.get(old_path)).json()["id"]
    )
    one = await done(awarder, path, "grant", {**grant, "certified_on": "2029-10-01", "reference": "LIT2029-001"})
    holder = await successor(world, former)
    await done(awarder, path, "transfer", transfer(holder))
    gaining = await world.caller("provider", holder)
    info = (await gaining.get(f"{path}/renewal-info")).json()
    assert (info["predecessor"], info["reference"]) == (None, "LIT2029-001")
    assert (await gaining.get(path)).json()["predecessor_id"] == one["predecessor_id"]
    world.travel("2032-05-01")
    renewed = await awarder.move(path, "renew")
    assert renewed.json()["organisation_id"] == holder
    await oracle.check(world.database)


@pytest.mark.parametrize("whose", ["its own", "a stranger's", "nobody's"])
async def test_it_passes_to_another_organisation_that_the_awarder_knows_of(world: World, whose: str) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    former = (await awarder.get(path)).json()["organisation_id"]
    holder = {
        "its own": former, "a stranger's": (await world.organisation())["id"], "nobody's": str(UUID(int=5)),
    }[whose]  # fmt: skip
    refused = await awarder.move(path, "transfer", transfer(holder))
    assert refused.status_code == 422
    assert codes(refused) == ["same_holder" if whose == "its own" else "unknown_organisation"]


async def test_an_approved_report_goes_along_and_stays_approved(world: World) -> None:
    made = await made_certificate(world.database, "2025-12-01")
    async with world.at_work() as work:
        report = await work.take(AnnualReport, made.reports[0])
        report.state, report.next_change_on = "approved", None
        await work.record("annual_report.approved", report)
    holder = await successor(world, str(made.organisation))
    awarder = await world.caller("awarder")
    await done(awarder, f"/v1/certificates/{made.certificate}", "transfer", transfer(holder))
    shown = (await awarder.get(f"/v1/annual-reports/{made.reports[0]}")).json()
    assert (shown["state"], shown["organisation_id"]) == ("approved", holder)
    await catch_up(world.database, date(2026, 11, 22))
    await oracle.check(world.database)


async def test_an_organisation_does_not_succeed_itself_nor_one_that_is_not_there(world: World) -> None:
    coordinator = await world.caller("coordinator")
    own = (await world.organisation())["id"]
    itself = await coordinator.change(f"/v1/organisations/{own}", {"succeeds_id": own})
    assert (itself.status_code, itself.json()["code"]) == (409, "succeeds_itself")
    nobody = await coordinator.change(f"/v1/organisations/{own}", {"succeeds_id": str(UUID(int=5))})
    assert (nobody.status_code, codes(nobody)) == (422, ["unknown_organisation"])


async def test_a_report_of_an_earlier_day_is_whose_it_was_then_as_it_stood_then(world: World) -> None:
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    path = await a_certificate(world)
    before = (await awarder.get(path)).json()
    former, holder = before["organisation_id"], await successor(world, before["organisation_id"])
    losing, gaining = await world.caller("provider", former), await world.caller("provider", holder)
    (first, second) = [
        f"/v1/annual-reports/{one['id']}"
        for one in (await losing.get(f"/v1/annual-reports?certificate_id={before['id']}&sort=due_on")).json()["items"]
    ]
    world.travel("2028-01-15")
    assert (await losing.move(first, "start")).status_code == 200
    world.travel("2028-01-18")
    await done(awarder, path, "transfer", transfer(holder, effective_on="2028-01-10"))

    async def then(report: str, day: str) -> list[str | None]:
        """The state of the report on the day as the office, the former and the new holder read it."""
        read = [await caller.get(f"{report}?as_of={day}") for caller in (coordinator, losing, gaining)]
        return [one.json()["state"] if one.status_code == 200 else None for one in read]

    assert await then(second, "2028-01-09") == ["scheduled", "scheduled", None]
    assert await then(second, "2028-01-10") == ["scheduled", None, "scheduled"]
    assert await then(first, "2028-01-09") == ["scheduled", "scheduled", None]
    assert await then(first, "2028-01-14") == ["scheduled", "scheduled", None], "it was not begun yet"
    assert await then(first, "2028-01-15") == ["drafting", None, "drafting"]
    reports = "/v1/statistics/annual-reports?by=timeliness&as_of=2028-01-09"
    assert [(await one.get(reports)).json()["total"] for one in (coordinator, losing, gaining)] == [2, 2, 0]
    too_early = await gaining.move(first, "request-extension", LATER | {"effective_on": "2028-01-14"})
    assert (too_early.status_code, codes(too_early)) == (422, ["date_too_early"]), (
        "it was begun later, by the former holder"
    )
    assert (await gaining.move(first, "request-extension", LATER | {"effective_on": "2028-01-15"})).status_code == 200
