"""/v1/enrolments over HTTP: the road from an application to its outcome, and every refusal on it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from programme.tables import Strand
from tests.world import Caller, World

SCOPE = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}
STAGES = ["staff_training_2_days", "maintenance_and_consultations", "external_audit", "dissemination"]
DONE = {"planned_on": "2026-10-01", "started_on": "2026-10-05", "done_on": "2026-11-20"}

BODIES: dict[str, dict[str, Any]] = {
    "submit": {},
    "return": {"reason": "Trūksta dokumentų."},
    "start_review": {},
    "select": {"commission_decision_ref": "KOM-2026-14"},
    "put_on_reserve": {},
    "reject": {"reason": "Neatitinka sąlygų."},
    "withdraw": {},
    "sign_agreement": {"agreement_number": "EQUASS-83", "signed_on": "2026-11-20"},
    "complete": {"outcome": "maintained"},
    "terminate": {"reason": "Organizacija likviduojama."},
}

TO: dict[str, list[str]] = {
    "draft": [],
    "submitted": ["submit"],
    "in_selection": ["submit", "start_review"],
    "reserve": ["submit", "start_review", "put_on_reserve"],
    "rejected": ["submit", "start_review", "reject"],
    "withdrawn": ["withdraw"],
    "selected": ["submit", "start_review", "select"],
    "active": ["submit", "start_review", "select", "sign_agreement"],
    "terminated": ["submit", "start_review", "select", "sign_agreement", "terminate"],
    "completed": ["submit", "start_review", "select", "sign_agreement", "stages", "complete"],
}
"""The verbs that lead to each state."""


async def do(caller: Caller, path: str, verb: str, **said: Any) -> httpx2.Response:
    return await caller.move(path, verb.replace("_", "-"), BODIES[verb] | said)


async def put(caller: Caller, path: str, stage: str, days: dict[str, Any]) -> httpx2.Response:
    seen = await caller.get(path)
    return await caller.request("PUT", f"{path}/stages/{stage}", json=days, headers={"If-Match": seen.headers["etag"]})


async def apply(world: World, **said: Any) -> httpx2.Response:
    body = {
        "project": "QUALITY-LT-2",
        "strand": "EQUASS_MAINTENANCE",
        "scope": SCOPE,
        "declared_on": "2026-11-20",
        **said,
    }
    if "organisation_id" not in body:
        body["organisation_id"] = (await world.organisation())["id"]
    return await (await world.caller("coordinator")).post("/v1/enrolments", body)


async def an_enrolment(world: World, state: str = "draft", **said: Any) -> str:
    """The address of an enrolment that the coordinator has brought to the state."""
    coordinator = await world.caller("coordinator")
    made = await apply(world, **said)
    assert made.status_code == 201, made.text
    path = f"/v1/enrolments/{made.json()['id']}"
    for verb in TO[state]:
        if verb == "stages":
            moved = [await put(coordinator, path, stage["code"], DONE) for stage in made.json()["stages"]]
        else:
            moved = [await do(coordinator, path, verb)]
        assert all(one.status_code == 200 for one in moved), [one.text for one in moved]
    return path


async def set_capacity(world: World, capacity: int) -> None:
    async with world.at_work() as work:
        await work.session.execute(update(Strand).where(Strand.code == "EQUASS_MAINTENANCE").values(capacity=capacity))


async def places_taken(world: World) -> int:
    async with world.at_work() as work:
        taken = await work.session.scalar(select(Strand.places_taken).where(Strand.code == "EQUASS_MAINTENANCE"))
    assert taken is not None
    return taken


def reasons(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 409, answer.text
    return [reason["code"] for reason in answer.json().get("reasons", [])] or [answer.json()["code"]]


def errors(answer: httpx2.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def open_to(caller: Caller, path: str) -> set[str]:
    return {action["name"] for action in (await caller.get(path)).json()["actions"] if action["allowed"]}


# The road.


async def test_the_road_from_a_draft_to_the_outcome(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    provider = await world.caller("provider", holder["id"])
    application = {
        "organisation_id": holder["id"],
        "project": "QUALITY-LT-2",
        "strand": "EQUASS_MAINTENANCE",
        "scope": SCOPE,
    }

    drafted = await provider.post("/v1/enrolments", application)
    assert drafted.status_code == 201, drafted.text
    path = drafted.headers["location"]
    made = drafted.json()
    assert (made["state"], made["project"], made["strand"]) == ("draft", "QUALITY-LT-2", "EQUASS_MAINTENANCE")
    assert [stage["code"] for stage in made["stages"]] == STAGES
    assert await open_to(provider, path) == {"withdraw"}

    declared = await provider.change(path, {"declared_on": "2026-11-20"})
    assert declared.status_code == 200, declared.text
    assert await open_to(provider, path) == {"submit", "withdraw"}
    assert (await do(provider, path, "submit")).json()["state"] == "submitted"
    assert (await do(coordinator, path, "start_review")).json()["state"] == "in_selection"
    selected = (await do(coordinator, path, "select")).json()
    assert (selected["state"], selected["commission_decision_ref"]) == ("selected", "KOM-2026-14")
    assert await places_taken(world) == 1
    signed = (await do(coordinator, path, "sign_agreement")).json()
    assert (signed["state"], signed["agreement_number"], signed["signed_on"]) == ("active", "EQUASS-83", "2026-11-20")
    for stage in STAGES:
        assert (await put(coordinator, path, stage, DONE)).status_code == 200
    completed = (await do(coordinator, path, "complete")).json()
    assert (completed["state"], completed["outcome"], completed["ended_on"]) == (
        "completed",
        "maintained",
        "2026-11-22",
    )
    assert await places_taken(world) == 1
    assert not any(action["allowed"] for action in completed["actions"])

    events = await world.events(made["id"])
    assert [event.type for event in events] == [
        "enrolment.drafted",
        "enrolment.draft_revised",
        "enrolment.submitted",
        "enrolment.review_started",
        "enrolment.selected",
        "enrolment.agreement_signed",
        *["enrolment.stage_recorded"] * 4,
        "enrolment.completed",
    ]
    assert [event.resource_version for event in events] == list(range(1, 12))
    assert events[1].data == {"declared_on": "2026-11-20"}
    assert events[1].previous == {"declared_on": None}
    assert events[4].data == {"state": "selected", "commission_decision_ref": "KOM-2026-14"}
    assert events[4].previous == {"state": "in_selection", "commission_decision_ref": None}
    assert events[2].actor_id == provider.client_id
    assert events[3].actor_id == coordinator.client_id


async def test_a_returned_application_says_why_until_it_comes_again(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, "submitted")

    returned = (await do(coordinator, path, "return", reason="Trūksta vadovo parašo.")).json()
    assert (returned["state"], returned["reason"]) == ("draft", "Trūksta vadovo parašo.")
    scope = {"services": ["HOME_HELP", "LONG_TERM_CARE"], "sites": [], "unit": "Dienos centras"}
    assert (await coordinator.change(path, {"scope": scope})).json()["scope"] == scope

    again = (await do(coordinator, path, "submit")).json()
    assert (again["state"], again["reason"]) == ("submitted", None)


@pytest.mark.parametrize("state", list(TO))
async def test_what_actions_say_is_what_the_moves_answer(world: World, state: str) -> None:
    coordinator = await world.caller("coordinator")
    path = await an_enrolment(world, state)
    if state == "in_selection":
        await an_enrolment(world, "selected")
        await set_capacity(world, 1)
    seen = await coordinator.get(path)
    assert {action["name"] for action in seen.json()["actions"]} == set(BODIES)
    for action in seen.json()["actions"]:
        answer = await coordinator.request(
            action["method"],
            f"{action['href']}?validate_only=true",
            json=BODIES[action["name"]],
            headers={"If-Match": seen.headers["etag"]},
        )
        assert answer.status_code == (200 if action["allowed"] else 409), answer.text
        assert answer.json().get("reasons", []) == action["reasons"]
    assert (await coordinator.get(path)).headers["etag"] == seen.headers["etag"]


async def test_a_move_without_a_body_is_made_today(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world)
    submitted = await coordinator.request("POST", f"{path}/submit", headers={"If-Match": '"1"'})
    assert submitted.status_code == 200, submitted.text
    assert (await world.events(submitted.json()["id"]))[-1].effective_on.isoformat() == "2026-11-22"


# Who may.


async def test_a_provider_sees_and_moves_only_its_own(world: World) -> None:
    own, other = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", own["id"])
    mine = await an_enrolment(world, organisation_id=own["id"])
    theirs = await an_enrolment(world, organisation_id=other["id"])

    assert [item["organisation_id"] for item in (await provider.get("/v1/enrolments")).json()["items"]] == [own["id"]]
    assert {action["name"] for action in (await provider.get(mine)).json()["actions"]} == {"submit", "withdraw"}
    assert (await provider.get(theirs)).status_code == 404
    assert (await provider.get(f"{theirs}/stages")).status_code == 404
    headers = {"If-Match": '"1"'}
    assert (await provider.post(f"{theirs}/withdraw", headers=headers)).status_code == 404
    assert (await provider.request("PATCH", theirs, json={"declared_on": None}, headers=headers)).status_code == 404
    application = {"organisation_id": other["id"], "project": "QUALITY-LT-2", "strand": "NOKAS", "scope": SCOPE}
    assert errors(await provider.post("/v1/enrolments", application)) == [("/organisation_id", "unknown_organisation")]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("provider", {"submit", "withdraw"}),
        ("coordinator", set(BODIES)),
        ("project_manager", {"complete", "terminate"}),
        ("supervisor", set()),
        ("partner", set()),
        ("auditor", set()),
    ],
)
async def test_a_role_makes_its_own_moves_and_no_others(world: World, role: str, may: set[str]) -> None:
    holder = await world.organisation()
    path = await an_enrolment(world, organisation_id=holder["id"])
    caller = await world.caller(role, holder["id"] if role == "provider" else None)
    if role == "auditor":
        await world.assessment("external_audit", holder["id"])
    if role == "partner":
        await world.grant(caller, organisation_id=holder["id"])
    assert {action["name"] for action in (await caller.get(path)).json()["actions"]} == may
    for verb in set(BODIES) - may:
        assert (await do(caller, path, verb)).status_code == 403
    refused = await put(caller, path, STAGES[0], DONE)
    assert refused.status_code == (409 if role == "coordinator" else 403)


# What is refused.


async def test_an_application_names_what_there_is(world: World) -> None:
    nothing = "019ab2c4-0000-7000-8000-000000000001"
    assert errors(await apply(world, organisation_id=nothing)) == [("/organisation_id", "unknown_organisation")]
    assert errors(await apply(world, project="QUALITY-LT-3")) == [("/project", "unknown_project")]
    assert errors(await apply(world, strand="EQUASS_IMPLEMENTATION")) == [("/strand", "unknown_strand")]
    assert errors(await apply(world, declared_on="2026-11-23")) == [("/declared_on", "date_too_late")]
    assert errors(await apply(world, state="selected")) == [("/state", "extra_forbidden")]
    scope = {"services": ["LONG_TERM_CARE", "MAGIC"], "sites": [nothing], "unit": None}
    assert errors(await apply(world, scope=scope)) == [
        ("/scope/services/1", "unknown_service"),
        ("/scope/sites/0", "unknown_site"),
    ]


async def test_one_enrolment_is_open_for_an_organisation_strand_and_scope(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    first = await an_enrolment(world, "in_selection", organisation_id=holder["id"])

    assert reasons(await apply(world, organisation_id=holder["id"])) == ["enrolment_already_open"]
    assert (await apply(world, organisation_id=holder["id"], strand="NOKAS")).status_code == 201
    unit = {**SCOPE, "unit": "Dienos centras"}
    other = await apply(world, organisation_id=holder["id"], scope=unit)
    assert other.status_code == 201
    path = f"/v1/enrolments/{other.json()['id']}"
    assert reasons(await coordinator.change(path, {"scope": SCOPE})) == ["enrolment_already_open"]

    assert (await do(coordinator, first, "reject")).status_code == 200
    assert (await apply(world, organisation_id=holder["id"])).status_code == 201


@pytest.mark.parametrize(
    ("said", "today", "code"),
    [
        ({"declared_on": None}, "2026-11-22", "declaration_missing"),
        ({"scope": {}}, "2026-11-22", "scope_missing"),
        ({}, "2029-02-01", "project_not_open"),
    ],
)
async def test_what_an_application_lacks_stops_its_submission(
    world: World, said: dict[str, Any], today: str, code: str
) -> None:
    path = await an_enrolment(world, **said)
    world.travel(today)
    assert reasons(await do(await world.caller("coordinator"), path, "submit")) == [code]


@pytest.mark.parametrize(
    ("state", "verb", "missing"),
    [
        ("submitted", "return", "reason"),
        ("in_selection", "select", "commission_decision_ref"),
        ("in_selection", "reject", "reason"),
        ("selected", "sign_agreement", "agreement_number"),
        ("selected", "sign_agreement", "signed_on"),
        ("active", "terminate", "reason"),
        ("active", "complete", "outcome"),
    ],
)
async def test_a_move_says_what_it_has_to_say(world: World, state: str, verb: str, missing: str) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, state)
    body = {name: value for name, value in BODIES[verb].items() if name != missing}
    refused = await coordinator.move(path, verb.replace("_", "-"), body)
    assert errors(refused) == [(f"/{missing}", "missing")]


async def test_a_full_strand_says_so_and_offers_the_reserve_list(world: World) -> None:
    coordinator = await world.caller("coordinator")
    await set_capacity(world, 1)
    holding, late = await an_enrolment(world, "selected"), await an_enrolment(world, "in_selection")

    refused = await do(coordinator, late, "select")
    assert refused.status_code == 409
    (reason,) = refused.json()["reasons"]
    assert (reason["code"], reason["capacity"], reason["offer"]) == ("strand_full", 1, "put_on_reserve")
    assert (await do(coordinator, late, reason["offer"])).json()["state"] == "reserve"
    assert reasons(await do(coordinator, late, "select")) == ["strand_full"]

    assert (await do(coordinator, holding, "withdraw")).json()["state"] == "withdrawn"
    assert await places_taken(world) == 0
    assert (await do(coordinator, late, "select")).json()["state"] == "selected"
    assert await places_taken(world) == 1


@pytest.mark.parametrize(
    ("state", "verb", "taken"),
    [("selected", "withdraw", 0), ("active", "terminate", 0), ("active", "complete", 1), ("submitted", "withdraw", 0)],
)
async def test_who_leaves_early_gives_the_place_back(world: World, state: str, verb: str, taken: int) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, state)
    if verb == "complete":
        for stage in STAGES:
            await put(coordinator, path, stage, DONE)
    left = await do(coordinator, path, verb)
    assert left.status_code == 200, left.text
    assert left.json()["ended_on"] == "2026-11-22"
    assert await places_taken(world) == taken


async def test_an_agreement_number_is_used_once_in_its_project(world: World) -> None:
    coordinator = await world.caller("coordinator")
    await an_enrolment(world, "active")
    again = await an_enrolment(world, "selected")
    elsewhere = await an_enrolment(world, "selected", project="EQUASS-LT-1", strand="EQUASS_IMPLEMENTATION")
    assert reasons(await do(coordinator, again, "sign_agreement")) == ["agreement_number_in_use"]
    assert (await do(coordinator, elsewhere, "sign_agreement")).status_code == 200


@pytest.mark.parametrize(
    ("today", "signed_on", "code"),
    [
        ("2026-11-22", "2023-08-17", "date_too_early"),
        ("2026-11-22", "2023-08-18", None),
        ("2026-11-22", "2026-11-22", None),
        ("2026-11-22", "2026-11-23", "date_too_late"),
        ("2029-02-10", "2029-01-31", None),
        ("2029-02-10", "2029-02-01", "date_too_late"),
    ],
)
async def test_an_agreement_is_signed_within_the_project_and_not_ahead(
    world: World, today: str, signed_on: str, code: str | None
) -> None:
    path = await an_enrolment(world, "selected")
    world.travel(today)
    answer = await do(await world.caller("coordinator"), path, "sign_agreement", signed_on=signed_on)
    if code is None:
        assert answer.status_code == 200, answer.text
    else:
        assert errors(answer) == [("/signed_on", code)]


async def test_a_project_with_unknown_bounds_takes_any_day_of_signing(world: World) -> None:
    path = await an_enrolment(world, "selected", project="EQUASS-LT-1", strand="EQUASS_IMPLEMENTATION")
    signed = await do(await world.caller("coordinator"), path, "sign_agreement", signed_on="2019-01-10")
    assert signed.status_code == 200, signed.text


async def test_it_is_completed_when_every_stage_is_done(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, "active")
    for stage in STAGES[:3]:
        await put(coordinator, path, stage, DONE)

    refused = await do(coordinator, path, "complete")
    assert reasons(refused) == ["stages_open"]
    assert refused.json()["reasons"][0]["stages"] == ["dissemination"]

    await put(coordinator, path, "dissemination", DONE)
    manager = await world.caller("project_manager")
    assert (await do(manager, path, "complete", outcome="not_certified")).json()["outcome"] == "not_certified"


async def test_a_move_takes_effect_in_order_and_not_ahead(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world)
    assert errors(await do(coordinator, path, "submit", effective_on="2026-11-23")) == [
        ("/effective_on", "date_too_late")
    ]
    assert (await do(coordinator, path, "submit", effective_on="2026-11-10")).status_code == 200
    assert errors(await do(coordinator, path, "start_review", effective_on="2026-11-09")) == [
        ("/effective_on", "date_too_early")
    ]
    reviewed = await do(coordinator, path, "start_review", effective_on="2026-11-10")
    assert reviewed.status_code == 200, reviewed.text
    events = await world.events(reviewed.json()["id"])
    assert [event.effective_on.isoformat() for event in events] == ["2026-11-22", "2026-11-10", "2026-11-10"]


async def test_an_agreement_is_not_in_effect_before_it_is_signed_nor_ended(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world)
    for verb in ("submit", "start_review", "select"):
        await do(coordinator, path, verb, effective_on="2026-10-01")
    early = [("/effective_on", "date_too_early")]
    assert errors(await do(coordinator, path, "sign_agreement", effective_on="2026-11-19")) == early
    assert (await do(coordinator, path, "sign_agreement", effective_on="2026-11-20")).status_code == 200
    assert errors(await do(coordinator, path, "terminate", effective_on="2026-11-19")) == early
    ended = await do(coordinator, path, "terminate", effective_on="2026-11-21")
    assert ended.json()["ended_on"] == "2026-11-21"


async def test_an_application_is_written_anew_only_while_it_is_a_draft(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, "submitted")
    refused = await coordinator.change(path, {"declared_on": "2026-11-21"})
    assert reasons(refused) == ["wrong_state"]
    assert refused.json()["reasons"][0]["from"] == ["draft"]
    assert errors(await coordinator.change(path, {"state": "selected"})) == [("/state", "extra_forbidden")]
    assert errors(await coordinator.change(path, {"agreement_number": "X"})) == [
        ("/agreement_number", "extra_forbidden")
    ]


async def test_a_change_names_the_version_that_it_is_meant_for(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, "active")
    stage = f"{path}/stages/{STAGES[0]}"
    for method, address, body in [
        ("PATCH", path, {"declared_on": "2026-11-20"}),
        ("POST", f"{path}/terminate", BODIES["terminate"]),
        ("PUT", stage, DONE),
    ]:
        assert (await coordinator.request(method, address, json=body)).status_code == 428
        stale = await coordinator.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert stale.status_code == 412


# Stages.


async def test_stages_are_recorded_one_by_one(world: World) -> None:
    coordinator, path = await world.caller("coordinator"), await an_enrolment(world, "active")
    days = {"planned_on": "2026-12-01", "started_on": None, "done_on": None}

    planned = await put(coordinator, path, "external_audit", {"planned_on": "2026-12-01"})
    assert planned.status_code == 200, planned.text
    assert planned.json()["stages"][2] == {"code": "external_audit", **days}
    listed = (await coordinator.get(f"{path}/stages")).json()["items"]
    assert listed == planned.json()["stages"]
    assert [stage["code"] for stage in listed] == STAGES

    await put(coordinator, path, "external_audit", DONE)
    emptied = await put(coordinator, path, "external_audit", {})
    assert emptied.json()["stages"][2] == {"code": "external_audit", **dict.fromkeys(days)}


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ({"started_on": "2026-11-23"}, ("/started_on", "date_too_late")),
        ({"done_on": "2026-11-23"}, ("/done_on", "date_too_late")),
        ({"started_on": "2026-11-20", "done_on": "2026-11-19"}, ("/done_on", "date_too_early")),
        ({"finished_on": "2026-11-20"}, ("/finished_on", "extra_forbidden")),
    ],
)
async def test_the_days_of_a_stage_follow_one_another(
    world: World, days: dict[str, str], found: tuple[str, str]
) -> None:
    path = await an_enrolment(world, "active")
    assert errors(await put(await world.caller("coordinator"), path, STAGES[0], days)) == [found]


async def test_a_stage_is_of_the_strand_and_of_those_who_take_part(world: World) -> None:
    coordinator = await world.caller("coordinator")
    active, drafted = await an_enrolment(world, "active"), await an_enrolment(world)
    assert (await put(coordinator, active, "celebration", DONE)).status_code == 404
    assert reasons(await put(coordinator, drafted, STAGES[0], DONE)) == ["wrong_state"]


# Lists.


async def test_enrolments_are_found_by_what_they_say(world: World) -> None:
    coordinator = await world.caller("coordinator")
    leliunai = await world.organisation(name="Leliūnų socialinės globos namai", municipality="LT-54")
    active = await an_enrolment(world, "active", organisation_id=leliunai["id"])
    drafted = await an_enrolment(world, strand="NOKAS", scope={"services": ["HOME_HELP"], "sites": [], "unit": None})

    async def found(query: str) -> list[str]:
        page = await coordinator.get(f"/v1/enrolments?{query}")
        assert page.status_code == 200, page.text
        return [f"/v1/enrolments/{item['id']}" for item in page.json()["items"]]

    assert await found("") == [drafted, active]
    assert await found("sort=id") == [active, drafted]
    assert await found("sort=organisation,-signed_on") == [drafted, active]
    assert await found("sort=signed_on") == [active, drafted]
    for query in (
        "state=active,selected", f"organisation_id={leliunai['id']}", "strand=EQUASS_MAINTENANCE",
        "municipality=LT-54", "service=LONG_TERM_CARE", "agreement_number=EQUASS-83", "q=leliunu", "q=equass-83",
        "signed_on[gte]=2026-11-20", "signed_on[lte]=2026-11-20",
    ):  # fmt: skip
        assert await found(query) == [active], query
    assert await found("project=QUALITY-LT-2") == [drafted, active]
    for query in ("project=EQUASS-LT-1", "state=rejected", "signed_on[gte]=2026-11-21", "q=nieko"):
        assert await found(query) == [], query
    (item,) = (await coordinator.get("/v1/enrolments?state=active&expand=organisation")).json()["items"]
    assert item["organisation"]["name"] == "Leliūnų socialinės globos namai"
    (item,) = (await coordinator.get("/v1/enrolments?state=active&include=actions")).json()["items"]
    assert {action["name"] for action in item["actions"] if action["allowed"]} == {"terminate"}
    assert (await coordinator.get("/v1/enrolments?stage=x")).status_code == 400


async def test_the_tag_changes_when_a_place_elsewhere_closes_a_move(world: World) -> None:
    """Nothing of this enrolment changes when the last place goes, but what may be done with it does."""
    coordinator = await world.caller("coordinator")
    await set_capacity(world, 1)
    waiting = await an_enrolment(world, "in_selection")
    before = (await coordinator.get(waiting)).headers["etag"]
    await an_enrolment(world, "selected")
    assert (await coordinator.get(waiting, headers={"If-None-Match": before})).status_code == 200
    assert (await coordinator.get(waiting)).headers["etag"].partition(".")[0] == before.partition(".")[0]
