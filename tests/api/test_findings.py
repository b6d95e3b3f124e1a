"""/v1/findings over HTTP: raised by who assesses, answered by the organisation, verified by somebody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from programme.rules.findings import LIFECYCLE
from programme.rules.permissions import may
from programme.services.daily import catch_up
from tests import oracle
from tests.world import Caller, World

PROOF = [{"name": "Supažindinimo lapai", "location": "Archyvas, byla 14", "sha256": "a" * 64}]
PLAN = {
    "cause": "Tvarka naujiems gavėjams neįteikiama.",
    "action": "Tvarka įteikiama sudarant sutartį.",
    "action_due_on": "2026-12-18",
}
ANSWER = {"answer": "Tvarka įteikta visiems 42 gavėjams.", "evidence": PROOF}
LATER = {"reason": "Trūksta 12 gavėjų parašų.", "due_on": "2027-02-26"}
WHY = {"reason": "Kriterijus šiai paslaugai netaikomas."}
BODIES: dict[str, dict[str, Any]] = {
    "plan": PLAN, "answer": ANSWER, "verify": {}, "reopen": LATER, "extend": LATER, "withdraw": WHY,
}  # fmt: skip


def at(finding: dict[str, Any]) -> str:
    return f"/v1/findings/{finding['id']}"


def found(audit: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "assessment_id": audit["id"], "criterion": "3.2", "severity": "minor",
        "statement": "Gavėjai neinformuojami, kaip ir kam pateikti skundą.", "due_on": "2027-01-29", **more,
    }  # fmt: skip


async def raised(world: World, audit: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = await (await world.caller("auditor")).post("/v1/findings", found(audit, **more))
    assert made.status_code == 201, made.text
    return dict(made.json())


async def moved(caller: Caller, path: str, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await caller.move(path, verb, BODIES.get(verb, {}) if body is None else body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def handed_in(world: World, audit: dict[str, Any]) -> dict[str, Any]:
    auditor = await world.caller("auditor")
    await world.rate_everything(audit, auditor, "auditor", {"3.2": "not_met"})
    return await moved(auditor, f"/v1/assessments/{audit['id']}", "submit")


async def a_finding_handed_in(world: World, **more: Any) -> tuple[dict[str, Any], Caller]:
    """One in an audit that was submitted, and a caller of the organisation that has to answer."""
    audit = await world.assessment(started=True)
    finding = await raised(world, audit, **more)
    await handed_in(world, audit)
    return finding, await world.caller("provider", audit["organisation_id"])


def reasons(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


# The road


async def test_a_finding_is_planned_for_answered_and_verified_by_somebody_else(world: World) -> None:
    audit = await world.assessment(started=True)
    auditor, provider = await world.caller("auditor"), await world.caller("provider", audit["organisation_id"])
    made = await auditor.post("/v1/findings", found(audit, evidence=PROOF))
    finding = made.json()
    assert (made.status_code, made.headers["location"]) == (201, at(finding))
    assert (finding["state"], finding["principle"], finding["raised_on"]) == ("open", 3, "2026-11-22")
    assert (finding["standard_version"], finding["raised_by"]) == ("EQUASS-2018", auditor.client_id)
    assert (finding["overdue"], finding["repeats_id"], finding["evidence"]) == (False, None, PROOF)
    await handed_in(world, audit)

    world.travel("2026-11-25")
    planned = await moved(provider, at(finding), "plan")
    world.travel("2026-12-16")
    answered = await moved(provider, at(finding), "answer")
    world.travel("2026-12-20")
    closed = await moved(auditor, at(finding), "verify", {"verification": "Lapai peržiūrėti."})

    assert (planned["state"], planned["planned_on"], planned["cause"]) == ("planned", "2026-11-25", PLAN["cause"])
    assert (answered["state"], answered["answered_on"]) == ("answered", "2026-12-16")
    assert (answered["answered_by"], answered["answer_evidence"]) == (provider.client_id, PROOF)
    assert (closed["state"], closed["verified_on"], closed["verified_by"]) == (
        "closed",
        "2026-12-20",
        auditor.client_id,
    )
    assert [event.type for event in await world.events(finding["id"])] == [
        "finding.raised", "finding.planned", "finding.answered", "finding.closed",
    ]  # fmt: skip
    assert (await world.events(finding["id"]))[3].data == {
        "state": "closed", "verification": "Lapai peržiūrėti.", "verified_on": "2026-12-20",
    }  # fmt: skip
    await oracle.check(world.database)


async def test_an_answer_that_is_not_accepted_is_due_again(world: World) -> None:
    finding, provider = await a_finding_handed_in(world)
    reviewer = await world.caller("reviewer")
    for verb in ("plan", "answer"):
        await moved(provider, at(finding), verb)
    reopened = await moved(reviewer, at(finding), "reopen")
    assert (reopened["state"], reopened["due_on"], reopened["reason"]) == ("reopened", "2027-02-26", LATER["reason"])
    assert reopened["answer"] == ANSWER["answer"]
    again = await moved(provider, at(finding), "answer", ANSWER | {"answer": "Surinkti visi parašai."})
    assert (again["state"], again["answer"], again["reason"]) == ("answered", "Surinkti visi parašai.", None)
    assert (await moved(reviewer, at(finding), "verify"))["state"] == "closed"
    await oracle.check(world.database)


async def test_actions_tell_each_role_in_each_state_what_the_answer_will_be(world: World) -> None:
    audit = await world.assessment(started=True)
    finding = await raised(world, audit)
    provider = await world.caller("provider", audit["organisation_id"])
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    everybody = [
        provider, auditor, await world.caller("auditor", another=1), reviewer, await world.caller("awarder"),
        await world.caller("coordinator"), await world.caller("supervisor"), await world.caller("ops"),
    ]  # fmt: skip
    seen = set()

    async def agree(state: str) -> None:
        version = (await auditor.get(at(finding))).json()["version"]
        for caller in everybody:
            read = await caller.get(at(finding))
            listed = {one["name"]: one for one in read.json().get("actions", [])}
            for verb, body in BODIES.items():
                answer = await caller.request(
                    "POST", f"{at(finding)}/{verb}?validate_only=true", json=body,
                    headers={"If-Match": f'"{version}"'},
                )  # fmt: skip
                seen.add((verb, answer.status_code))
                if not may(caller.role, f"findings.{verb}"):
                    assert answer.status_code == 403, (state, verb)
                elif read.status_code == 404:
                    assert answer.status_code == 404, (state, verb)
                elif listed[verb]["allowed"]:
                    assert answer.status_code == 200, (state, verb, answer.text)
                else:
                    assert answer.status_code in (403, 409), (state, verb)
                    assert reasons(answer) == [reason["code"] for reason in listed[verb]["reasons"]]

    await agree("open, not handed in")
    await handed_in(world, audit)
    for caller, verb in (
        (provider, "plan"), (provider, "answer"), (reviewer, "reopen"), (provider, "answer"), (auditor, "verify"),
    ):  # fmt: skip
        await agree(f"before {verb}")
        await moved(caller, at(finding), verb)
    await agree("closed")
    assert {verb for verb, status in seen if status == 200} == set(LIFECYCLE.moves)


async def test_whoever_answered_does_not_verify(world: World) -> None:
    """A client whose role was another once: roles are for good, and the guard holds where one was changed by hand."""
    finding, provider = await a_finding_handed_in(world)
    for verb in ("plan", "answer"):
        await moved(provider, at(finding), verb)
    async with world.at_work() as work:
        connection = await work.connection()
        await connection.execute(
            "update client set role = 'reviewer', organisation_id = null where id = $1", UUID(str(provider.client_id))
        )
    for verb in ("verify", "reopen"):
        refused = await provider.move(at(finding), verb, BODIES[verb])
        assert (refused.status_code, refused.json()["code"]) == (403, "conflict_of_interest")
        assert reasons(refused) == ["verifier_answered"]
    async with world.at_work() as work:  # one of the organisation, whatever their role
        connection = await work.connection()
        await connection.execute(
            "update client set organisation_id = $2 where id = $1",
            UUID(str((await world.caller("awarder")).client_id)), UUID(finding["organisation_id"]),
        )  # fmt: skip
    refused = await (await world.caller("awarder")).move(at(finding), "verify")
    assert (refused.status_code, reasons(refused)) == (403, ["verifier_is_owner"])
    assert (await moved(await world.caller("reviewer"), at(finding), "verify"))["state"] == "closed"


# Raising


async def test_who_assesses_raises_while_criteria_are_rated(world: World) -> None:
    audit = await world.assessment()
    auditor, provider = await world.caller("auditor"), await world.caller("provider", audit["organisation_id"])
    early = await auditor.post("/v1/findings", found(audit))
    assert (early.status_code, reasons(early)) == (409, ["wrong_state"])
    await moved(auditor, f"/v1/assessments/{audit['id']}", "start")
    for nobody in (await world.caller("auditor", another=1), provider):  # out of sight, and not yet handed in
        assert errors(await nobody.post("/v1/findings", found(audit))) == {"/assessment_id": "unknown_assessment"}
    assert (await (await world.caller("reviewer")).post("/v1/findings", found(audit))).status_code == 403
    assert errors(await auditor.post("/v1/findings", found(audit, criterion="3.99"))) == {
        "/criterion": "unknown_criterion"
    }
    assert errors(await auditor.post("/v1/findings", found(audit, due_on="2026-11-21"))) == {
        "/due_on": "date_too_early"
    }
    undue = await auditor.post("/v1/findings", found(audit, due_on=None))
    assert (undue.status_code, undue.json()["code"]) == (409, "due_on_missing")
    assert (await raised(world, audit, severity="observation", due_on=None))["due_on"] is None
    await handed_in(world, audit)
    late = await auditor.post("/v1/findings", found(audit))
    assert (late.status_code, reasons(late)) == (409, ["wrong_state"])
    seen = await provider.post("/v1/findings", found(audit))
    assert (seen.status_code, seen.json()["code"]) == (409, "not_allowed")


async def test_an_auditor_whose_licence_ended_raises_nothing(world: World) -> None:
    audit = await world.assessment(started=True)
    async with world.at_work() as work:
        await (await work.connection()).execute("update auditor_licence set valid_until = '2026-11-21'")
    refused = await (await world.caller("auditor")).post("/v1/findings", found(audit))
    assert (refused.status_code, reasons(refused)) == (409, ["auditor_not_licensed"])


async def test_a_finding_is_worded_anew_until_it_is_handed_in_and_after_it_is_returned(world: World) -> None:
    audit = await world.assessment(started=True)
    auditor, coordinator = await world.caller("auditor"), await world.caller("coordinator")
    finding = await raised(world, audit)
    changed = await auditor.change(at(finding), {"severity": "major", "evidence": PROOF})
    assert (changed.json()["severity"], changed.json()["evidence"]) == ("major", PROOF)
    nothing = await auditor.change(at(finding), {"due_on": None})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "due_on_missing")
    await handed_in(world, audit)
    late = await auditor.change(at(finding), {"severity": "minor"})
    assert (late.status_code, reasons(late)) == (409, ["wrong_state"])
    await moved(coordinator, f"/v1/assessments/{audit['id']}", "return", WHY)
    assert (await auditor.change(at(finding), {"due_on": "2027-02-01"})).json()["due_on"] == "2027-02-01"
    await moved(auditor, at(finding), "withdraw")
    gone = await auditor.change(at(finding), {"severity": "minor"})
    assert (gone.status_code, reasons(gone)) == (409, ["wrong_state"])
    assert [event.type for event in await world.events(finding["id"])] == [
        "finding.raised", "finding.revised", "finding.revised", "finding.withdrawn",
    ]  # fmt: skip


async def test_an_assessment_is_not_handed_in_with_days_that_have_passed(world: World) -> None:
    audit = await world.assessment(started=True)
    finding = await raised(world, audit, due_on="2026-11-25")
    auditor = await world.caller("auditor")
    await world.rate_everything(audit, auditor, "auditor")
    world.travel("2026-11-26")
    refused = await auditor.move(f"/v1/assessments/{audit['id']}", "submit")
    assert (refused.status_code, reasons(refused)) == (409, ["findings_past_due"])
    assert refused.json()["reasons"][0]["criteria"] == ["3.2"]
    await auditor.change(at(finding), {"due_on": "2026-12-31"})
    await moved(auditor, f"/v1/assessments/{audit['id']}", "submit")


async def test_an_organisation_finds_things_in_its_own_work_and_others_verify(world: World) -> None:
    own = await world.assessment("internal_audit", started=True)
    provider = await world.caller("provider", own["organisation_id"])
    made = await provider.post("/v1/findings", found(own))
    assert made.status_code == 201, made.text
    finding, mistaken = made.json(), (await provider.post("/v1/findings", found(own, criterion="1.1"))).json()
    assert (await moved(provider, at(mistaken), "withdraw"))["state"] == "withdrawn"
    early = await provider.move(at(finding), "plan", PLAN)
    assert (early.status_code, reasons(early)) == (409, ["assessment_not_handed_in"])
    await world.rate_everything(own, provider, "provider")
    await moved(provider, f"/v1/assessments/{own['id']}", "submit")
    for verb in ("plan", "answer"):
        await moved(provider, at(finding), verb)
    assert (await provider.move(at(finding), "verify")).status_code == 403
    assert (await moved(await world.caller("reviewer"), at(finding), "verify"))["state"] == "closed"


# Who sees what


async def test_an_organisation_sees_a_finding_once_the_audit_is_handed_in(world: World) -> None:
    audit = await world.assessment(started=True)
    finding = await raised(world, audit)
    auditor, coordinator = await world.caller("auditor"), await world.caller("coordinator")
    provider = await world.caller("provider", audit["organisation_id"])
    path = f"/v1/assessments/{audit['id']}"

    async def seen(caller: Caller) -> tuple[int, int]:
        listed = (await caller.get("/v1/findings?include=total")).json()
        assert len(listed["items"]) == listed["total"]
        return listed["total"], (await caller.get(at(finding))).status_code

    assert (await seen(auditor), await seen(provider)) == ((1, 200), (0, 404))
    assert (await provider.move(at(finding), "plan", PLAN)).status_code == 404
    assert await seen(await world.caller("reviewer")) == (0, 404)
    before = await provider.get(path)
    world.travel("2027-01-30")  # what will be past due changes no tag of who may not know of it
    world.travel("2026-11-22")
    assert (await provider.get(path)).headers["etag"] == before.headers["etag"]
    await handed_in(world, audit)
    assert await seen(provider) == await seen(await world.caller("reviewer")) == (1, 200)
    assert await seen(await world.caller("auditor", another=1)) == (0, 404)
    assert await seen(await world.caller("provider", (await world.organisation())["id"])) == (0, 404)
    assert (await (await world.caller("partner")).get("/v1/findings")).status_code == 403
    await moved(coordinator, path, "return", WHY)
    assert (await seen(auditor), await seen(provider)) == ((1, 200), (0, 404))
    await moved(coordinator, path, "cancel", WHY)
    assert await seen(provider) == (0, 404)


async def test_lists_are_filtered_sorted_and_expanded(world: World) -> None:
    coordinator = await world.caller("coordinator")
    first = await world.organisation(name="Žaslių globos namai")
    second = await world.organisation(name="Čiobiškio globos namai", municipality="LT-32")
    one, other = [await world.assessment(organisation_id=who["id"], started=True) for who in (first, second)]
    rows = {
        "minor": await raised(world, one),
        "major": await raised(world, one, criterion="10.2", severity="major", due_on="2026-12-11"),
        "elsewhere": await raised(world, other, criterion="10.1", due_on="2026-12-01"),
        "observation": await raised(world, other, severity="observation", due_on=None),
    }
    await handed_in(world, one)
    names = {row["id"]: name for name, row in rows.items()}

    async def listed(query: str) -> list[str]:
        answer = await coordinator.get(f"/v1/findings?{query}")
        assert answer.status_code == 200, answer.text
        return [names[item["id"]] for item in answer.json()["items"]]

    assert await listed("") == ["elsewhere", "major", "minor", "observation"]
    assert await listed("sort=severity,due_on") == ["major", "elsewhere", "minor", "observation"]
    assert await listed("sort=-criterion,-due_on") == ["major", "elsewhere", "observation", "minor"]
    assert await listed("sort=organisation,criterion") == ["observation", "elsewhere", "minor", "major"]
    assert await listed("sort=raised_on,id") == ["minor", "major", "elsewhere", "observation"]
    assert await listed(f"assessment_id={one['id']}") == ["major", "minor"]
    assert await listed(f"organisation_id={second['id']}") == ["elsewhere", "observation"]
    assert await listed("severity=major,observation") == ["major", "observation"]
    assert await listed("principle=10") == ["elsewhere", "major"]
    assert await listed("criterion=10.1,10.2") == ["elsewhere", "major"]
    assert await listed("criterion=3.2&state=open") == ["minor", "observation"]
    assert await listed("state=closed") == []
    assert await listed("standard_version=EQUASS-2018&severity=minor") == ["elsewhere", "minor"]
    assert await listed("due_on[gte]=2026-12-02&due_on[lte]=2026-12-31") == ["major"]
    assert await listed("due_on[lte]=2026-12-01") == ["elsewhere"]
    assert await listed("raised_on[gte]=2026-11-23") == []
    assert await listed("municipality=LT-32") == ["elsewhere", "observation"]
    assert await listed("q=ciobiskio&severity=minor") == ["elsewhere"]
    assert await listed("repeated=true") == []
    assert await listed(f"repeats_id={uuid4()}") == []
    assert await listed("overdue=true") == []
    world.travel("2026-12-12")  # the other one is not handed in
    assert await listed("overdue=true") == ["major"]
    assert await listed("overdue=false") == ["elsewhere", "minor", "observation"]

    whole = (await coordinator.get("/v1/findings?limit=1&expand=assessment.organisation&include=total,actions")).json()
    (item,) = whole["items"]
    assert (whole["total"], item["assessment"]["organisation"]["name"]) == (4, "Čiobiškio globos namai")
    assert (item["assessment"]["state"], item["actions"]) == ("in_progress", [])
    single = (await coordinator.get(f"{at(rows['minor'])}?expand=assessment,organisation")).json()
    assert (single["assessment"]["id"], single["organisation"]["name"]) == (one["id"], "Žaslių globos namai")


# Repeated findings


async def test_a_finding_of_an_earlier_cycle_is_linked_whoever_audited_then(world: World) -> None:
    organisation = (await world.organisation())["id"]
    reviewer, another = await world.caller("reviewer"), await world.caller("auditor", another=1)

    async def audited(*severities: str, scope: dict[str, Any] | None = None, kept: bool = True) -> dict[str, Any]:
        audit = await world.assessment(organisation_id=organisation, started=True, scope=scope or {})
        row = await raised(world, audit)
        await handed_in(world, audit)
        if not kept:
            await moved(reviewer, at(row), "withdraw")
        for verb in ("start-review", "finalise"):
            await moved(reviewer, f"/v1/assessments/{audit['id']}", verb)
        return row

    first = await audited(scope={"services": ["LONG_TERM_CARE"]})
    assert first["repeats_id"] is None
    second = await audited(scope={"services": ["LONG_TERM_CARE", "DAY_CARE_INSTITUTION"]})
    assert second["repeats_id"] == first["id"]
    assert (await audited(scope={"services": ["INFORMATION"]}, kept=False))["repeats_id"] is None
    assert (await audited(scope={"unit": "II korpusas"}))["repeats_id"] == second["id"]
    assert (await audited(scope={"unit": "I korpusas"}))["repeats_id"] == second["id"]

    now = await world.assessment(organisation_id=organisation, started=True, assessor=another.client_id)
    made = (await another.post("/v1/findings", found(now))).json()
    assert made["repeats_id"] is not None
    assert (await another.get(f"/v1/findings/{made['repeats_id']}")).status_code == 404  # another auditor's audit
    unrelated = (await another.post("/v1/findings", found(now, criterion="3.3"))).json()
    assert unrelated["repeats_id"] is None
    elsewhere = await world.assessment(started=True)
    assert (await raised(world, elsewhere))["repeats_id"] is None
    repeated = (await reviewer.get("/v1/findings?repeated=true&sort=id")).json()["items"]
    assert [one["id"] for one in repeated][:1] == [second["id"]]
    only = (await reviewer.get(f"/v1/findings?repeats_id={first['id']}")).json()["items"]
    assert [one["id"] for one in only] == [second["id"]]
    await oracle.check(world.database)


# Days


async def test_a_finding_is_overdue_from_midnight_and_the_pass_says_so_once(world: World) -> None:
    finding, provider = await a_finding_handed_in(world)
    await catch_up(world.database)

    async def overdue() -> bool:
        return bool((await provider.get(at(finding))).json()["overdue"])

    world.travel("2027-01-29T21:59:59+00:00")
    assert not await overdue()
    world.travel("2027-01-29T22:00:00+00:00")
    assert await overdue()
    world.travel("2027-02-03")
    passed = await catch_up(world.database)
    assert passed["changes"] == {"finding.overdue": 1}
    told = [event for event in await world.events(finding["id"]) if event.type == "finding.overdue"]
    assert [(event.effective_on.isoformat(), event.resource_version) for event in told] == [("2027-01-30", 2)]
    planned = await moved(provider, at(finding), "plan", PLAN | {"action_due_on": "2027-03-01"})
    assert planned["overdue"]
    world.travel("2027-02-04")
    assert (await catch_up(world.database))["changes"] == {}
    assert not (await moved(provider, at(finding), "answer"))["overdue"]
    world.travel("2027-02-20")
    await moved(await world.caller("auditor"), at(finding), "reopen")
    world.travel("2027-02-28")
    assert (await catch_up(world.database))["changes"] == {"finding.overdue": 1}
    await oracle.check(world.database)


async def test_nothing_is_overdue_that_is_not_owed(world: World) -> None:
    coordinator, reviewer = await world.caller("coordinator"), await world.caller("reviewer")
    returned, _ = await a_finding_handed_in(world)
    cancelled, _ = await a_finding_handed_in(world)
    extended, _ = await a_finding_handed_in(world)
    withdrawn, _ = await a_finding_handed_in(world)
    answered, owner = await a_finding_handed_in(world)
    draft = await raised(world, await world.assessment(started=True))
    await moved(coordinator, f"/v1/assessments/{returned['assessment_id']}", "return", WHY)
    await moved(coordinator, f"/v1/assessments/{cancelled['assessment_id']}", "cancel", WHY)
    await moved(reviewer, at(extended), "extend")
    early = await reviewer.move(at(extended), "extend", LATER | {"due_on": "2027-02-25"})
    assert errors(early) == {"/due_on": "date_too_early"}
    await moved(reviewer, at(withdrawn), "withdraw")
    for verb in ("plan", "answer"):
        await moved(owner, at(answered), verb)
    world.travel("2027-02-01")
    assert (await catch_up(world.database))["changes"] == {}
    assert (await coordinator.get("/v1/findings?overdue=true")).json()["items"] == []

    auditor = await world.caller("auditor")
    await auditor.change(at(returned), {"due_on": "2027-02-10"})
    await moved(auditor, f"/v1/assessments/{returned['assessment_id']}", "submit")
    world.travel("2027-03-01")
    assert (await catch_up(world.database))["changes"] == {"finding.overdue": 2}
    late = (await coordinator.get("/v1/findings?overdue=true")).json()["items"]
    assert {one["id"] for one in late} == {returned["id"], extended["id"]}
    assert draft["id"] not in {one["id"] for one in late}
    await oracle.check(world.database)


async def test_days_of_moves_follow_one_another(world: World) -> None:
    finding, provider = await a_finding_handed_in(world)
    world.travel("2026-12-10")
    early = await provider.move(at(finding), "plan", PLAN | {"effective_on": "2026-11-21"})
    assert errors(early) == {"/effective_on": "date_too_early"}
    ahead = await provider.move(at(finding), "plan", PLAN | {"effective_on": "2026-12-11"})
    assert errors(ahead) == {"/effective_on": "date_too_late"}
    too_late = await provider.move(at(finding), "plan", PLAN | {"action_due_on": "2027-01-30"})
    assert errors(too_late) == {"/action_due_on": "date_too_late"}
    await moved(provider, at(finding), "plan", PLAN | {"effective_on": "2026-12-01"})
    before = await provider.move(at(finding), "answer", ANSWER | {"effective_on": "2026-11-30"})
    assert errors(before) == {"/effective_on": "date_too_early"}
    assert errors(await provider.move(at(finding), "answer", {"answer": "Padaryta.", "evidence": []})) == {
        "/evidence": "too_short"
    }


# The improvement period


async def test_an_assessment_is_improved_by_a_day_and_the_review_goes_on(world: World) -> None:
    audit = await world.assessment(started=True)
    finding = await raised(world, audit)
    await raised(world, audit, criterion="1.1", severity="observation", due_on=None)
    await handed_in(world, audit)
    path = f"/v1/assessments/{audit['id']}"
    reviewer, auditor = await world.caller("reviewer"), await world.caller("auditor")
    provider = await world.caller("provider", audit["organisation_id"])
    await moved(reviewer, path, "start-review")
    assert errors(await reviewer.move(path, "require-improvement")) == {"/plan_due_on": "missing"}
    past = await reviewer.move(path, "require-improvement", {"plan_due_on": "2026-11-21"})
    assert errors(past) == {"/plan_due_on": "date_too_early"}
    required = await moved(reviewer, path, "require-improvement", {"plan_due_on": "2027-01-15"})
    assert (required["state"], required["plan_due_on"], required["improvement_overdue"]) == (
        "improvement", "2027-01-15", False,
    )  # fmt: skip
    early = await provider.move(path, "resubmit")
    assert (early.status_code, reasons(early)) == (409, ["findings_unanswered"])
    assert early.json()["reasons"][0]["criteria"] == ["3.2"]  # an observation needs no answer
    assert (await (await world.caller("coordinator")).move(path, "resubmit")).status_code == 403

    await catch_up(world.database)
    world.travel("2027-01-16")
    assert (await provider.get(path)).json()["improvement_overdue"]
    listed = (await reviewer.get("/v1/assessments?improvement_overdue=true&sort=plan_due_on")).json()["items"]
    assert [one["id"] for one in listed] == [audit["id"]]
    within = "plan_due_on[gte]=2027-01-15&plan_due_on[lte]=2027-01-15&improvement_overdue=false"
    assert (await reviewer.get(f"/v1/assessments?{within}")).json()["items"] == []
    assert (await catch_up(world.database))["changes"] == {"assessment.improvement_overdue": 1}
    world.travel("2027-01-18")
    assert (await catch_up(world.database))["changes"] == {}
    for verb in ("plan", "answer"):
        await moved(
            provider, at(finding), verb, BODIES[verb] | ({"action_due_on": "2027-01-20"} if verb == "plan" else {})
        )
    improved = await moved(provider, path, "resubmit")
    assert (improved["state"], improved["improvement_overdue"], improved["revision"]) == ("under_review", False, 1)
    assert (await moved(reviewer, path, "finalise"))["outcome"] == "not_met"
    assert (await moved(auditor, at(finding), "verify"))["state"] == "closed"
    told = [(event.type, event.effective_on.isoformat()) for event in await world.events(audit["id"])]
    assert told[3:] == [
        ("assessment.review_started", "2026-11-22"), ("assessment.improvement_required", "2026-11-22"),
        ("assessment.improvement_overdue", "2027-01-16"), ("assessment.resubmitted", "2027-01-18"),
        ("assessment.finalised", "2027-01-18"),
    ]  # fmt: skip
    await oracle.check(world.database)


async def test_what_is_resubmitted_or_cancelled_in_time_is_never_overdue(world: World) -> None:
    reviewer, coordinator = await world.caller("reviewer"), await world.caller("coordinator")
    auditor = await world.caller("auditor")
    for verb, who, body in (("resubmit", auditor, {}), ("cancel", coordinator, WHY)):
        audit = await world.assessment(started=True)
        await handed_in(world, audit)
        path = f"/v1/assessments/{audit['id']}"
        await moved(reviewer, path, "start-review")
        await moved(reviewer, path, "require-improvement", {"plan_due_on": "2027-01-15"})
        await moved(who, path, verb, body)
    world.travel("2027-02-01")
    assert (await catch_up(world.database))["changes"] == {}
    await oracle.check(world.database)


@pytest.mark.parametrize(
    ("query", "code"),
    [("state=done", "enum"), ("overdue=maybe", "bool_parsing"), ("severity=grave", "enum"),
     ("due_on[gte]=soon", "date_malformed"), ("sort=statement", "unknown_value"), ("expand=repeats", "unknown_value")],
)  # fmt: skip
async def test_a_filter_that_is_not_known_or_well_formed_is_named(world: World, query: str, code: str) -> None:
    answer = await (await world.caller("coordinator")).get(f"/v1/findings?{query}")
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])
