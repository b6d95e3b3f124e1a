"""What waits for whom: each role's day, and every item's action that of the resource itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from programme.rules.lifecycle import Role
from programme.rules.work_queue import DUTIES, Kind
from programme.services import loading
from tests.api import test_findings as findings
from tests.api.test_annual_reports import FEEDBACK, SUBMIT, an_open_report, move
from tests.api.test_certificate_decisions import set_policy
from tests.api.test_certificates import a_draft, a_grantable_draft
from tests.api.test_enrolments import BODIES, SCOPE, apply
from tests.api.test_findings import a_finding_handed_in
from tests.api.test_votes import vote
from tests.full import a_full_organisation
from tests.made import a_certificate
from tests.world import Caller, World

ROLES = [role for role in Role if role not in (Role.WORKER, Role.PUBLIC)]


async def queue(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller.get(f"/v1/work-queue{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def waiting(caller: Caller) -> list[tuple[str, str | None]]:
    return [(item["kind"], item["due_on"]) for item in await queue(caller)]


async def test_a_report_waits_for_one_after_another(world: World) -> None:
    path, made = await an_open_report(world)
    callers = {role: await world.caller(role) for role in ("coordinator", "auditor", "awarder", "reviewer")}
    callers["provider"] = await world.caller("provider", made.organisation)

    async def waits_for(**roles: str) -> None:
        for role, caller in callers.items():
            mine = [item for item in await queue(caller) if item["href"] == path]
            assert [item["kind"] for item in mine] == ([roles[role]] if role in roles else []), role
            assert [item["action"]["allowed"] for item in mine] == [True] * len(mine)

    await waits_for(provider="report_to_submit")
    (item,) = await queue(callers["provider"])
    assert item == {
        "kind": "report_to_submit",
        "resource": {"type": "annual_report", "id": str(made.reports[0])},
        "organisation": {"id": str(made.organisation), "name": "Leliūnų socialinės globos namai"},
        "due_on": "2026-12-01",
        "overdue": False,
        "reason": {"code": "report_to_submit", "message": "Reikia pateikti metinę ataskaitą."},
        "href": path,
        "action": {"name": "submit", "allowed": True, "reasons": [], "method": "POST", "href": f"{path}/submit"},
    }
    later = {"new_due_on": "2027-01-15", "reason": "Persikeliame."}
    await move(callers["provider"], path, "request-extension", later)
    await waits_for(provider="report_to_submit", coordinator="extension_to_decide")
    assert await waiting(callers["coordinator"]) == [("extension_to_decide", "2026-12-01")]
    await move(callers["coordinator"], path, "decide-extension", {"granted": True, "reason": "Priežastis svarbi."})
    assert await waiting(callers["provider"]) == [("report_to_submit", "2027-01-15")]
    await move(callers["provider"], path, "submit", SUBMIT)
    await waits_for(coordinator="report_to_forward")
    back = {"reason": "Trūksta rodiklių.", "resubmit_by": "2026-11-30"}
    await move(callers["coordinator"], path, "return", back)
    await waits_for(provider="report_to_submit")
    assert await waiting(callers["provider"]) == [("report_to_submit", "2026-11-30")]
    await move(callers["provider"], path, "submit", SUBMIT)
    await move(callers["coordinator"], path, "forward-to-auditor")
    await waits_for(auditor="report_to_comment")
    await move(callers["auditor"], path, "comment", FEEDBACK)
    await waits_for(coordinator="commented_report_to_forward")
    await move(callers["coordinator"], path, "forward-to-office")
    await waits_for(awarder="report_to_approve", reviewer="report_to_approve")
    await move(callers["awarder"], path, "approve")
    await waits_for()


async def test_a_report_waits_from_the_first_day_of_its_window_and_is_overdue_after_its_last(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01")
    provider = await world.caller("provider", made.organisation)
    for day, expected in (
        ("2026-10-01", []),
        ("2026-10-02", [False]),
        ("2026-12-01", [False]),
        ("2026-12-02", [True]),
        ("2027-10-02", [True, False]),
        ("2028-12-01", [True, True]),
        ("2028-12-02", []),
    ):
        world.travel(day)
        assert [item["overdue"] for item in await queue(provider)] == expected, day
        assert len(await queue(provider, "?overdue=true")) == sum(expected)
        assert len(await queue(provider, "?overdue=false")) == len(expected) - sum(expected)
    world.travel("2027-10-02")
    assert [item["due_on"] for item in await queue(provider, "?due_on[lte]=2026-12-31")] == ["2026-12-01"]


async def test_an_application_waits_until_its_outcome_is_entered(world: World) -> None:
    await loading.load_programme(world.database)
    async with world.at_work() as work:
        await (await work.connection()).execute("update enrolment set state = 'terminated', ended_on = signed_on")
    made = await apply(world)
    assert made.status_code == 201, made.text
    path = f"/v1/enrolments/{made.json()['id']}"
    coordinator, manager = await world.caller("coordinator"), await world.caller("project_manager")
    provider = await world.caller("provider", made.json()["organisation_id"])

    async def kinds(caller: Caller) -> list[str]:
        return [item["kind"] for item in await queue(caller) if item["href"] == path]

    for verb, theirs, coordinators in (
        ("submit", ["application_to_submit"], []),
        ("start_review", [], ["application_to_review"]),
        ("select", [], ["application_to_decide"]),
        ("sign_agreement", ["agreement_to_sign"], ["agreement_to_sign"]),
    ):
        assert (await kinds(provider), await kinds(coordinator)) == (theirs, coordinators)
        if verb == "sign_agreement":
            (item,) = [item for item in await queue(provider) if item["href"] == path]
            assert item["action"] is None  # the coordinator enters what both have signed
        await move(coordinator, path, verb.replace("_", "-"), BODIES[verb])
    assert (await kinds(provider), await kinds(coordinator), await kinds(manager)) == ([], [], [])
    for stage in (await coordinator.get(path)).json()["stages"]:
        done = {"planned_on": None, "started_on": None, "done_on": "2026-11-20"}
        tag = (await coordinator.get(path)).headers["etag"]
        put = await coordinator.request("PUT", f"{path}/stages/{stage['code']}", json=done, headers={"If-Match": tag})
        assert put.status_code == 200, put.text
    assert await kinds(coordinator) == await kinds(manager) == ["enrolment_to_complete"]
    await move(manager, path, "complete", BODIES["complete"])
    assert await kinds(manager) == []


async def test_an_audit_waits_for_its_auditor_then_for_a_reviewer_then_for_the_awarder(world: World) -> None:
    path, draft = await a_draft(world)
    coordinator, auditor = await world.caller("coordinator"), await world.caller("auditor")
    reviewer, another, awarder = [
        await world.caller(role, another=which) for role, which in (("reviewer", 0), ("reviewer", 1), ("awarder", 0))
    ]
    audit = await world.assessment(
        "external_audit", draft["organisation_id"], scope=SCOPE, assessor=None, planned_on="2026-11-20"
    )
    where = f"/v1/assessments/{audit['id']}"
    (item,) = await queue(coordinator)
    assert (item["kind"], item["due_on"], item["overdue"]) == ("auditor_to_assign", "2026-11-20", True)
    assert [reason["code"] for reason in item["action"]["reasons"]] == ["assessor_not_assigned"]
    assert (await coordinator.change(where, {"assessor": auditor.client_id})).status_code == 200
    assert await waiting(coordinator) == []
    assert await waiting(auditor) == [("audit_to_start", "2026-11-20")]
    await move(auditor, where, "start")
    assert await waiting(auditor) == [("audit_to_submit", None)]
    await world.rate_everything(audit, auditor, "auditor")
    await move(auditor, where, "submit")
    assert await waiting(auditor) == []
    assert await waiting(reviewer) == await waiting(another) == [("audit_to_review", None)]
    await move(reviewer, where, "start-review")
    assert (await waiting(reviewer), await waiting(another)) == ([("audit_to_finalise", None)], [])
    assert await waiting(awarder) == []
    await move(reviewer, where, "finalise")
    assert await waiting(reviewer) == []
    assert [(item["kind"], item["href"]) for item in await queue(awarder)] == [("certificate_to_decide", path)]
    assert (await awarder.move(path, "refuse", {"reason": "Neįgyvendinti kriterijai."})).status_code == 200
    assert await waiting(awarder) == []


async def test_a_draft_waits_for_the_vote_of_each_member_of_the_committee(world: World) -> None:
    await set_policy(world, decision_quorum=2)
    path, _ = await a_grantable_draft(world)
    one, two = [await world.caller("awarder", another=which) for which in (0, 1)]

    async def kinds(caller: Caller) -> dict[str, bool]:
        return {item["kind"]: item["action"]["allowed"] for item in await queue(caller) if item["href"] == path}

    for member in (one, two):
        assert await kinds(member) == {"certificate_to_vote_on": True, "certificate_to_decide": False}
    assert (await vote(one, path, "for")).status_code == 201
    assert await kinds(one) == {"certificate_to_decide": False}
    assert (await kinds(two))["certificate_to_vote_on"]
    changed = await (await world.caller("coordinator")).change(path, {"staff": 9})
    assert changed.status_code == 200, changed.text
    assert (await kinds(one))["certificate_to_vote_on"], "written anew, it is voted on anew"
    for member in (one, two):
        await vote(member, path, "for")
        assert "certificate_to_vote_on" not in await kinds(member)
    assert await kinds(one) == await kinds(two) == {"certificate_to_decide": True}
    await set_policy(world, decision_quorum=None, effective_from="2026-11-02")
    assert (await (await world.caller("coordinator")).change(path, {"staff": 8})).status_code == 200
    assert await kinds(one) == {"certificate_to_decide": True}, "no committee decides any more"


async def test_a_finding_waits_for_its_organisation_then_for_who_verifies(world: World) -> None:
    finding, provider = await a_finding_handed_in(world)
    path, audit = findings.at(finding), f"/v1/assessments/{finding['assessment_id']}"
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    assert await waiting(provider) == [("finding_to_plan", "2027-01-29")]
    await findings.moved(provider, path, "plan")
    await findings.moved(reviewer, audit, "start-review")
    await findings.moved(reviewer, audit, "require-improvement", {"plan_due_on": "2027-01-15"})
    (improvement, answer) = await queue(provider)
    assert (improvement["kind"], improvement["due_on"]) == ("improvement_to_resubmit", "2027-01-15")
    assert [reason["code"] for reason in improvement["action"]["reasons"]] == ["findings_unanswered"]
    assert (answer["kind"], answer["action"]["allowed"]) == ("finding_to_answer", True)
    assert ("finding_to_verify", None) not in await waiting(auditor)
    await findings.moved(provider, path, "answer")
    assert await waiting(provider) == [("improvement_to_resubmit", "2027-01-15")]
    for somebody in (auditor, reviewer):
        assert ("finding_to_verify", None) in await waiting(somebody)
    await findings.moved(auditor, path, "reopen")
    assert ("finding_to_answer", "2027-02-26") in await waiting(provider)
    assert ("finding_to_verify", None) not in await waiting(auditor)


async def test_an_organisations_own_work_waits_for_itself(world: World) -> None:
    own = await world.assessment("self_assessment", planned_on="2026-12-01")
    where, provider = f"/v1/assessments/{own['id']}", await world.caller("provider", own["organisation_id"])
    assert await waiting(provider) == [("assessment_to_start", "2026-12-01")]
    await move(provider, where, "start")
    assert await waiting(provider) == [("assessment_to_submit", None)]
    await world.rate_everything(own, provider, "provider")
    await move(provider, where, "submit")
    assert await waiting(provider) == [("assessment_to_finalise", None)]
    await move(provider, where, "finalise-self")
    assert await waiting(provider) == []
    assert await waiting(await world.caller("reviewer")) == []


async def test_a_suspension_waits_from_the_day_of_its_review(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    body = {"reason_code": "complaint_upheld", "reason": "Pagrįstas skundas.", "review_by": "2026-11-30"}
    path = f"/v1/certificates/{made.certificate}"
    assert (await awarder.move(path, "suspend", body)).status_code == 200
    for day, overdue in (("2026-11-29", []), ("2026-11-30", [False]), ("2026-12-01", [True])):
        world.travel(day)
        for caller, action in ((awarder, True), (coordinator, False)):
            found = [item for item in await queue(caller) if item["kind"] == "suspension_to_review"]
            assert [item["overdue"] for item in found] == overdue
            assert [item["action"] is not None for item in found] == [action] * len(found)
    assert (await awarder.move(path, "reinstate", {"reason": "Ištaisyta."})).status_code == 200
    assert [item["kind"] for item in await queue(awarder)] == []


async def test_a_request_for_cancellation_waits_until_it_is_decided(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    path = f"/v1/certificates/{made.certificate}"
    provider = await world.caller("provider", made.organisation)
    deciders = [await world.caller(role) for role in ("coordinator", "awarder")]
    await move(provider, path, "request-cancellation", {"reason": "Nebeteiksime.", "effective_on": "2026-12-31"})
    for caller in deciders:
        assert await waiting(caller) == [("cancellation_to_decide", "2026-12-31")]
    await move(provider, path, "withdraw-cancellation-request", {})
    assert [await waiting(caller) for caller in deciders] == [[], []]
    await move(provider, path, "request-cancellation", {"reason": "Nebeteiksime."})
    await move(
        deciders[0],
        path,
        "cancel",
        {"holder_request_ref": "S-1"},
    )
    assert [await waiting(caller) for caller in deciders] == [[], []]


async def test_an_erasure_waits_for_operators_for_a_month_unless_it_is_held(world: World) -> None:
    full = await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    path = f"/v1/organisations/{full.organisation_id}/contacts"
    ops, provider = await world.caller("ops"), await world.caller("provider", full.organisation_id)
    tag = {"If-Match": '"1"'}
    asked = await provider.post(f"{path}/{full.contact_id}/request-erasure", headers=tag)
    assert asked.status_code == 200, asked.text
    (item,) = await queue(ops)
    assert (item["kind"], item["due_on"]) == ("erasure_to_carry_out", "2026-12-22")
    assert item["href"] == f"{path}/{full.contact_id}"
    assert item["action"]["href"] == f"{path}/{full.contact_id}/erase"
    held = await ops.post(
        f"{path}/{full.contact_id}/hold", {"ground": "legal_claims", "until_on": "2026-12-31"},
        headers={"If-Match": '"2"'},
    )  # fmt: skip
    assert held.status_code == 200, held.text
    assert await queue(ops) == []
    world.travel("2027-01-01")
    assert [item["overdue"] for item in await queue(ops)] == [True]
    erased = await ops.post(f"{path}/{full.contact_id}/erase", headers={"If-Match": '"3"'})
    assert erased.status_code == 200, erased.text
    assert await queue(ops) == []


async def everything(world: World) -> dict[Role, Caller]:
    """Several organisations with all sorts of things under way, and a caller in each role."""
    auditor = UUID(str((await world.caller("auditor")).client_id))
    reviewer = UUID(str((await world.caller("reviewer")).client_id))
    own = await a_full_organisation(world, "LIT2025-301", assessor=auditor, reviewer=reviewer)
    await a_full_organisation(world, "LIT2025-302", assessor=auditor, reviewer=None)
    await a_grantable_draft(world)
    await a_certificate(world.database, "2025-11-01")
    for state in ("submitted", "with_auditor", "commented", "with_office", "returned", "drafting"):
        made = await a_certificate(world.database, "2025-12-01")
        async with world.at_work() as work:
            await (await work.connection()).execute(
                "update annual_report set state = $1, resubmit_by = '2026-12-05' where id = $2", state, made.reports[0]
            )
    return {role: await world.caller(role, own.organisation_id if role is Role.PROVIDER else None) for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
async def test_an_items_action_is_that_of_the_resource(world: World, role: Role) -> None:
    caller = (await everything(world))[role]
    for item in await queue(caller):
        seen = (await caller.get(item["href"])).json()
        assert seen["id"] == item["resource"]["id"]
        if "actions" in seen:
            actions = {action["name"]: action for action in seen["actions"]}
            assert item["action"] == actions.get(DUTIES[Kind(item["kind"])].move)


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.COORDINATOR, Role.AUDITOR, Role.REVIEWER, Role.AWARDER])
async def test_whatever_a_role_can_move_on_waits_for_it(world: World, role: Role) -> None:
    """Where a duty is one role's alone, the queue holds exactly the resources that allow its move."""
    caller = (await everything(world))[role]
    mine = [duty for duty in DUTIES.values() if role in duty.roles and duty.states]
    items = await queue(caller, "?limit=200")
    for resource, verb in {(duty.resource, duty.move) for duty in mine} - SHARED:
        path = f"/v1/{resource.replace('_', '-')}"
        listed = (await caller.get(f"{path}?include=actions&limit=200")).json()["items"]
        open_ = {
            one["id"] for one in listed for action in one["actions"] if action["name"] == verb and action["allowed"]
        }
        waits = {
            item["resource"]["id"]
            for item in items
            if item["action"] and item["action"]["name"] == verb and item["action"]["allowed"]
            and item["href"].startswith(path)
        }  # fmt: skip
        assert waits == open_, (resource, verb)


SHARED = {
    ("certificates", "cancel"),  # possible on any day, and waiting once the holder asks
    ("assessments", "start"),  # the coordinator starts what others carry out
    ("findings", "plan"),  # may be written anew, and waits while there is none
    ("certificates", "vote"),  # may be changed, and waits while there is none
    ("certificates", "reinstate"),  # possible on any day, and waiting from that of the review
}


async def test_the_queue_is_paged_by_the_day_and_counted_by_kind(world: World) -> None:
    callers = await everything(world)
    for role in (Role.COORDINATOR, Role.AUDITOR, Role.AWARDER):
        caller = callers[role]
        whole = (await caller.get("/v1/work-queue?include=total&limit=200")).json()
        assert whole["next_cursor"] is None
        days = [item["due_on"] or "9999" for item in whole["items"]]
        assert days == sorted(days)
        assert whole["total"] == len(whole["items"]) == sum(one["count"] for one in whole["counts"])
        assert {one["kind"]: (one["count"], one["overdue"]) for one in whole["counts"]} == {
            kind: (
                sum(item["kind"] == kind for item in whole["items"]),
                sum(item["kind"] == kind and item["overdue"] for item in whole["items"]),
            )
            for kind in {item["kind"] for item in whole["items"]}
        }
        pages, query = [], "?limit=2"
        while query:
            page = (await caller.get(f"/v1/work-queue{query}")).json()
            pages += page["items"]
            query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"
        assert pages == whole["items"]
        for kind in {item["kind"] for item in whole["items"]}:
            only = await queue(caller, f"?kind={kind}&limit=200")
            assert only == [item for item in whole["items"] if item["kind"] == kind]
        one = whole["items"][0]["organisation"]["id"]
        assert await queue(caller, f"?organisation_id={one}") == [
            item for item in whole["items"] if item["organisation"]["id"] == one
        ]
        assert await queue(caller, "?municipality=LT-01") == []
    foreign = (await callers[Role.COORDINATOR].get("/v1/work-queue?limit=1")).json()["next_cursor"]
    refused = await callers[Role.AUDITOR].get(f"/v1/work-queue?limit=1&cursor={foreign}")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


async def test_what_is_not_theirs_waits_for_nobody(world: World) -> None:
    callers = await everything(world)
    for role in (Role.SUPERVISOR, Role.PARTNER):
        answer = (await callers[role].get("/v1/work-queue?include=total")).json()
        assert answer == {"items": [], "next_cursor": None, "total": 0, "counts": []}
    stranger = await world.caller("provider", (await world.organisation())["id"])
    assert await queue(stranger) == []
    assert await queue(await world.caller("auditor", another=1)) == []
    assert await queue(callers[Role.AUDITOR], "?kind=report_to_approve") == []


async def test_the_sentences_are_in_the_callers_language(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01")
    provider = await world.caller("provider", made.organisation)
    answer = await provider.get("/v1/work-queue", headers={"Accept-Language": "en"})
    assert answer.json()["items"][0]["reason"]["message"] == "The annual report is to be submitted."
    assert answer.headers["content-language"] == "en"
