"""/v1/assessments over HTTP: from a plan to a result, by those whose turn it is, and refused to everybody else."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from programme.rules.assessments import LIFECYCLE
from programme.rules.permissions import may
from programme.tables import Client, Policy, StandardVersion
from tests.world import Caller, World

EVERY_MOVE = [move.path for move in LIFECYCLE.moves.values()]
REASON = {"reason": "3.2 kriterijaus įrodymai neatitinka apimties."}


def at(assessment: dict[str, Any]) -> str:
    return f"/v1/assessments/{assessment['id']}"


def body_of(move: str) -> dict[str, str | None]:
    if move == "assign":
        return {"reviewer": None}
    if move == "require-improvement":
        return {"plan_due_on": "2027-02-26"}
    return dict(REASON) if move in ("return", "cancel") else {}


async def moved(caller: Caller, path: str, *moves: str) -> dict[str, Any]:
    answer = None
    for move in moves:
        answer = await caller.move(path, move, body_of(move))
        assert answer.status_code == 200, answer.text
    assert answer is not None
    return dict(answer.json())


async def actions(caller: Caller, path: str) -> dict[str, list[str]]:
    """What the caller is told they may do: each move with the codes of what stands in its way."""
    listed = (await caller.get(path)).json()["actions"]
    assert all(action["allowed"] == (not action["reasons"]) for action in listed)
    return {action["href"].rpartition("/")[2]: [reason["code"] for reason in action["reasons"]] for action in listed}


async def told(world: World, assessment: dict[str, Any]) -> list[str]:
    return [event.type for event in await world.events(assessment["id"])]


async def a_submitted_audit(world: World, **more: Any) -> dict[str, Any]:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True, **more)
    await world.rate_everything(audit, auditor, "auditor")
    return await moved(auditor, at(audit), "submit")


async def finished(world: World, kind: str, organisation_id: str, **more: Any) -> dict[str, Any]:
    """An assessment of the cycle before."""
    if kind == "external_audit":
        return await world.finished_audit(organisation_id, **more)
    own = await world.assessment(kind, organisation_id, started=True)
    provider = await world.caller("provider", organisation_id)
    await world.rate_everything(own, provider, "provider", **more)
    return await moved(provider, at(own), "submit", "finalise-self")


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def reasons(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


# The road


async def test_an_organisation_assesses_itself_from_plan_to_result(world: World) -> None:
    organisation = await world.organisation()
    provider = await world.caller("provider", organisation["id"])
    planned = await provider.post(
        "/v1/assessments",
        {
            "organisation_id": organisation["id"], "kind": "self_assessment", "standard_version": "EQUASS-2018",
            "level": "ASSURANCE", "scope": {"services": ["LONG_TERM_CARE"], "unit": "I korpusas"},
            "planned_on": "2026-12-03",
        },
    )  # fmt: skip
    assert planned.status_code == 201, planned.text
    assessment = planned.json()
    assert planned.headers["location"] == at(assessment)
    assert (assessment["state"], assessment["version"], assessment["standard"]) == ("planned", 1, "EQUASS")
    assert assessment["scope"] == {"services": ["LONG_TERM_CARE"], "sites": [], "unit": "I korpusas"}
    assert [principle["number"] for principle in assessment["principles"]] == list(range(1, 11))

    await moved(provider, at(assessment), "start")
    await world.rate_everything(assessment, provider, "provider", {"3.2": "partly_met", "9.4": "not_applicable"})
    submitted = await moved(provider, at(assessment), "submit")
    assert (submitted["state"], submitted["revision"], submitted["ended_on"]) == ("submitted", 1, "2026-11-22")
    assert (submitted["outcome"], submitted["score"]) == (None, None)
    finalised = await moved(provider, at(assessment), "finalise-self")

    assert (finalised["state"], finalised["finalised_on"]) == ("finalised", "2026-11-22")
    assert (finalised["outcome"], finalised["score"]) == ("not_met", 0.9796)
    rights, results = finalised["principles"][2], finalised["principles"][8]
    assert (rights["met"], rights["applicable"], rights["score"]) == (4, 5, 0.8)
    assert (results["met"], results["applicable"], results["score"]) == (5, 5, 1)
    events = await world.events(assessment["id"])
    assert [(event.type, event.resource_version) for event in events] == [
        ("assessment.planned", 1),
        ("assessment.started", 2),
        ("assessment.submitted", 3),
        ("assessment.finalised", 4),
    ]
    assert events[0].data["scope"] == assessment["scope"]
    assert events[1].data == {"state": "in_progress", "started_on": "2026-11-22"}
    assert events[3].data == {
        "state": "finalised", "outcome": "not_met", "score": 0.9796, "finalised_on": "2026-11-22",
    }  # fmt: skip
    assert events[3].previous == {"state": "submitted", "outcome": None, "score": None, "finalised_on": None}
    assert {event.actor_id for event in events} == {provider.client_id}


async def test_an_external_audit_is_audited_and_reviewed_by_different_people(world: World) -> None:
    coordinator, auditor, reviewer = [await world.caller(role) for role in ("coordinator", "auditor", "reviewer")]
    audit = await world.assessment(planned_on="2026-11-20")
    assert audit["assessor"] == auditor.client_id

    started = await moved(auditor, at(audit), "start")
    await world.rate_everything(audit, auditor, "auditor", {"9.4": "not_applicable"})
    await moved(auditor, at(audit), "submit")
    reviewed = await moved(reviewer, at(audit), "start-review")
    finalised = await moved(reviewer, at(audit), "finalise")

    assert (started["state"], started["planned_on"], started["started_on"]) == (
        "in_progress",
        "2026-11-20",
        "2026-11-22",
    )
    assert (reviewed["state"], reviewed["reviewer"]) == ("under_review", reviewer.client_id)
    assert (finalised["outcome"], finalised["score"]) == ("met", 1)
    assert await told(world, audit) == [
        "assessment.planned", "assessment.started", "assessment.submitted", "assessment.review_started",
        "assessment.finalised",
    ]  # fmt: skip
    assert all(not action["allowed"] for action in (await coordinator.get(at(audit))).json()["actions"])


async def test_a_returned_audit_is_rated_anew_and_submitted_as_a_new_revision(world: World) -> None:
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    audit = await a_submitted_audit(world)
    await moved(reviewer, at(audit), "start-review")
    world.travel("2026-11-25")

    returned = await moved(reviewer, at(audit), "return")
    assert (returned["state"], returned["reason"], returned["ended_on"]) == ("in_progress", REASON["reason"], None)
    seen = await auditor.get(f"{at(audit)}/ratings/3.2")
    rated = await auditor.request(
        "PUT", f"{at(audit)}/ratings/3.2", json={"rating": "not_met"}, headers={"If-Match": seen.headers["etag"]}
    )
    assert rated.status_code == 200, rated.text
    again = await moved(auditor, at(audit), "submit")

    assert (again["revision"], again["ended_on"], again["reason"]) == (2, "2026-11-25", None)
    assert (await told(world, audit))[-3:] == [
        "assessment.review_started",
        "assessment.returned",
        "assessment.submitted",
    ]
    returned_event = (await world.events(audit["id"]))[-2]
    assert returned_event.data == {"state": "in_progress", "ended_on": None, "reason": REASON["reason"]}


async def test_a_cancelled_assessment_keeps_what_was_rated(world: World) -> None:
    coordinator, auditor = await world.caller("coordinator"), await world.caller("auditor")
    audit = await world.assessment(started=True)
    assert (await auditor.request("PUT", f"{at(audit)}/ratings/1.1", json={"rating": "not_met"})).status_code == 201

    cancelled = await moved(coordinator, at(audit), "cancel")

    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", REASON["reason"])
    assert (cancelled["outcome"], cancelled["principles"][0]["applicable"]) == (None, 1)
    assert (await coordinator.get(f"{at(audit)}/ratings/1.1")).json()["rating"] == "not_met"
    assert (await auditor.get(at(audit))).status_code == 404  # whose audit is no more
    assert (await told(world, audit))[-1] == "assessment.cancelled"


async def test_what_becomes_of_the_version_changes_nothing_in_an_assessment(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    async with world.at_work() as work:
        await work.session.execute(
            update(StandardVersion).where(StandardVersion.code == "EQUASS-2018").values(principles=[])
        )
    assert (await auditor.get(at(audit))).json()["principles"] == audit["principles"]
    assert (await auditor.request("PUT", f"{at(audit)}/ratings/10.5", json={"rating": "met"})).status_code == 201


async def test_the_outcome_is_by_the_policy_of_the_last_day_of_the_audit(world: World) -> None:
    reviewer = await world.caller("reviewer")
    lenient = {"ASSURANCE": {"type": "threshold", "values": {"overall": 0.9}}}
    async with world.at_work() as work:
        known = (await work.session.scalars(select(Policy).where(Policy.standard_version == "EQUASS-2018"))).one()
        told_of_it = {name: getattr(known, name) for name in known.told}
        told_of_it |= {"effective_from": date(2026, 11, 23), "pass_rules": lenient}
        await work.add(Policy(**told_of_it), "policy.set")
    auditor = await world.caller("auditor")
    outcomes = []
    for last_day in ("2026-11-22", "2026-11-23"):
        world.travel("2026-11-22")
        audit = await world.assessment(started=True)
        await world.rate_everything(audit, auditor, "auditor", {"3.2": "not_met"})
        world.travel("2026-11-30")
        assert (await auditor.move(at(audit), "submit", {"effective_on": last_day})).status_code == 200
        finalised = await moved(reviewer, at(audit), "start-review", "finalise")
        outcomes.append((finalised["outcome"], finalised["score"]))
    assert outcomes == [("not_met", 0.98), ("met", 0.98)]


# Planning


async def test_the_coordinator_assigns_until_the_work_begins(world: World) -> None:
    coordinator = await world.caller("coordinator")
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    audit = await world.assessment(assessor=None, scope={"services": ["LONG_TERM_CARE"], "unit": "I korpusas"})
    assert (await actions(coordinator, at(audit)))["start"] == ["assessor_not_assigned"]

    assigned = await coordinator.change(at(audit), {"assessor": auditor.client_id, "reviewer": reviewer.client_id})
    replanned = await coordinator.change(at(audit), {"planned_on": "2026-12-10", "scope": {"unit": "II korpusas"}})

    assert (assigned.status_code, assigned.json()["assessor"]) == (200, auditor.client_id)
    assert replanned.json()["planned_on"] == "2026-12-10"
    assert replanned.json()["scope"] == {"services": ["LONG_TERM_CARE"], "sites": [], "unit": "II korpusas"}
    assert await told(world, audit) == ["assessment.planned", "assessment.assigned", "assessment.replanned"]
    assert (await world.events(audit["id"]))[1].previous == {"assessor": None, "reviewer": None}

    await moved(auditor, at(audit), "start")
    refused = await coordinator.change(at(audit), {"planned_on": "2026-12-11"})
    assert (refused.status_code, reasons(refused)) == (409, ["wrong_state"])


async def test_a_change_names_the_version_that_it_is_meant_for(world: World) -> None:
    coordinator = await world.caller("coordinator")
    audit = await world.assessment()
    for method, path, body in (
        ("PATCH", at(audit), {"planned_on": "2026-12-11"}),
        ("POST", f"{at(audit)}/cancel", REASON),
    ):
        without = await coordinator.request(method, path, json=body)
        stale = await coordinator.request(method, path, json=body, headers={"If-Match": '"7"'})
        assert (without.status_code, stale.status_code) == (428, 412)
    assert await told(world, audit) == ["assessment.planned"]


async def test_a_plan_that_cannot_be_is_refused_where_it_is_wrong(world: World) -> None:
    coordinator = await world.caller("coordinator")
    organisation, other = await world.organisation(), await world.organisation()
    stranger = await world.caller("provider", other["id"])
    own = await world.caller("provider", organisation["id"])
    auditor, awarder = await world.caller("auditor"), await world.caller("awarder")
    async with world.at_work() as work:
        gone = await world.caller("auditor", another=1)
        await work.session.execute(
            update(Client).where(Client.id == UUID(str(gone.client_id))).values(disabled_at=work.now)
        )
    plan = {
        "organisation_id": organisation["id"], "kind": "external_audit", "standard_version": "EQUASS-2018",
        "level": "ASSURANCE", "scope": {},
    }  # fmt: skip
    wrong: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"organisation_id": str(uuid4())}, {"/organisation_id": "unknown_organisation"}),
        ({"standard_version": "EQUASS-1999"}, {"/standard_version": "unknown_version"}),
        ({"standard_version": "NOKAS-2020", "level": "BASIC"}, {"/standard_version": "criteria_missing"}),
        ({"level": "HIGHEST"}, {"/level": "unknown_level"}),
        ({"scope": {"services": ["LONG_TERM_CARE", "MAGIC"]}}, {"/scope/services/1": "unknown_service"}),
        ({"scope": {"sites": [str(uuid4())]}}, {"/scope/sites/0": "unknown_site"}),
        ({"enrolment_id": str(uuid4())}, {"/enrolment_id": "unknown_enrolment"}),
        ({"kind": "inspection"}, {"/kind": "enum"}),
        ({"planned_on": "2026-02-30"}, {"/planned_on": "date_malformed"}),
        ({"state": "finalised"}, {"/state": "extra_forbidden"}),
        ({"assessor": str(uuid4())}, {"/assessor": "not_an_auditor"}),
        ({"assessor": awarder.client_id}, {"/assessor": "not_an_auditor"}),
        ({"assessor": gone.client_id}, {"/assessor": "not_an_auditor"}),
        ({"kind": "follow_up", "assessor": own.client_id}, {"/assessor": "not_an_auditor"}),
        ({"kind": "self_assessment", "assessor": stranger.client_id}, {"/assessor": "not_of_the_organisation"}),
        ({"kind": "internal_audit", "assessor": auditor.client_id}, {"/assessor": "not_of_the_organisation"}),
        ({"reviewer": auditor.client_id}, {"/reviewer": "not_a_reviewer"}),
        ({"assessor": auditor.client_id, "reviewer": auditor.client_id}, {"/reviewer": "reviewer_is_assessor"}),
        (
            {"assessor": awarder.client_id, "reviewer": own.client_id},
            {"/assessor": "not_an_auditor", "/reviewer": "not_a_reviewer"},
        ),
    ]
    for more, expected in wrong:
        assert errors(await coordinator.post("/v1/assessments", plan | more)) == expected, more
    for more in (
        {"kind": "internal_audit", "assessor": own.client_id},
        {"assessor": auditor.client_id, "reviewer": awarder.client_id},
    ):
        assert (await coordinator.post("/v1/assessments", plan | more)).status_code == 201, more


async def test_an_assessment_belongs_to_an_enrolment_of_its_own_standard_and_organisation(world: World) -> None:
    coordinator = await world.caller("coordinator")
    organisation, other = await world.organisation(), await world.organisation()
    enrolments = {}
    for whose, strand in (
        (organisation, "EQUASS_MAINTENANCE"),
        (organisation, "NOKAS"),
        (other, "EQUASS_MAINTENANCE"),
    ):
        body = {"organisation_id": whose["id"], "project": "QUALITY-LT-2", "strand": strand, "scope": {}}
        made = await coordinator.post("/v1/enrolments", body)
        assert made.status_code == 201, made.text
        enrolments[whose["id"], strand] = made.json()["id"]
    fitting = enrolments.pop((organisation["id"], "EQUASS_MAINTENANCE"))

    audit = await world.assessment(organisation_id=organisation["id"], enrolment_id=fitting)

    assert audit["enrolment_id"] == fitting
    found = (await coordinator.get(f"/v1/assessments?enrolment_id={fitting}")).json()["items"]
    assert [one["id"] for one in found] == [audit["id"]]
    for enrolment in enrolments.values():
        plan = {
            "organisation_id": organisation["id"], "kind": "external_audit", "standard_version": "EQUASS-2018",
            "level": "ASSURANCE", "scope": {}, "enrolment_id": enrolment,
        }  # fmt: skip
        assert errors(await coordinator.post("/v1/assessments", plan)) == {"/enrolment_id": "unknown_enrolment"}


async def test_an_organisation_plans_its_own_work_only(world: World) -> None:
    organisation, other = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", organisation["id"])
    plan = {
        "organisation_id": organisation["id"], "kind": "internal_audit", "standard_version": "EQUASS-2018",
        "level": "ASSURANCE", "scope": {},
    }  # fmt: skip
    assert (await provider.post("/v1/assessments", plan)).status_code == 201
    for kind in ("external_audit", "follow_up"):
        assert (await provider.post("/v1/assessments", plan | {"kind": kind})).status_code == 403
    assigned = await provider.post("/v1/assessments", plan | {"assessor": provider.client_id})
    assert (assigned.status_code, assigned.json()["code"]) == (403, "forbidden")
    for elsewhere in (other["id"], str(uuid4())):
        refused = await provider.post("/v1/assessments", plan | {"organisation_id": elsewhere})
        assert errors(refused) == {"/organisation_id": "unknown_organisation"}


# Moving on


@pytest.mark.parametrize("kind", ["self_assessment", "external_audit"])
async def test_actions_tell_each_role_in_each_state_what_the_answer_will_be(world: World, kind: str) -> None:
    organisation = await world.organisation()
    provider = await world.caller("provider", organisation["id"])
    auditor, reviewer, coordinator = [await world.caller(role) for role in ("auditor", "reviewer", "coordinator")]
    everybody = [
        provider, auditor, await world.caller("auditor", another=1), coordinator, reviewer,
        await world.caller("awarder"), await world.caller("supervisor"),
    ]  # fmt: skip
    own = kind == "self_assessment"
    assesses, role = (provider, "provider") if own else (auditor, "auditor")
    await finished(world, kind, organisation["id"])
    subject = await world.assessment(kind, organisation["id"])
    path, seen = at(subject), set()

    async def agree(state: str) -> None:
        version = (await coordinator.get(path)).json()["version"]
        for caller in everybody:
            unseen = (await caller.get(path)).status_code == 404
            listed = {} if unseen else await actions(caller, path)
            for move in EVERY_MOVE:
                answer = await caller.request(
                    "POST",
                    f"{path}/{move}?validate_only=true",
                    json=body_of(move),
                    headers={"If-Match": f'"{version}"'},
                )
                seen.add((move, answer.status_code))
                if unseen and may(caller.role, f"assessments.{move.replace('-', '_')}"):
                    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (state, move)
                elif move not in listed:
                    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (state, move)
                elif listed[move]:
                    assert answer.status_code in (403, 409), (state, move)
                    assert reasons(answer) == listed[move], (state, move)
                else:
                    assert answer.status_code == 200, (state, move, answer.text)

    await agree("planned")
    await moved(assesses, path, "start")
    await agree("in progress, nothing rated")
    await world.rate_everything(subject, assesses, role)
    await agree("in progress, everything rated")
    await moved(assesses, path, "submit")
    await agree("submitted")
    await moved(reviewer, path, "start-review")
    await agree("under review")
    await moved(reviewer, path, "require-improvement")
    await agree("improvement")
    await moved(assesses, path, "resubmit")
    await moved(reviewer, path, "finalise")
    await agree("finalised")

    possible = set(EVERY_MOVE) if own else set(EVERY_MOVE) - {"finalise-self"}
    assert {move for move, status in seen if status == 200} == possible
    assert [event.resource_version for event in await world.events(subject["id"])] == [*range(1, 8)]


async def test_a_submission_lists_what_is_missing(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    await world.rate_everything(audit, auditor, "auditor")
    seen = await auditor.get(f"{at(audit)}/ratings/7.6")
    bare = await auditor.request(
        "PUT", f"{at(audit)}/ratings/7.6", json={"rating": "met"}, headers={"If-Match": seen.headers["etag"]}
    )
    assert bare.status_code == 200

    refused = await auditor.move(at(audit), "submit")

    assert refused.status_code == 409
    (reason,) = refused.json()["reasons"]
    assert (reason["code"], reason["criteria"]) == ("evidence_missing", ["7.6"])
    assert "7.6" in reason["message"]
    fresh = await auditor.move(at(await world.assessment(started=True)), "submit")
    (reason,) = fresh.json()["reasons"]
    assert (fresh.status_code, reason["code"], len(reason["criteria"])) == (409, "criteria_not_rated", 50)


async def test_nobody_but_the_assigned_auditor_starts_and_submits(world: World) -> None:
    audit = await world.assessment()
    provider = await world.caller("provider", audit["organisation_id"])
    other = await world.caller("auditor", another=1)
    refused = await provider.move(at(audit), "start")
    assert (refused.status_code, refused.json()["code"]) == (403, "conflict_of_interest")
    assert reasons(refused) == ["assessor_role_does_not_fit"]
    assert (await other.move(at(audit), "start")).status_code == 404
    await moved(await world.caller("coordinator"), at(audit), "start")
    await world.rate_everything(audit, await world.caller("auditor"), "auditor")
    assert (await other.move(at(audit), "submit")).status_code == 404


async def test_a_level_without_a_pass_rule_is_not_finalised(world: World) -> None:
    reviewer = await world.caller("reviewer")
    audit = await a_submitted_audit(world, level="EXCELLENCE")
    await moved(reviewer, at(audit), "start-review")
    assert (await actions(reviewer, at(audit)))["finalise"] == ["pass_rule_not_set"]
    refused = await reviewer.move(at(audit), "finalise")
    assert (refused.status_code, reasons(refused)) == (409, ["pass_rule_not_set"])


async def test_a_move_takes_effect_after_the_one_before_and_not_ahead(world: World) -> None:
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    audit = await world.assessment()
    ahead = await auditor.move(at(audit), "start", {"effective_on": "2026-11-23"})
    assert errors(ahead) == {"/effective_on": "date_too_late"}
    started = await auditor.move(at(audit), "start", {"effective_on": "2026-11-10"})
    assert started.json()["started_on"] == "2026-11-10"
    await world.rate_everything(audit, auditor, "auditor")
    early = await auditor.move(at(audit), "submit", {"effective_on": "2026-11-09"})
    assert errors(early) == {"/effective_on": "date_too_early"}
    submitted = await auditor.move(at(audit), "submit", {"effective_on": "2026-11-14"})
    assert submitted.json()["ended_on"] == "2026-11-14"
    early = await reviewer.move(at(audit), "start-review", {"effective_on": "2026-11-13"})
    assert errors(early) == {"/effective_on": "date_too_early"}
    assert [event.effective_on.isoformat() for event in await world.events(audit["id"])] == [
        "2026-11-22", "2026-11-10", "2026-11-14",
    ]  # fmt: skip


async def test_a_return_and_a_cancellation_say_why(world: World) -> None:
    audit = await a_submitted_audit(world)
    coordinator = await world.caller("coordinator")
    for move in ("return", "cancel"):
        assert errors(await coordinator.move(at(audit), move)) == {"/reason": "missing"}


async def test_a_move_needs_no_body_where_it_has_nothing_to_say(world: World) -> None:
    audit = await world.assessment()
    started = await (await world.caller("auditor")).request("POST", f"{at(audit)}/start", headers={"If-Match": '"1"'})
    assert started.status_code == 200, started.text


# Reading


async def test_an_organisation_does_not_know_of_the_others_assessments(world: World) -> None:
    organisation, other = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", organisation["id"])
    mine = await world.assessment("self_assessment", organisation["id"])
    theirs = await world.assessment("self_assessment", other["id"], started=True)
    assert [one["id"] for one in (await provider.get("/v1/assessments")).json()["items"]] == [mine["id"]]
    for path in (at(theirs), f"{at(theirs)}/ratings", f"{at(theirs)}/principles", f"{at(theirs)}/ratings/1.1"):
        hidden, unknown = await provider.get(path), await provider.get(path.replace(theirs["id"], str(uuid4())))
        assert hidden.status_code == unknown.status_code == 404
    assert (await provider.move(at(theirs), "submit", headers={"If-Match": '"2"'})).status_code == 404
    assert (await (await world.caller("partner")).get(at(mine))).status_code == 403


async def test_a_rating_makes_the_etag_new_and_no_edit_stale(world: World) -> None:
    coordinator, auditor = await world.caller("coordinator"), await world.caller("auditor")
    audit = await world.assessment(started=True)
    before = await coordinator.get(at(audit))
    known = {"If-None-Match": before.headers["etag"]}
    assert (await coordinator.get(at(audit), headers=known)).status_code == 304

    assert (await auditor.request("PUT", f"{at(audit)}/ratings/3.2", json={"rating": "met"})).status_code == 201

    after = await coordinator.get(at(audit), headers=known)
    assert (after.status_code, after.json()["version"]) == (200, before.json()["version"])
    assert after.json()["principles"][2] == {**before.json()["principles"][2], "met": 1, "applicable": 1, "score": 1}
    cancelled = await coordinator.request(
        "POST", f"{at(audit)}/cancel", json=REASON, headers={"If-Match": before.headers["etag"]}
    )
    assert cancelled.status_code == 200


async def test_lists_are_filtered_sorted_and_expanded(world: World) -> None:
    coordinator, auditor, reviewer = [await world.caller(role) for role in ("coordinator", "auditor", "reviewer")]
    first = await world.organisation(name="Žaslių globos namai")
    second = await world.organisation(name="Čiobiškio globos namai")
    planned = await world.assessment(organisation_id=first["id"], planned_on="2026-12-01", reviewer=reviewer.client_id)
    someday = await world.assessment("self_assessment", second["id"])
    finished = await world.finished_audit(first["id"], planned_on="2026-11-01", scope={"services": ["LONG_TERM_CARE"]})

    async def found(query: str) -> list[str]:
        answer = await coordinator.get(f"/v1/assessments?{query}")
        assert answer.status_code == 200, answer.text
        names = {planned["id"]: "planned", someday["id"]: "someday", finished["id"]: "finished"}
        return [names[one["id"]] for one in answer.json()["items"]]

    assert await found("") == ["someday", "planned", "finished"]
    assert await found("sort=planned_on") == ["finished", "planned", "someday"]
    assert await found("sort=organisation,planned_on") == ["someday", "finished", "planned"]
    assert await found("sort=-finalised_on,id") == ["planned", "someday", "finished"]
    assert await found("state=planned&sort=planned_on") == ["planned", "someday"]
    assert await found("state=finalised,cancelled") == ["finished"]
    assert await found("kind=self_assessment") == ["someday"]
    assert await found("outcome=met") == ["finished"]
    assert await found(f"organisation_id={second['id']}") == ["someday"]
    assert await found("standard=NOKAS") == []
    assert await found("standard_version=EQUASS-2018&level=ASSURANCE&kind=self_assessment,follow_up") == ["someday"]
    assert await found(f"assessor={auditor.client_id}") == ["planned", "finished"]
    assert await found(f"reviewer={reviewer.client_id}&outcome=met") == ["finished"]
    assert await found("planned_on[gte]=2026-11-15") == ["planned"]
    assert await found("planned_on[lte]=2026-11-15") == ["finished"]
    assert await found("q=ciobiskio") == ["someday"]

    whole = (
        await coordinator.get("/v1/assessments?include=total,actions&expand=organisation&kind=self_assessment")
    ).json()
    assert (whole["total"], whole["items"][0]["organisation"]["name"]) == (1, "Čiobiškio globos namai")
    assert {action["name"] for action in whole["items"][0]["actions"]} >= {"start", "cancel"}
    assert "actions" not in (await coordinator.get("/v1/assessments")).json()["items"][0]
    few = (await coordinator.get("/v1/assessments?fields=id,state&state=finalised")).json()["items"]
    assert few == [{"id": finished["id"], "state": "finalised"}]
    expanded = (await coordinator.get(f"{at(planned)}?expand=organisation")).json()
    assert expanded["organisation"]["name"] == "Žaslių globos namai"


@pytest.mark.parametrize(
    ("query", "code"),
    [("state=done", "enum"), ("assessor=somebody", "id_malformed"), ("planned_on[gte]=soon", "date_malformed"),
     ("score=1", "unknown_parameter"), ("sort=score", "unknown_value")],
)  # fmt: skip
async def test_a_filter_that_is_not_known_or_well_formed_is_named(world: World, query: str, code: str) -> None:
    answer = await (await world.caller("coordinator")).get(f"/v1/assessments?{query}")
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (400, [code])
