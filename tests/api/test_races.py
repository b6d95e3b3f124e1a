"""Many callers at the same moment over HTTP, on real commits: the database lets one of them through, and tells the others
why in their own language."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from programme.services import clients
from tests import oracle
from tests.world import NOON, Caller, World, legal_code

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def busy(racing_world: World) -> World:
    """The racing world at noon of 2026-11-22."""
    racing_world.travel(NOON)
    return racing_world


async def settled(caller: Caller, method: str, path: str, body: Any, **headers: str) -> Any:
    """The answer; who cannot be served at the moment (503) comes again, as the service asks."""
    while True:
        answer = await caller.request(method, path, json=body, headers=headers)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(0.1)


async def events(world: World) -> Counter[str]:
    return Counter(event.type for event in await world.events())


async def test_of_32_with_one_key_one_is_carried_out(busy: World) -> None:
    coordinator = await busy.caller("coordinator")
    new = {"legal_code": legal_code(), "name": "Salako namai", "kind": "ngo", "municipality": "LT-57"}

    answers = await asyncio.gather(
        *(settled(coordinator, "POST", "/v1/organisations", new, **{"Idempotency-Key": "one"}) for _ in range(32))
    )

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert len([one for one in made if "idempotent-replayed" not in one.headers]) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert (answer.json()["code"], answer.headers["retry-after"]) == ("idempotency_in_progress", "1")
    assert (await events(busy))["organisation.registered"] == 1
    await oracle.check(busy.database)


async def test_of_50_who_change_one_version_one_does(busy: World) -> None:
    coordinator, holder = await busy.caller("coordinator"), await busy.organisation()
    path = f"/v1/organisations/{holder['id']}"

    answers = await asyncio.gather(
        *(
            settled(coordinator, "PATCH", path, {"website": f"https://n{n}.example.lt"}, **{"If-Match": '"1"'})
            for n in range(50)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 49}
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert (await coordinator.get(path)).json() == winner
    assert winner["version"] == 2
    assert len(await busy.events(holder["id"])) == 2
    await oracle.check(busy.database)


async def drafts_to_grant(
    world: World, *scopes: dict[str, Any], holder: Any = None
) -> list[tuple[str, dict[str, Any]]]:
    """Drafts with finalised audits, each of its own, with the body that grants it; of one organisation where `holder` is given."""
    awarder, found = await world.caller("awarder"), []
    for number, covered in enumerate(scopes):
        whose = holder or (await world.organisation())["id"]
        audit = await world.finished_audit(whose, scope=covered)
        made = await awarder.post("/v1/certificates", {
            "organisation_id": whose, "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": covered,
        })  # fmt: skip
        assert made.status_code == 201, made.text
        found.append((f"/v1/certificates/{made.json()['id']}/grant", {
            "certified_on": "2026-11-22", "reference": f"LIT2026-{number:03}", "assessment_id": audit["id"],
            "decision_ref": "AC-1",
        }))  # fmt: skip
    return found


async def granted_at_once(world: World, wanted: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    awarder = await world.caller("awarder")
    return await asyncio.gather(
        *(
            settled(awarder, "POST", path, body, **{"If-Match": '"1"', "Idempotency-Key": path, **ENGLISH})
            for path, body in wanted
        )
    )


WHOLE: dict[str, Any] = {"services": [], "sites": [], "unit": None}
CARE: dict[str, Any] = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}


@pytest.mark.parametrize("scopes", [[CARE], [WHOLE, CARE]], ids=["the same service", "a service and the whole"])
async def test_of_16_certificates_for_the_same_days_one_is_granted(busy: World, scopes: list[dict[str, Any]]) -> None:
    holder = (await busy.organisation())["id"]
    wanted = await drafts_to_grant(busy, *(scopes * (16 // len(scopes))), holder=holder)

    answers = await granted_at_once(busy, wanted)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 15}
    told = {(answer.json()["code"], answer.json()["detail"]) for answer in answers if answer.status_code == 409}
    assert told == {(
        "certificate_overlaps",
        "Another certificate of this standard already covers the same service for some of these days.",
    )}  # fmt: skip
    assert (await events(busy))["certificate.granted"] == 1
    await oracle.check(busy.database)


async def test_of_3_who_grant_under_one_reference_one_does(busy: World) -> None:
    wanted = await drafts_to_grant(busy, *([CARE] * 3))
    answers = await granted_at_once(busy, [(path, body | {"reference": "LIT2026-700"}) for path, body in wanted])
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 2}
    told = {(answer.json()["code"], answer.json()["detail"]) for answer in answers if answer.status_code == 409}
    assert told == {("reference_in_use", "This certificate reference is already in use.")}
    await oracle.check(busy.database)


async def test_of_4_agreements_under_one_number_one_is_signed(busy: World) -> None:
    coordinator, holder = await busy.caller("coordinator"), await busy.organisation()
    paths = []
    for number in range(4):
        made = await coordinator.post("/v1/enrolments", {
            "organisation_id": holder["id"], "project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE",
            "scope": {**CARE, "unit": f"{number}"}, "declared_on": "2026-11-20",
        })  # fmt: skip
        paths.append(f"/v1/enrolments/{made.json()['id']}")
        for verb, said in (("submit", {}), ("start-review", {}), ("select", {"commission_decision_ref": "KOM-1"})):
            assert (await coordinator.move(paths[-1], verb, said)).status_code == 200
    signed = {"agreement_number": "EQUASS-83", "signed_on": "2026-11-20"}

    answers = await asyncio.gather(
        *(settled(coordinator, "POST", f"{path}/sign-agreement", signed, **{"If-Match": '"4"'}) for path in paths)
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}
    told = {(answer.json()["code"], answer.json()["detail"]) for answer in answers if answer.status_code == 409}
    assert told == {("agreement_number_in_use", "Toks sutarties numeris šiame projekte jau yra.")}
    await oracle.check(busy.database)


async def test_of_8_who_register_one_legal_code_one_does(busy: World) -> None:
    coordinator = await busy.caller("coordinator")
    new = {"legal_code": legal_code(), "name": "Salako namai", "kind": "ngo", "municipality": "LT-57"}
    answers = await asyncio.gather(*(settled(coordinator, "POST", "/v1/organisations", new) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}
    told = {(answer.json()["code"], answer.json()["detail"]) for answer in answers if answer.status_code == 409}
    assert told == {("legal_code_in_use", "Organizacija su tokiu juridinio asmens kodu jau yra.")}
    await oracle.check(busy.database)


async def test_a_decision_and_a_refusal_of_one_draft_exclude_each_other(busy: World) -> None:
    awarder = await busy.caller("awarder")
    for number in range(2):
        ((path, body),) = await drafts_to_grant(busy, CARE)
        at = path.removesuffix("/grant")
        seen = {"If-Match": '"1"', "Idempotency-Key": path}
        granted, refused = await asyncio.gather(
            settled(awarder, "POST", path, body | {"reference": f"LIT2026-80{number}"}, **seen),
            settled(awarder, "POST", f"{at}/refuse", {"reason": "Neįgyvendinta."}, **seen),
        )
        assert sorted([granted.status_code, refused.status_code]) == [200, 412]
        made = granted if granted.status_code == 200 else refused
        assert (await awarder.get(at)).json()["status"] == made.json()["status"]
    await oracle.check(busy.database)


async def test_a_key_that_is_revoked_meanwhile_changes_nothing_more(busy: World) -> None:
    """The caller is looked up in the transaction of the change."""
    coordinator, holder = await busy.caller("coordinator"), await busy.organisation()
    path = f"/v1/organisations/{holder['id']}"
    version, answers = 1, []

    async def write() -> None:
        nonlocal version
        while True:
            seen = {"If-Match": f'"{version}"'}
            answer = await coordinator.request("PATCH", path, json={"website": "https://a.example.lt"}, headers=seen)
            answers.append(answer.status_code)
            if answer.status_code != 200:
                return
            version += 1

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.2)
    async with busy.at_work() as work:
        await clients.revoke(work, UUID(str(coordinator.client_id)), str(coordinator.key).split("_")[1])
    await writing
    assert Counter(answers) == {200: version - 1, 401: 1}
    assert len(await busy.events(holder["id"])) == version
    await oracle.check(busy.database)
