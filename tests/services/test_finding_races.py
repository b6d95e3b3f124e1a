"""Findings of one assessment by many at once, with real commits: what is handed in is handed in with all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from tests import oracle
from tests.world import NOON, World

PROOF = [{"name": "Lapai", "location": "Byla 14", "sha256": "a" * 64}]
PLAN = {"cause": "Neįteikta.", "action": "Įteikti.", "action_due_on": "2026-12-18"}
AGAIN = {"reason": "Trūksta parašų.", "due_on": "2027-02-26"}


def found(audit: dict[str, Any], criterion: str) -> dict[str, Any]:
    return {
        "assessment_id": audit["id"], "criterion": criterion, "severity": "minor", "statement": "Tvarkos nėra.",
        "due_on": "2027-01-29",
    }  # fmt: skip


async def test_no_finding_slips_in_behind_a_submission(racing_world: World) -> None:
    world = racing_world
    world.travel(NOON)
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    await world.rate_everything(audit, auditor, "auditor")
    path = f"/v1/assessments/{audit['id']}"
    version = (await auditor.get(path)).headers["etag"]

    async def raised(number: int) -> int:
        await asyncio.sleep(number / 400)
        return (await auditor.post("/v1/findings", found(audit, f"3.{number % 5 + 1}"))).status_code

    async def submitted() -> int:
        await asyncio.sleep(0.02)
        return (await auditor.post(f"{path}/submit", headers={"If-Match": version})).status_code

    submission, *raises = await asyncio.gather(submitted(), *(raised(number) for number in range(16)))

    assert submission == 200
    assert set(raises) <= {201, 409}
    kept = (await auditor.get(f"/v1/findings?assessment_id={audit['id']}&include=total")).json()
    assert kept["total"] == Counter(raises)[201]
    world.travel("2027-01-30")
    late = (await auditor.get("/v1/findings?overdue=true&include=total")).json()
    assert late["total"] == kept["total"]
    await oracle.check(world.database)  # each of them waits for its day


async def test_an_assessment_is_not_resubmitted_while_an_answer_is_refused(racing_world: World) -> None:
    world = racing_world
    world.travel(NOON)
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    for _ in range(4):
        audit = await world.assessment(started=True)
        provider = await world.caller("provider", audit["organisation_id"])
        await world.rate_everything(audit, auditor, "auditor")
        finding = (await auditor.post("/v1/findings", found(audit, "3.2"))).json()
        path, at = f"/v1/assessments/{audit['id']}", f"/v1/findings/{finding['id']}"
        answer = {"answer": "Įteikta.", "evidence": PROOF}
        for caller, where, verb, body in (
            (auditor, path, "submit", {}), (reviewer, path, "start-review", {}),
            (reviewer, path, "require-improvement", {"plan_due_on": "2027-01-15"}),
            (provider, at, "plan", PLAN), (provider, at, "answer", answer),
        ):  # fmt: skip
            assert (await caller.move(where, verb, body)).status_code == 200

        resubmitted, reopened = await asyncio.gather(
            provider.move(path, "resubmit"), reviewer.move(at, "reopen", AGAIN)
        )

        assert reopened.status_code == 200
        events = {event.type: event.seq for event in await world.events() if event.resource_id is not None}
        if resubmitted.status_code == 409:
            assert [reason["code"] for reason in resubmitted.json()["reasons"]] == ["findings_unanswered"]
        else:  # it came first
            assert events["assessment.resubmitted"] < events["finding.reopened"]
    await oracle.check(world.database)
