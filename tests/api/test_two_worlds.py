"""Whatever is done in the world of a test clock changes no answer of the programme, and the other way round."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from api.deps import WritingDoor
from api.openapi import door_of
from api.routes import ROUTES
from programme.rules.legal_codes import check_digit
from programme.rules.lifecycle import Role
from programme.services.daily import catch_up
from programme.services.jobs import work_off
from programme.tables import AnnualReport, Certificate
from tests.api.test_permissions import everybody
from tests.full import Full, a_full_organisation
from tests.world import Caller, World
from worker.jobs.queued import KINDS

BETWEEN_BOTH = ("/v1/test-clocks", "/v1/jobs", "/livez", "/readyz", "/metrics", "/dev/")
"""What tells of the clocks themselves, and of the service."""

CODE = f"99999999{check_digit('99999999')}"

MORE = ("", "?include=total", "?q=namai", "?q=Ona", "?limit=1", "?as_of=2028-01-01", "?reference=LIT2025-902",
        f"?legal_code={CODE}", "?external_id=spis:1", "?sort=-id")  # fmt: skip

CURIOUS = (Role.PUBLIC, Role.COORDINATOR, Role.PROVIDER, Role.PARTNER)
"""Who asks all of these: one of each way of seeing. The rest read everything once."""

PASSING = re.compile(r'"request_id": "\w+"|"next_cursor":"[^"]+"')
"""What no two answers share."""

KNOWN_TO_ALL = re.compile("^/public|/candidates$")
"""The register, which no clock has; and auditors, as those of the programme act in every world."""

READS = [
    route.path
    for route in ROUTES
    if "GET" in (route.methods or ())
    and not isinstance(door_of(route), WritingDoor)
    and not route.path.startswith(BETWEEN_BOTH)
]


async def everything(callers: dict[Any, Caller], own: Full) -> dict[tuple[str, str], tuple[int, str]]:
    """What everybody is told of everything; of what all worlds share, where the public is among them."""
    told = {}
    for role, caller in callers.items():
        for path in READS if Role.PUBLIC in callers else [path for path in READS if not KNOWN_TO_ALL.search(path)]:
            for question in MORE if "{" not in path and role in CURIOUS else ("",):
                answer = await caller.get(own.address(path) + question)
                words = PASSING.sub("", answer.text)
                told[role, path + question] = (answer.status_code, words)
    return told


async def act(world: World, reference: str) -> Full:
    """A full organisation and what is done with it, in this world; with the names and numbers of the other one."""
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    full = await a_full_organisation(
        world, reference, assessor=UUID(str(auditor.client_id)), reviewer=UUID(str(reviewer.client_id))
    )
    office = await world.caller("coordinator")
    holder = await world.organisation(legal_code=CODE, external_ids=[{"system": "spis", "value": "1"}])
    await office.change(f"/v1/organisations/{holder['id']}", {"name": "Kiti namai"})
    await office.change("/v1/projects/QUALITY-LT-2", {"budget_eur": 1})
    await office.change("/v1/standards/EQUASS", {"owner": {"lt": "Kitas", "en": "Another"}})
    await world.finished_audit(holder["id"])
    suspended = await (await world.caller("awarder")).move(f"/v1/certificates/{full.certificate_id}", "suspend", {
        "reason_code": "report_delinquent", "reason": "Ataskaita nepateikta.", "review_by": "2027-03-01",
    })  # fmt: skip
    assert suspended.status_code == 200, suspended.text
    return full


async def two(world: World) -> tuple[World, str]:
    """The world of a new clock, which stands on the programme's day."""
    await a_full_organisation(world, "LIT2025-900", assessor=None, reviewer=None)  # with the project of all
    office = await world.caller("coordinator")
    made = await office.post("/v1/test-clocks", {"name": "Trys metai", "today": "2026-11-22"})
    return world.within(made.json()["id"]), made.json()["id"]


@pytest.mark.timeout(600)
async def test_nothing_of_a_test_clock_is_seen_in_the_programme(world: World) -> None:
    there, clock = await two(world)
    auditor = UUID(str((await world.caller("auditor", another=1)).client_id))
    own = await a_full_organisation(world, "LIT2025-901", assessor=auditor, reviewer=None)
    callers: dict[Any, Caller] = {Role.PUBLIC: world.nobody, **await everybody(world, own)}
    await catch_up(world.database)
    before = await everything(callers, own)
    assert sum(status == 200 for status, _ in before.values()) > len(READS) * 5

    full = await act(there, "LIT2025-902")
    office = callers[Role.COORDINATOR]
    assert (await office.post(f"/v1/test-clocks/{clock}/advance", {"to": "2029-06-01"})).status_code == 202
    assert await work_off(world.database, KINDS) == 1
    seen = (await office.get(f"/v1/certificates/{full.certificate_id}?test_clock={clock}")).json()
    assert (seen["status"], seen["reference"]) == ("expired", "LIT2025-902")
    assert (await catch_up(world.database))["changes"] == {}

    assert await everything(callers, own) == before
    sandboxed = {name: getattr(full, name) for name in full.__slots__ if isinstance(getattr(full, name), UUID)}
    for role, caller in callers.items():
        for path in READS:
            if any(f"{{{name}}}" in path for name in sandboxed):
                answer = await caller.get(full.address(path))
                assert answer.status_code in (400, 401, 403, 404), (role, path, answer.text)


@pytest.mark.timeout(600)
async def test_nothing_of_the_programme_is_seen_by_a_test_clocks_people(world: World) -> None:
    there, _ = await two(world)
    auditor = UUID(str((await there.caller("auditor", another=1)).client_id))
    own = await a_full_organisation(there, "LIT2025-901", assessor=auditor, reviewer=None)
    callers: dict[Any, Caller] = dict(await everybody(there, own))
    before = await everything(callers, own)
    assert sum(status == 200 for status, _ in before.values()) > len(READS) * 5
    await act(world, "LIT2025-902")
    await catch_up(world.database)
    assert await everything(callers, own) == before


async def test_the_same_numbers_are_in_use_in_each_world_once(world: World) -> None:
    there, _ = await two(world)
    first, second = await act(world, "LIT2025-902"), await act(there, "LIT2025-902")
    for here, full in ((world, first), (there, second)):
        found = (await (await here.caller("supervisor")).get("/v1/certificates/LIT2025-902")).json()
        assert found["id"] == str(full.certificate_id)
        refused = await (await here.caller("coordinator")).post("/v1/organisations", {
            "legal_code": CODE, "name": "Namai", "kind": "ngo", "municipality": "LT-57",
        })  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (409, "legal_code_in_use")
    async with there.at_work() as work:
        assert await work.session.get(Certificate, first.certificate_id) is None
        assert await work.session.get(AnnualReport, first.annual_report_id) is None


@pytest.mark.parametrize("named", ["organisation_id", "certificate_id", "assessment_id", "enrolment_id", "case_id"])
async def test_what_names_both_worlds_is_refused(world: World, named: str) -> None:
    """Nothing of the programme hangs on what is a clock's, and nothing of a clock's on the programme."""
    there, _ = await two(world)
    ours = await a_full_organisation(world, "LIT2025-903", assessor=None, reviewer=None)
    theirs = await a_full_organisation(there, "LIT2025-904", assessor=None, reviewer=None)
    office = await world.caller("coordinator")
    for one, other in ((ours, theirs), (theirs, ours)):
        body = {
            "organisation_id": str(one.organisation_id), "standard_version": "EQUASS-2018", "level": "ASSURANCE",
            "scope": {"services": [], "sites": [str(other.site_id)], "unit": None},
            "predecessor_id": str(getattr(other, named)),
        }  # fmt: skip
        refused = await office.post("/v1/certificates", body)
        assert refused.status_code == 422, refused.text
