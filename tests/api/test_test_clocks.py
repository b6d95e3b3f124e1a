"""Test clocks: three years of a certificate in seconds, in a world that the programme knows nothing of."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from programme.services import test_clocks
from programme.services.jobs import TRIES, work_off
from programme.services.test_clocks import advancing
from tests import oracle
from tests.world import Caller, World, legal_code
from worker.jobs.queued import KINDS

BEGINNING = "2026-11-26"
SCOPE: dict[str, Any] = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}
REPORT = {
    "parts": {"performance": "Tikslai pasiekti.", "progress": "Tvarka atnaujinta.", "development": "Daugiau įtraukties."},
    "declaration": True,
}  # fmt: skip


async def a_clock(world: World, today: str = BEGINNING) -> str:
    """The id of a new one."""
    office = await world.caller("coordinator")
    made = await office.post("/v1/test-clocks", {"name": "Trejų metų eiga", "today": today})
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["today"]) == ("ready", today)
    return str(made.json()["id"])


async def advance(world: World, clock: str, to: str) -> dict[str, Any]:
    """The job that took it there, done by a worker."""
    office = await world.caller("coordinator")
    asked = await office.post(f"/v1/test-clocks/{clock}/advance", {"to": to})
    assert asked.status_code == 202, asked.text
    assert (asked.json()["state"], asked.json()["progress"]["done"]) == ("queued", 0)
    assert await work_off(world.database, KINDS) == 1
    job = (await office.get(asked.headers["location"])).json()
    assert (job["state"], job["progress"]["done"]) == ("done", job["progress"]["total"]), job
    return dict(job)


async def a_holder(world: World, clock: str, **more: Any) -> dict[str, Any]:
    """An organisation of its world, registered with a key of the programme."""
    return await world.organisation(name="Smėlynės namai", test_clock_id=clock, **more)


async def a_certificate(there: World, holder: str, certified_on: str, reference: str) -> dict[str, Any]:
    """Granted by people of that world, along the whole road."""
    audit = await there.finished_audit(holder, scope=SCOPE)
    awarder = await there.caller("awarder")
    draft = await awarder.post("/v1/certificates", {
        "organisation_id": holder, "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": SCOPE,
    })  # fmt: skip
    assert draft.status_code == 201, draft.text
    granted = await awarder.move(f"/v1/certificates/{draft.json()['id']}", "grant", {
        "certified_on": certified_on, "reference": reference, "assessment_id": audit["id"], "decision_ref": "AC-1",
    })  # fmt: skip
    assert granted.status_code == 200, granted.text
    return dict(granted.json())


async def report(there: World, holder: str, certificate: str, sequence: int) -> None:
    """Handed in by the holder and approved."""
    provider, office = await there.caller("provider", holder), await there.caller("coordinator")
    listed = await provider.get(f"/v1/annual-reports?certificate_id={certificate}&sequence={sequence}")
    (one,) = listed.json()["items"]
    assert one["flags"] == ["open", "due_soon"]
    path = f"/v1/annual-reports/{one['id']}"
    feedback = {"feedback": [{"criterion": "1.1", "text": "Aiškiau nurodykite rodiklius."}]}
    for caller, verb, body in (
        (provider, "start", None), (provider, "submit", REPORT), (office, "forward-to-auditor", None),
        (await there.caller("auditor"), "comment", feedback), (office, "forward-to-office", None),
        (await there.caller("reviewer"), "approve", None),
    ):  # fmt: skip
        moved = await caller.move(path, verb, body)
        assert moved.status_code == 200, moved.text
    assert moved.json()["state"] == "approved"


async def test_three_years_of_a_certificate(world: World) -> None:
    clock = await a_clock(world)
    there = world.within(clock)
    holder = (await a_holder(world, clock))["id"]
    certificate = await a_certificate(there, holder, BEGINNING, "LIT2026-777")
    path = f"/v1/certificates/{certificate['id']}"
    awarder = await there.caller("awarder")
    assert (certificate["status"], certificate["expires_on"]) == ("active", "2029-11-26")

    assert (await advance(world, clock, "2027-11-20"))["result"]["changes"] == {
        "annual_report.due_soon": 1, "annual_report.opened": 1,
    }  # fmt: skip
    await report(there, holder, certificate["id"], 1)

    gone_by = await advance(world, clock, "2029-01-10")
    assert gone_by["result"]["changes"] == {
        "annual_report.delinquent": 1, "annual_report.due_soon": 1, "annual_report.opened": 1, "annual_report.overdue": 1,
        "compliance_case.opened": 1,
    }  # fmt: skip
    (case,) = (await (await there.caller("coordinator")).get("/v1/compliance-cases")).json()["items"]
    assert case["opened_on"] == "2028-12-27"
    (late,) = (await awarder.get("/v1/annual-reports?flag=overdue")).json()["items"]
    provider = await there.caller("provider", holder)
    handed_in = await provider.move(f"/v1/annual-reports/{late['id']}", "submit", REPORT)
    assert handed_in.json()["flags"] == ["late"]
    assert handed_in.json()["first_submitted_at"] == "2029-01-10T10:00:00.000000Z"

    await advance(world, clock, "2029-11-26")
    assert (await awarder.get(path)).json()["status"] == "expiring"
    ended = await advance(world, clock, "2029-11-28")
    assert ended["result"] == {
        "from": "2029-11-26", "to": "2029-11-28", "days": 2,
        "changes": {"annual_report.voided": 1, "certificate.expired": 1},
    }  # fmt: skip
    assert (await awarder.get(path)).json()["status"] == "expired"

    next_one = await a_certificate(there, holder, "2029-11-28", "LIT2029-778")
    assert (next_one["status"], next_one["expires_on"]) == ("active", "2032-11-28")

    told = Counter((event.type, event.effective_on.isoformat()) for event in await there.events(certificate["id"]))
    assert told == {
        ("certificate.drafted", BEGINNING): 1,
        ("certificate.granted", BEGINNING): 1,
        ("certificate.expiry_noticed", "2029-05-30"): 1,
        ("certificate.expiry_noticed", "2029-08-28"): 1,
        ("certificate.expiry_noticed", "2029-10-27"): 1,
        ("certificate.expired", "2029-11-27"): 1,
    }
    async with there.at_work() as work:
        days = "select count(*), min(day)::text, max(day)::text from job_run where finished_at is not null"
        assert tuple((await work.session.execute(text(days))).one()) == (1099, BEGINNING, "2029-11-28")
    await oracle.check(world.database)


async def test_whoever_has_a_key_of_the_programme_acts_there_too(world: World) -> None:
    """Reads ask for its world; changes find it by what they name."""
    clock = await a_clock(world, "2028-02-29")
    office, holder = await world.caller("coordinator"), await a_holder(world, clock)
    at = f"/v1/organisations/{holder['id']}"
    assert holder["test_clock_id"] == clock
    assert (await office.get(at)).status_code == 404
    assert (await office.get(f"{at}?test_clock={clock}")).json() == holder

    site = await office.post(f"{at}/sites", {"name": "I korpusas", "address": "Vilniaus g. 1", "municipality": "LT-57"})
    assert site.status_code == 201, site.text
    assert site.headers["location"] == f"{at}/sites/{site.json()['id']}?test_clock={clock}"
    draft = await office.post("/v1/certificates", {
        "organisation_id": holder["id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE",
        "scope": {**SCOPE, "sites": [site.json()["id"]]},
    })  # fmt: skip
    assert draft.status_code == 201, draft.text
    assert (await office.get(draft.headers["location"])).json()["id"] == draft.json()["id"]
    applied = await office.post("/v1/enrolments", {
        "organisation_id": holder["id"], "project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE",
        "scope": SCOPE, "declared_on": "2028-02-28",
    })  # fmt: skip
    assert applied.status_code == 201, applied.text
    moved = await office.post(
        f"/v1/enrolments/{applied.json()['id']}/submit", {}, headers={"If-Match": applied.headers["etag"]}
    )
    assert moved.json()["state"] == "submitted"
    (event,) = [one for one in await world.within(clock).events(applied.json()["id"]) if one.type.endswith("submitted")]
    assert (event.effective_on.isoformat(), event.actor_id) == ("2028-02-29", office.client_id)

    async with world.within(clock).at_work() as work:
        known = "select known_from at time zone 'UTC' from organisation"
        assert str((await work.session.scalars(text(known))).one()) == "2028-02-29 10:00:00"

    unknown = await office.post("/v1/organisations", {
        "legal_code": legal_code(), "name": "Niekieno", "kind": "ngo", "municipality": "LT-57",
        "test_clock_id": str(uuid4()),
    })  # fmt: skip
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown_test_clock")
    assert (await office.get(f"/v1/organisations?test_clock={uuid4()}")).status_code == 404
    assert (await office.get("/v1/organisations?test_clock=1")).json()["code"] == "invalid_parameter"
    assert (await office.get(f"/public/v1/certificates?test_clock={clock}")).status_code == 400
    assert (await office.get(f"/v1/test-clocks?test_clock={clock}")).status_code == 400


async def test_its_clients_live_there_alone(world: World) -> None:
    clock = await a_clock(world)
    ops, holder = await world.caller("ops"), await a_holder(world, clock)
    made = await ops.post("/v1/clients", {"name": "Namų programa", "role": "provider", "organisation_id": holder["id"]})
    assert made.status_code == 201, made.text
    at = f"/v1/clients/{made.json()['id']}"
    key = await ops.post(f"{at}/keys", {})
    assert key.status_code == 201, key.text
    provider = Caller(world.http, key.json()["key"], made.json()["id"])
    assert [one["id"] for one in (await provider.get("/v1/organisations")).json()["items"]] == [holder["id"]]
    assert (await provider.get("/v1/me")).json()["organisation_id"] == holder["id"]

    for path in (at, f"{at}/keys"):
        assert (await ops.get(path)).status_code == 404
        assert (await ops.get(f"{path}?test_clock={clock}")).status_code == 200
    listed = [one["id"] for one in (await ops.get("/v1/clients?limit=200")).json()["items"]]
    assert ops.client_id in listed
    assert made.json()["id"] not in listed
    listed = [one["id"] for one in (await ops.get(f"/v1/clients?test_clock={clock}")).json()["items"]]
    assert listed == [made.json()["id"]]

    other = await a_clock(world)
    assert (await provider.get(f"/v1/organisations?test_clock={other}")).status_code == 404
    inside = await world.within(clock).caller("coordinator")
    assert (await inside.get(f"/v1/test-clocks/{clock}")).status_code == 403
    assert (await inside.post(f"/v1/test-clocks/{other}/end", {})).status_code == 403
    real = await world.caller("supervisor")
    changed = await ops.request(
        "PATCH", f"/v1/clients/{real.client_id}?test_clock={clock}", json={"name": "X"}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 404


async def test_it_goes_forward_only_once_at_a_time_and_not_too_far(world: World) -> None:
    clock, office = await a_clock(world), await world.caller("coordinator")
    at = f"/v1/test-clocks/{clock}"
    for to, code in (("2026-11-25", "date_too_early"), ("2036-11-27", "date_too_late")):
        refused = await office.post(f"{at}/advance", {"to": to})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)
    tried = await office.post(f"{at}/advance?validate_only=true", {"to": "2027-01-01"})
    assert (tried.status_code, await work_off(world.database, KINDS)) == (200, 0)

    first = await office.post(f"{at}/advance", {"to": "2027-01-01"})
    assert first.status_code == 202
    seen = (await office.get(at)).json()
    assert (seen["state"], seen["advancing_to"], seen["job_id"]) == ("advancing", "2027-01-01", first.json()["id"])
    assert {one["name"]: [reason["code"] for reason in one["reasons"]] for one in seen["actions"]} == {
        "advance": ["wrong_state"], "end": [],
    }  # fmt: skip
    second = await office.post(f"{at}/advance", {"to": "2027-02-01"})
    assert (second.status_code, second.json()["reasons"][0]["code"]) == (409, "wrong_state")
    assert await work_off(world.database, KINDS) == 1
    assert (await office.get(at)).json()["today"] == "2027-01-01"
    assert (await advance(world, clock, "2027-01-01"))["progress"] == {"done": 0, "total": 0}
    assert [event.type for event in await world.events(clock)] == [
        "test_clock.opened", "test_clock.advance_asked", "test_clock.advanced", "test_clock.advance_asked",
        "test_clock.advanced",
    ]  # fmt: skip
    await oracle.check(world.database)


async def test_what_has_ended_is_gone(world: World) -> None:
    clock, office = await a_clock(world), await world.caller("coordinator")
    holder = await a_holder(world, clock)
    provider = await world.within(clock).caller("provider", holder["id"])
    asked = await office.post(f"/v1/test-clocks/{clock}/advance", {"to": "2027-01-01"})
    ended = await office.move(f"/v1/test-clocks/{clock}", "end")
    assert (ended.status_code, ended.json()["state"], ended.json()["advancing_to"]) == (200, "ended", None)
    assert all(not action["allowed"] for action in ended.json()["actions"])

    assert await work_off(world.database, KINDS) == 1
    job = (await office.get(asked.headers["location"])).json()
    assert (job["state"], job["error"]["code"], job["result"]) == ("failed", "not_found", None)
    at = f"/v1/organisations/{holder['id']}"
    assert (await office.get(f"{at}?test_clock={clock}")).status_code == 404
    assert (await office.request("PATCH", at, json={}, headers={"If-Match": '"1"'})).status_code == 404
    assert (await provider.get(at)).status_code == 401
    assert (await office.post(f"/v1/test-clocks/{clock}/advance", {"to": "2028-01-01"})).status_code == 409

    assert await test_clocks.sweep(world.database) == 1
    assert await test_clocks.sweep(world.database) == 0
    async with world.at_work() as work:
        left = "select (select count(*) from pg_namespace where nspname like 'clock\\_%'), (select count(*) from sandbox_row)"
        assert tuple((await work.session.execute(text(left))).one()) == (0, 0)
    assert (await office.get(f"/v1/test-clocks/{clock}")).json()["state"] == "ended"
    await oracle.check(world.database)


async def test_an_advance_that_fails_leaves_the_clock_where_it_came_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, office = await a_clock(world), await world.caller("coordinator")
    asked = await office.post(f"/v1/test-clocks/{clock}/advance", {"to": "2027-06-01"})

    async def breaks(*_: Any) -> None:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as broken:
        broken.setattr(advancing, "any_due", breaks)
        for _ in range(TRIES + 1):
            assert await work_off(world.database, KINDS) == 1
            async with world.at_work() as work:
                await work.session.execute(text("update job set leased_until = now() where lease is not null"))
    job = (await office.get(asked.headers["location"])).json()
    assert (job["state"], job["error"]["code"], job["result"]) == ("failed", "job_broken", None)
    seen = (await office.get(f"/v1/test-clocks/{clock}")).json()
    assert (seen["state"], seen["today"], seen["advancing_to"]) == ("ready", BEGINNING, None)
    assert (await world.events(clock))[-1].type == "test_clock.advance_failed"
    assert (await advance(world, clock, "2027-06-01"))["state"] == "done"
    await oracle.check(world.database)
