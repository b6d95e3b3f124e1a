"""Criteria of two versions are mapped: what is met by the one is evidence for the other, and nothing more."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests import oracle
from tests.revised import REVISED, bring_criteria, criteria, publish_revised
from tests.world import Caller, World

AT = "/v1/standards/EQUASS/versions/EQUASS-2018/mappings"
SCOPE = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}


def pair(from_criterion: str = "9.3", to_criterion: str = "3.1", **more: Any) -> dict[str, Any]:
    return {
        "from_criterion": from_criterion, "to_version": "EQUASS-REVISED", "to_criterion": to_criterion,
        "relation": "broader", **more,
    }  # fmt: skip


async def mapped(world: World, *pairs: dict[str, Any]) -> list[dict[str, Any]]:
    coordinator = await world.caller("coordinator")
    made = [await coordinator.post(AT, one) for one in pairs]
    assert [one.status_code for one in made] == [201] * len(pairs), [one.text for one in made]
    return [one.json() for one in made]


async def evidence(caller: Caller, assessment: dict[str, Any]) -> dict[str, Any]:
    """By criterion."""
    answer = await caller.get(f"/v1/assessments/{assessment['id']}/mapped-evidence")
    assert answer.status_code == 200, answer.text
    return {one["criterion"]: one["evidence"] for one in answer.json()["items"]}


async def test_a_mapping_is_made_read_listed_changed_and_removed(world: World) -> None:
    await publish_revised(world)
    coordinator, partner = await world.caller("coordinator"), await world.caller("partner")
    one, other, tenth = await mapped(
        world, pair(note="Apklausa apima daugiau."), pair("1.1", "4.2", relation="related"), pair("10.1", "3.1")
    )
    assert one == {
        "id": one["id"], "from_version": "EQUASS-2018", "from_criterion": "9.3", "to_version": "EQUASS-REVISED",
        "to_criterion": "3.1", "relation": "broader", "note": "Apklausa apima daugiau.", "version": 1,
    }  # fmt: skip
    assert (await partner.get(f"{AT}/{one['id']}")).json() == one
    listed = (await partner.get(f"{AT}?include=total")).json()
    assert ([item["from_criterion"] for item in listed["items"]], listed["total"]) == (["1.1", "9.3", "10.1"], 3)
    found = (await partner.get(f"{AT}?to_version=EQUASS-REVISED&to_criterion=3.1&sort=-from_criterion")).json()["items"]
    assert found == [tenth, one]
    assert (await partner.get(f"{AT}?relation=related")).json()["items"] == [other]
    assert (await partner.get(f"{REVISED}/mappings")).json()["items"] == [], "those from its own criteria"
    assert (await partner.get(f"{REVISED}/mappings/{one['id']}")).status_code == 404

    changed = await coordinator.change(f"{AT}/{one['id']}", {"relation": "equivalent", "note": None})
    assert (changed.status_code, changed.json()) == (200, one | {"relation": "equivalent", "note": None, "version": 2})
    path = f"{AT}/{one['id']}"
    assert (await coordinator.request("DELETE", path)).status_code == 428
    assert (await coordinator.request("DELETE", path, headers={"If-Match": '"1"'})).status_code == 412
    tried = await coordinator.request("DELETE", f"{path}?validate_only=true", headers={"If-Match": '"2"'})
    assert (tried.status_code, (await coordinator.get(path)).status_code) == (200, 200)
    headers = {"If-Match": '"2"', "Idempotency-Key": uuid4().hex}
    gone = await coordinator.request("DELETE", path, headers=headers)
    assert (gone.status_code, gone.content) == (204, b"")
    again = await coordinator.request("DELETE", path, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (204, "true")
    assert (await coordinator.get(path)).status_code == 404
    assert (await mapped(world, pair()))[0]["id"] != one["id"], "the place is free again"
    told = await world.events(one["id"])
    assert [event.type.partition(".")[2] for event in told] == ["added", "amended", "removed"]
    assert (told[-1].previous["relation"], set(told[-1].data.values())) == ("equivalent", {None})
    await oracle.check(world.database)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (pair("9.99"), "/from_criterion", "unknown_criterion"),
        (pair("9.3", "3.9"), "/to_criterion", "unknown_criterion"),
        (pair(to_version="EQUASS-2042"), "/to_version", "unknown_version"),
        (pair("9.3", "9.4", to_version="EQUASS-2018"), "/to_version", "same_version"),
        (pair("9"), "/from_criterion", "string_pattern_mismatch"),
        (pair(relation="same"), "/relation", "enum"),
    ],
)
async def test_a_mapping_that_cannot_be_is_refused(world: World, body: Any, pointer: str, code: str) -> None:
    await publish_revised(world)
    refused = await (await world.caller("coordinator")).post(AT, body)
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]


async def test_a_pair_is_mapped_once_by_the_coordinator(world: World) -> None:
    await publish_revised(world)
    await mapped(world, pair())
    again = await (await world.caller("coordinator")).post(AT, pair(relation="narrower"))
    assert (again.status_code, again.json()["code"]) == (409, "mapping_exists")
    for role in ("auditor", "awarder", "ops"):
        assert (await (await world.caller(role)).post(AT, pair())).status_code == 403


async def test_a_draft_does_not_lose_a_criterion_that_is_mapped(world: World) -> None:
    coordinator = await world.caller("coordinator")
    assert (await coordinator.move(REVISED, "start-drafting")).status_code == 200
    await bring_criteria(world, "EQUASS-REVISED", criteria())
    (one,) = await mapped(world, pair("9.3", "3.2"))
    tree = (await coordinator.get(REVISED)).json()["principles"]
    tree[2]["criteria"].pop()
    refused = await coordinator.change(REVISED, {"principles": tree})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "criterion_mapped")
    assert "„3.2“" in refused.json()["errors"][0]["message"]
    headers = {"If-Match": '"1"'}
    assert (await coordinator.request("DELETE", f"{AT}/{one['id']}", headers=headers)).status_code == 204
    assert (await coordinator.change(REVISED, {"principles": tree})).status_code == 200


async def test_what_was_met_by_the_old_version_is_evidence_by_the_new_and_no_rating(world: World) -> None:
    await publish_revised(world)
    (one, *_) = await mapped(
        world, pair(), pair("3.2", "3.1", relation="related"), pair("1.1", "1.2"), pair("3.2", "5.1")
    )
    holder = (await world.organisation())["id"]
    provider = await world.caller("provider", holder)
    audit = await world.finished_audit(holder, "not_met", scope=SCOPE)  # 3.2 is not met
    await world.finished_audit((await world.organisation())["id"], scope=SCOPE)  # somebody else's
    subject = await world.assessment("self_assessment", holder, standard_version="EQUASS-REVISED", scope=SCOPE)

    found = await evidence(provider, subject)

    assert list(found) == ["1.2", "3.1"]
    assert found["3.1"] == [
        {
            "mapping_id": one["id"], "relation": "broader", "note": None, "assessment_id": audit["id"],
            "kind": "external_audit", "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": SCOPE,
            "criterion": "9.3", "ended_on": "2026-11-22", "finalised_on": "2026-11-22", "comment": None,
            "evidence": [{"name": "Tvarkos aprašas", "location": "Archyvas, byla 12", "sha256": "0" * 64}],
        }
    ]  # fmt: skip
    read = (await provider.get(f"/v1/assessments/{subject['id']}")).json()
    assert {one["applicable"] for one in read["principles"]} == {0}, "nothing is rated by it"
    assert await evidence(provider, audit) == {}, "a mapping has a direction"


async def test_the_latest_assessment_of_its_kind_counts(world: World) -> None:
    await publish_revised(world)
    await mapped(world, pair("3.2", "3.1"))
    holder = (await world.organisation())["id"]
    coordinator = await world.caller("coordinator")
    subject = await world.assessment("self_assessment", holder, standard_version="EQUASS-REVISED")
    world.travel("2026-11-23")
    first = await world.finished_audit(holder, scope=SCOPE)
    assert [one["assessment_id"] for one in (await evidence(coordinator, subject))["3.1"]] == [first["id"]]
    world.travel("2026-11-24")
    elsewhere = await world.finished_audit(holder)
    found = (await evidence(coordinator, subject))["3.1"]
    assert [one["assessment_id"] for one in found] == [elsewhere["id"], first["id"]], "another scope is another matter"
    world.travel("2026-11-25")
    await world.finished_audit(holder, "not_met", scope=SCOPE)
    found = (await evidence(coordinator, subject))["3.1"]
    assert [one["assessment_id"] for one in found] == [elsewhere["id"]], "met once, but not the last time"


async def test_nobody_sees_more_by_a_mapping_than_without_it(world: World) -> None:
    await publish_revised(world)
    await mapped(world, pair())
    holder = (await world.organisation())["id"]
    await world.finished_audit(holder, scope=SCOPE)
    other = await world.caller("auditor", another=1)
    subject = await world.assessment(
        "external_audit", holder, standard_version="EQUASS-REVISED", assessor=other.client_id
    )
    assert list(await evidence(await world.caller("coordinator"), subject)) == ["3.1"]
    assert list(await evidence(await world.caller("provider", holder), subject)) == ["3.1"]
    assert await evidence(other, subject) == {}, "an auditor sees their own audits only"
    stranger = await world.caller("provider", (await world.organisation())["id"])
    assert (await stranger.get(f"/v1/assessments/{subject['id']}/mapped-evidence")).status_code == 404
    partner = await world.caller("partner")
    assert (await partner.get(f"/v1/assessments/{subject['id']}/mapped-evidence")).status_code == 403
