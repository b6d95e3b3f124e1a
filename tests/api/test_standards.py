"""/v1/standards over HTTP: versions from announced to retired, trees that freeze, policies that never rewrite."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from programme.services.loading import load_programme
from tests.world import World

EQUASS = "/v1/standards/EQUASS"
VERSIONS = f"{EQUASS}/versions"


def principle(number: int, code: str = "LEADERSHIP", criteria: int = 2) -> dict[str, Any]:
    name = {"lt": "Lyderystė", "en": "Leadership"}
    title = {"lt": "Vizija ir misija", "en": "Vision and mission"}
    return {
        "number": number,
        "code": code,
        "name": name,
        "criteria": [{"number": f"{number}.{place + 1}", "title": title} for place in range(criteria)],
    }


async def draft(world: World, **particulars: Any) -> dict[str, Any]:
    coordinator = await world.caller("coordinator")
    body = {"code": "EQUASS-2027", "principles": [principle(1)], **particulars}
    made = await coordinator.post(VERSIONS, body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_a_standard_is_read_with_its_levels_and_versions(world: World) -> None:
    caller = await world.caller("partner")
    answer = await caller.get(EQUASS)

    assert answer.status_code == 200
    standard = answer.json()
    assert [level["code"] for level in standard["levels"]] == ["ASSURANCE", "EXCELLENCE"]
    assert [(one["code"], one["state"]) for one in standard["versions"]] == [
        ("EQUASS-2008", "retired"),
        ("EQUASS-2012", "retired"),
        ("EQUASS-2018", "current"),
        ("EQUASS-REVISED", "announced"),
    ]
    assert (await caller.get(f"/v1/standards/{standard['id']}")).json() == standard
    assert (await caller.get("/v1/standards/ISO-9001")).status_code == 404


async def test_standards_are_listed_and_found_by_name(world: World) -> None:
    caller = await world.caller("partner")
    listed = (await caller.get("/v1/standards?include=total")).json()
    assert ([one["code"] for one in listed["items"]], listed["total"]) == (["EQUASS", "LT-NATIONAL", "NOKAS"], 3)
    found = (await caller.get("/v1/standards", params={"q": "nacionalinis socialiniu"})).json()["items"]
    assert [one["code"] for one in found] == ["LT-NATIONAL"]


async def test_a_version_is_read_with_its_tree_and_policies(world: World) -> None:
    caller = await world.caller("provider", (await world.organisation())["id"])
    version = (await caller.get(f"{VERSIONS}/EQUASS-2018")).json()

    assert len(version["principles"]) == 10
    assert sum(len(one["criteria"]) for one in version["principles"]) == 50
    assert version["principles"][0]["name"] == {"lt": "Lyderystė", "en": "Leadership"}
    assert version["display_type"]["ASSURANCE"] == "EQUASS Assurance (2018)"
    assert version["policy"] == {
        "effective_from": "2018-01-01",
        "validity_months": 36,
        "annual_reports_at_months": [12, 24],
        "report_opens_days": 60,
        "report_due_soon_days": 30,
        "report_grace_days": 30,
        "report_extension_days": 60,
        "expiring_days": 180,
        "expiry_notice_days": [180, 90, 30],
        "renewal_opens_days": 365,
        "extension_months": 6,
        "restoration_months": 6,
        "decision_quorum": None,
        "pass_rules": {"ASSURANCE": {"type": "all_met"}},
    }
    assert version["policies"] == [version["policy"]]
    assert version["actions"] == [], "a provider publishes nothing"
    assert (await caller.get("/v1/standards/NOKAS/versions/EQUASS-2018")).status_code == 404


async def test_versions_are_listed_by_state(world: World) -> None:
    caller = await world.caller("partner")
    listed = (await caller.get(f"{VERSIONS}?state=announced,current&fields=code,state")).json()["items"]
    assert listed == [{"code": "EQUASS-2018", "state": "current"}, {"code": "EQUASS-REVISED", "state": "announced"}]


async def test_a_version_is_drafted_written_published_and_retired(world: World) -> None:
    coordinator = await world.caller("coordinator")
    made = await draft(world)
    path = f"{VERSIONS}/EQUASS-2027"
    assert (made["state"], made["policy"], made["policies"]) == ("draft", None, [])

    written = await coordinator.change(path, {"principles": [principle(1), principle(2, "STAFF")]})
    assert (written.status_code, len(written.json()["principles"])) == (200, 2)
    published = await coordinator.move(path, "publish")
    assert (published.status_code, published.json()["state"]) == (200, "current")
    frozen = await coordinator.change(path, {"principles": [principle(1)]})
    assert (frozen.status_code, frozen.json()["reasons"][0]["code"]) == (409, "wrong_state")
    named = await coordinator.change(path, {"display_type": {"ASSURANCE": "EQUASS Assurance (2027)"}})
    assert named.status_code == 200, "what is no part of the tree can still be told"
    retired = await coordinator.move(path, "retire")
    assert (retired.json()["state"], retired.json()["version"]) == ("retired", 5)

    assert [event.type for event in await world.events(made["id"])] == [
        "standard_version.added",
        "standard_version.amended",
        "standard_version.published",
        "standard_version.amended",
        "standard_version.retired",
    ]


async def test_an_announced_version_is_written_before_it_is_published(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = f"{VERSIONS}/EQUASS-REVISED"
    actions = {one["name"]: one for one in (await coordinator.get(path)).json()["actions"]}
    assert {name: one["allowed"] for name, one in actions.items()} == {
        "start_drafting": True,
        "publish": False,
        "retire": False,
    }
    refused = await coordinator.move(path, "publish")
    assert refused.status_code == 409
    assert refused.json()["reasons"] == actions["publish"]["reasons"]
    assert (await coordinator.change(path, {"principles": []})).status_code == 409

    href = actions["start_drafting"]["href"]
    started = await coordinator.post(href, headers={"If-Match": (await coordinator.get(path)).headers["etag"]})
    assert (started.status_code, started.json()["state"]) == (200, "draft"), "the address of the action works"


async def test_a_version_without_principles_is_not_published(world: World) -> None:
    coordinator = await world.caller("coordinator")
    await draft(world, principles=[])
    refused = await coordinator.move(f"{VERSIONS}/EQUASS-2027", "publish")
    assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "principles_missing")
    assert refused.json()["reasons"][0]["message"] == "Versija dar neturi nė vieno principo."


@pytest.mark.parametrize(
    ("principles", "pointer"),
    [
        ([principle(2)], "/principles/0/number"),
        ([principle(1), principle(3, "STAFF")], "/principles/1/number"),
        ([principle(1), principle(2)], "/principles/1/code"),
        ([{**principle(1), "criteria": principle(2)["criteria"]}], "/principles/0/criteria/0/number"),
    ],
)
async def test_numbers_neither_skip_nor_repeat(world: World, principles: list[Any], pointer: str) -> None:
    coordinator = await world.caller("coordinator")
    refused = await coordinator.post(VERSIONS, {"code": "EQUASS-2027", "principles": principles})
    assert refused.status_code == 422
    assert pointer in {error["pointer"] for error in refused.json()["errors"]}


async def test_states_are_not_written(world: World) -> None:
    coordinator = await world.caller("coordinator")
    await draft(world)
    refused = await coordinator.change(f"{VERSIONS}/EQUASS-2027", {"state": "current"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "extra_forbidden")


async def test_a_later_policy_never_rewrites_an_earlier_one(world: World) -> None:
    await load_programme(world.database)
    coordinator = await world.caller("coordinator")
    path = f"{VERSIONS}/EQUASS-2018"
    before = (await coordinator.get(path)).json()

    made = await coordinator.post(f"{path}/policies", {"effective_from": "2027-01-01", "validity_months": 24})

    assert made.status_code == 201, made.text
    after = made.json()
    assert after["policy"] == before["policy"], "not in effect yet"
    assert after["policies"] == [
        before["policy"],
        {**before["policy"], "effective_from": "2027-01-01", "validity_months": 24},
    ]
    world.travel("2027-01-01")
    assert (await coordinator.get(path)).json()["policy"]["validity_months"] == 24
    certificate = (await coordinator.get("/v1/certificates/LIT2025-001")).json()
    assert certificate["expires_on"] == "2028-02-21"
    world.travel("2026-12-31")
    assert (await coordinator.get(path)).json()["policy"]["validity_months"] == 36


async def test_a_new_policy_shows_in_the_etag_and_as_an_event_of_its_own(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = f"{VERSIONS}/EQUASS-2018"
    seen = (await coordinator.get(path)).headers["etag"]
    made = await coordinator.post(f"{path}/policies", {"effective_from": "2027-01-01", "report_grace_days": 14})

    again = await coordinator.get(path, headers={"If-None-Match": seen})
    assert again.status_code == 200
    assert again.headers["etag"] == made.headers["etag"]
    (event,) = [one for one in await world.events() if one.type == "policy.set" and one.actor_type == "client"]
    assert (event.data["effective_from"], event.data["report_grace_days"]) == ("2027-01-01", 14)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"effective_from": "2018-01-01"}, "/effective_from", "date_too_early"),
        ({"effective_from": "2017-06-01"}, "/effective_from", "date_too_early"),
        ({"effective_from": "2027-01-01", "validity_months": 0}, "/validity_months", "greater_than_equal"),
        ({"effective_from": "2027-01-01", "validity_months": 12}, "/annual_reports_at_months", "report_after_end"),
        ({"effective_from": "2027-01-01", "pass_rules": {"GOLD": {"type": "all_met"}}}, "/pass_rules", "unknown_level"),
        (
            {"effective_from": "2027-01-01", "pass_rules": {"EXCELLENCE": {"type": "threshold"}}},
            "/pass_rules/EXCELLENCE/values",
            "missing",
        ),
        (
            {
                "effective_from": "2027-01-01",
                "pass_rules": {"EXCELLENCE": {"type": "all_met", "values": {"overall": 0.8}}},
            },
            "/pass_rules/EXCELLENCE/values",
            "extra_forbidden",
        ),
        ({}, "/effective_from", "missing"),
    ],
)
async def test_a_policy_that_cannot_be_is_refused(world: World, body: Any, pointer: str, code: str) -> None:
    coordinator = await world.caller("coordinator")
    refused = await coordinator.post(f"{VERSIONS}/EQUASS-2018/policies", body)
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]


async def test_thresholds_are_kept_as_they_are_given(world: World) -> None:
    coordinator = await world.caller("coordinator")
    rules = {"EXCELLENCE": {"type": "threshold", "values": {"overall": 0.85, "principle": 0.6}}}
    body = {"effective_from": "2027-01-01", "pass_rules": rules}
    made = await coordinator.post(f"{VERSIONS}/EQUASS-2018/policies", body)
    assert made.json()["policies"][-1]["pass_rules"] == rules


async def test_a_standard_is_added_and_its_levels_grow(world: World) -> None:
    coordinator = await world.caller("coordinator")
    level = {"code": "BASIC", "name": {"lt": "bazinis", "en": "basic"}, "rank": 1}
    body = {
        "code": "ISO-9001",
        "name": {"lt": "Kokybės vadybos sistemos", "en": "Quality management"},
        "levels": [level],
    }
    made = await coordinator.post("/v1/standards", body)
    assert made.status_code == 201, made.text
    assert (await coordinator.get(made.headers["location"])).json() == made.json()
    assert (await coordinator.post("/v1/standards", body)).json()["code"] == "code_in_use"

    higher = {**level, "code": "HIGHER", "rank": 2}
    grown = await coordinator.change("/v1/standards/ISO-9001", {"levels": [level, higher]})
    assert [one["code"] for one in grown.json()["levels"]] == ["BASIC", "HIGHER"]
    refused = await coordinator.change("/v1/standards/ISO-9001", {"levels": [higher]})
    assert refused.json()["errors"][0]["message"] == "Lygio „BASIC“ atsisakyti negalima: galima tik jį pervadinti."
    twice = await coordinator.change("/v1/standards/ISO-9001", {"levels": [level, level]})
    assert twice.json()["errors"][0]["pointer"] == "/levels/1/code"
    broken = await coordinator.change("/v1/standards/ISO-9001", {"reference_pattern": "(["})
    assert broken.json()["errors"][0]["code"] == "pattern_invalid"


async def test_a_version_in_force_cannot_end_before_it_begins(world: World) -> None:
    coordinator = await world.caller("coordinator")
    refused = await coordinator.change(f"{VERSIONS}/EQUASS-2018", {"in_force_to": "2017-12-31"})
    assert refused.json()["errors"][0] == {
        "pointer": "/in_force_to",
        "code": "date_too_early",
        "message": "Data negali būti ankstesnė negu 2018-01-01.",
    }


@pytest.mark.parametrize("role", ["project_manager", "auditor", "reviewer", "awarder", "supervisor", "partner", "ops"])
async def test_only_the_coordinator_writes_standards(world: World, role: str) -> None:
    caller = await world.caller(role)
    assert (await caller.get("/v1/standards")).status_code == 200
    assert (await caller.post(VERSIONS, {"code": "X"})).status_code == 403
    assert (await caller.move(f"{VERSIONS}/EQUASS-2018", "retire")).status_code == 403
    body = {"effective_from": date(2027, 1, 1).isoformat()}
    assert (await caller.post(f"{VERSIONS}/EQUASS-2018/policies", body)).status_code == 403


async def test_a_version_says_what_levels_of_ratings_mean(world: World) -> None:
    coordinator = await world.caller("coordinator")
    known = (await coordinator.get(f"{VERSIONS}/EQUASS-2018")).json()["scale"]
    assert (known["lowest"], known["highest"]) == (0, 10)
    assert known["perspectives"] == [{"number": number, "name": None} for number in range(1, 6)]
    assert (await draft(world))["scale"] == {"lowest": 0, "highest": 10, "perspectives": []}
    path = f"{VERSIONS}/EQUASS-2027"
    users = {"number": 1, "name": {"lt": "Paslaugų gavėjai", "en": "Service users"}}
    written = await coordinator.change(path, {"scale": {"highest": 4, "perspectives": [users]}})
    assert written.json()["scale"] == {"lowest": 0, "highest": 4, "perspectives": [users]}
    for scale, pointer, code in (
        ({"lowest": 4}, "/scale/highest", "scale_reversed"),
        ({"perspectives": [users | {"number": 2}]}, "/scale/perspectives/0/number", "not_in_order"),
        ({"highest": 11}, "/scale/highest", "less_than_equal"),
    ):
        refused = await coordinator.change(path, {"scale": scale})
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)], scale

    assert (await coordinator.move(path, "publish")).status_code == 200
    frozen = await coordinator.change(path, {"scale": {"highest": 10}})
    assert (frozen.status_code, frozen.json()["reasons"][0]["code"]) == (409, "wrong_state")
    audit = await world.assessment(standard_version="EQUASS-2027", started=True)
    auditor, at = await world.caller("auditor"), f"/v1/assessments/{audit['id']}"
    assert (await auditor.get(at)).json()["scale"] == written.json()["scale"]  # frozen with the criteria
    seen = {"rating": "met", "level": 4, "levels": [{"perspective": 1, "level": 2}]}
    assert (await auditor.request("PUT", f"{at}/ratings/1.1", json=seen)).status_code == 201
    refused = await auditor.request("PUT", f"{at}/ratings/1.2", json={"rating": "met", "level": 5})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "level_off_scale")
    assert (await auditor.get(f"{at}/ratings/1.2")).status_code == 404
    (leadership,) = (await auditor.get(f"{at}/principles")).json()["items"]
    assert leadership["levels"] == [{"perspective": 1, "level": 2, "criteria": 1}]
