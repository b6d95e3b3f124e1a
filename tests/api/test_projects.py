"""/v1/projects over HTTP: funded projects, their strands, and the places that are taken."""

from __future__ import annotations

from typing import Any

import pytest

from programme.services.loading import load_programme
from tests.world import World

SECOND = "/v1/projects/QUALITY-LT-2"
STRAND = f"{SECOND}/strands/EQUASS_MAINTENANCE"
NEW = {
    "code": "QUALITY-LT-3",
    "name": {"lt": "Ąžuolyno kokybės projektas", "en": "The oak grove's quality project"},
    "kind": "maintenance",
}


async def test_the_second_project_is_read_with_its_partners_and_strands(world: World) -> None:
    await load_programme(world.database)
    caller = await world.caller("provider", (await world.organisation())["id"])
    answer = await caller.get(SECOND)

    project = answer.json()
    assert (project["official_code"], project["starts_on"], project["ends_on"]) == (
        "07-008-P-0001",
        "2023-08-18",
        "2029-01-31",
    )
    assert len(project["partners"]) == 3
    assert project["targets"]["organisations"] == 303
    assert project["strands"][0] == {
        "code": "EQUASS_MAINTENANCE",
        "standard": "EQUASS",
        "kind": "maintenance",
        "capacity": 80,
        "places_taken": 2,
        "stages": ["staff_training_2_days", "maintenance_and_consultations", "external_audit", "dissemination"],
        "opens_in": None,
    }
    assert [(one["code"], one["capacity"]) for one in project["strands"][1:]] == [("NOKAS", None), ("NATIONAL", None)]
    assert (await caller.get(f"/v1/projects/{project['id']}")).json() == project
    assert (await caller.get("/v1/projects/QUALITY-LT-9")).status_code == 404


async def test_unknown_bounds_stay_unknown(world: World) -> None:
    caller = await world.caller("partner")
    project = (await caller.get("/v1/projects/EQUASS-LT-1")).json()
    assert (project["starts_on"], project["starts_in"], project["ends_on"]) == (None, "2017-03", None)
    assert project["partners"] == []
    assert [(one["code"], one["kind"], one["capacity"]) for one in project["strands"]] == [
        ("EQUASS_IMPLEMENTATION", "implementation", 120)
    ]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["EQUASS-LT-1", "QUALITY-LT-2"]),
        ("?sort=-starts_on", ["EQUASS-LT-1", "QUALITY-LT-2"]),
        ("?sort=starts_on", ["QUALITY-LT-2", "EQUASS-LT-1"]),
        ("?sort=name", ["EQUASS-LT-1", "QUALITY-LT-2"]),
        ("?standard=NOKAS", ["QUALITY-LT-2"]),
        ("?standard=NOKAS,EQUASS", ["EQUASS-LT-1", "QUALITY-LT-2"]),
        ("?kind=implementation", ["EQUASS-LT-1"]),
        ("?q=uztikrinimas", ["QUALITY-LT-2"]),
        ("?q=08.4.1-esfa", ["EQUASS-LT-1"]),
        ("?official_code=07-008-P-0001", ["QUALITY-LT-2"]),
    ],
)
async def test_projects_are_found(world: World, query: str, codes: list[str]) -> None:
    caller = await world.caller("partner")
    assert [one["code"] for one in (await caller.get(f"/v1/projects{query}")).json()["items"]] == codes


async def test_pages_of_projects_follow_one_another_where_days_are_unknown(world: World) -> None:
    coordinator = await world.caller("coordinator")
    for number in range(3):
        await coordinator.post("/v1/projects", {**NEW, "code": f"P{number}"})
    whole = [one["code"] for one in (await coordinator.get("/v1/projects?sort=ends_on,-code")).json()["items"]]

    paged, path = [], "/v1/projects?sort=ends_on,-code&limit=2"
    while path:
        answer = await coordinator.get(path)
        paged += [one["code"] for one in answer.json()["items"]]
        path = answer.links["next"]["url"] if answer.json()["next_cursor"] else ""

    assert paged == whole == ["QUALITY-LT-2", "P2", "P1", "P0", "EQUASS-LT-1"]


async def test_a_project_is_entered_and_changed(world: World) -> None:
    coordinator = await world.caller("coordinator")
    body: dict[str, Any] = {
        **NEW,
        "partners": [{"name": "VšĮ Valakupių reabilitacijos centras", "role": "EQUASS"}],
        "starts_on": "2029-02-01",
        "ends_on": "2034-01-31",
        "targets": {"organisations": 100, "success_share": 0.8},
    }
    made = await coordinator.post("/v1/projects", body)
    assert made.status_code == 201, made.text
    assert (await coordinator.get(made.headers["location"])).json() == made.json()
    assert made.json()["strands"] == []
    assert (await coordinator.post("/v1/projects", body)).json()["code"] == "code_in_use"

    changed = await coordinator.change("/v1/projects/QUALITY-LT-3", {"promoter": "ESFA", "ends_on": None})
    assert (changed.json()["promoter"], changed.json()["ends_on"], changed.json()["version"]) == ("ESFA", None, 2)
    refused = await coordinator.change("/v1/projects/QUALITY-LT-3", {"ends_on": "2029-01-31"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/ends_on")
    assert [(one.type, one.data) for one in (await world.events(made.json()["id"]))[1:]] == [
        ("project.amended", {"promoter": "ESFA", "ends_on": None})
    ]


async def test_a_strand_is_added_to_a_project(world: World) -> None:
    coordinator = await world.caller("coordinator")
    body = {"code": "EQUASS_NEW", "standard": "EQUASS", "kind": "implementation", "capacity": 10, "stages": ["audit"]}
    made = await coordinator.post(f"{SECOND}/strands", body)

    assert made.status_code == 201, made.text
    assert (made.json()["places_taken"], made.json()["version"]) == (0, 1)
    assert (await coordinator.get(made.headers["location"])).json() == made.json()
    assert (await coordinator.get(SECOND)).json()["strands"][-1]["code"] == "EQUASS_NEW"
    listed = (await coordinator.get(f"{SECOND}/strands")).json()["items"]
    assert [one["code"] for one in listed] == ["EQUASS_MAINTENANCE", "NOKAS", "NATIONAL", "EQUASS_NEW"]
    assert (await coordinator.post(f"{SECOND}/strands", body)).json()["code"] == "code_in_use"
    unknown = await coordinator.post(f"{SECOND}/strands", {**body, "code": "OTHER", "standard": "ISO-9001"})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown_standard")
    twice = await coordinator.post(f"{SECOND}/strands", {**body, "code": "OTHER", "stages": ["audit", "audit"]})
    assert twice.json()["errors"][0]["pointer"] == "/stages/1"


async def test_a_strand_cannot_have_fewer_places_than_are_taken(world: World) -> None:
    await load_programme(world.database)
    coordinator = await world.caller("coordinator")

    refused = await coordinator.change(STRAND, {"capacity": 1})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"] == "Jau užimta vietų: 2; mažiau jų būti negali."

    before = (await coordinator.get(SECOND)).headers["etag"]
    changed = await coordinator.change(STRAND, {"capacity": 2})
    assert (changed.json()["capacity"], changed.json()["version"]) == (2, 2)
    assert (await coordinator.get(SECOND, headers={"If-None-Match": before})).status_code == 200
    assert (await coordinator.change(STRAND, {"capacity": None})).json()["capacity"] is None


async def test_a_change_names_the_version_of_the_strand(world: World) -> None:
    coordinator = await world.caller("coordinator")
    assert (await coordinator.request("PATCH", STRAND, json={"capacity": 81})).status_code == 428
    stale = await coordinator.request("PATCH", STRAND, json={"capacity": 81}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412


async def test_what_is_only_tried_is_not_kept(world: World) -> None:
    coordinator = await world.caller("coordinator")
    tried = await coordinator.post("/v1/projects?validate_only=true", NEW)
    assert (tried.status_code, tried.json()["code"]) == (200, "QUALITY-LT-3")
    assert (await coordinator.get("/v1/projects/QUALITY-LT-3")).status_code == 404


@pytest.mark.parametrize("role", ["project_manager", "auditor", "awarder", "supervisor", "partner", "ops"])
async def test_only_the_coordinator_writes_projects(world: World, role: str) -> None:
    caller = await world.caller(role)
    assert (await caller.get(SECOND)).status_code == 200
    assert (await caller.post("/v1/projects", NEW)).status_code == 403
    assert (await caller.change(STRAND, {"capacity": 90})).status_code == 403
