"""GET /v1/assessments/{id}/compare?with=: two assessments criterion by criterion, as far as the caller sees of each."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.world import Caller, World

NAME = {"lt": "Teisės ir orumas", "en": "Rights and dignity"}


async def compare(caller: Caller, this: dict[str, Any], other: dict[str, Any]) -> Any:
    return await caller.get(f"/v1/assessments/{this['id']}/compare?with={other['id']}")


async def test_a_second_cycle_is_compared_with_the_first(world: World) -> None:
    holder = await world.organisation()
    coordinator = await world.caller("coordinator")
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    first = await world.finished_audit(holder["id"], "not_met")  # 3.2 is not met
    world.travel("2027-11-22")
    second = await world.assessment(organisation_id=holder["id"], started=True)
    await world.rate_everything(second, auditor, "auditor", {"4.1": "partly_met", "9.4": "not_applicable"})
    for caller, verb in ((auditor, "submit"), (reviewer, "start-review"), (reviewer, "finalise")):
        assert (await caller.move(f"/v1/assessments/{second['id']}", verb)).status_code == 200

    found = (await compare(coordinator, second, first)).json()

    assert (found["assessment"]["id"], found["with"]["id"]) == (second["id"], first["id"])
    assert (found["with"]["score"], found["with"]["outcome"], found["with"]["ended_on"]) == (
        0.98,
        "not_met",
        "2026-11-22",
    )
    assert found["criteria"] == {"improved": 1, "same": 47, "worse": 1, "unknown": 1, "added": 0, "removed": 0}
    rights, ethics = found["principles"][2], found["principles"][3]
    assert (rights["code"], rights["score"], rights["with_score"], rights["direction"]) == (
        "RIGHTS",
        1,
        0.8,
        "improved",
    )
    assert (ethics["score"], ethics["with_score"], ethics["direction"]) == (0.75, 1, "worse")
    agreement = rights["criteria"][1]
    assert (agreement["number"], agreement["with_number"], agreement["direction"]) == ("3.2", "3.2", "improved")
    assert (agreement["rating"]["rating"], agreement["with_rating"]["rating"]) == ("met", "not_met")
    back = (await compare(coordinator, first, second)).json()
    assert back["criteria"] == {**found["criteria"], "improved": 1, "worse": 1}
    assert back["principles"][2]["direction"] == "worse"


async def test_versions_are_compared_by_the_codes_of_their_principles(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    principles = [
        {"number": 1, "code": "RIGHTS", "name": NAME, "criteria": [{"number": "1.1", "title": NAME}]},
        {"number": 2, "code": "WORKFORCE", "name": NAME, "criteria": [{"number": "2.1", "title": NAME}]},
    ]
    draft = {"code": "EQUASS-2027", "node_kind": "section", "principles": principles}
    assert (await coordinator.post("/v1/standards/EQUASS/versions", draft)).status_code == 201
    assert (await coordinator.move("/v1/standards/EQUASS/versions/EQUASS-2027", "publish")).status_code == 200
    old = await world.assessment("self_assessment", holder["id"], started=True)
    new = await world.assessment("self_assessment", holder["id"], started=True, standard_version="EQUASS-2027")
    provider = await world.caller("provider", holder["id"])
    for assessment, criterion, rating in ((old, "3.1", "not_met"), (new, "1.1", "met"), (new, "2.1", "met")):
        path = f"/v1/assessments/{assessment['id']}/ratings/{criterion}"
        assert (await provider.request("PUT", path, json={"rating": rating})).status_code == 201

    found = (await compare(provider, new, old)).json()

    assert found["criteria"] == {"improved": 1, "same": 0, "worse": 0, "unknown": 0, "added": 1, "removed": 49}
    (rights, workforce, *rest) = found["principles"]
    assert [(one["number"], one["with_number"], one["presence"]) for one in rights["criteria"]][:2] == [
        ("1.1", "3.1", "both"),
        ("3.2", "3.2", "removed"),
    ]
    assert (workforce["presence"], {one["presence"] for one in rest}) == ("added", {"removed"})
    assert len(rest) == 9


async def test_another_standard_is_not_compared_with(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    criteria = [{"number": "1.1", "title": NAME}]
    draft = {"code": "NOKAS-2027", "principles": [{"number": 1, "code": "RIGHTS", "name": NAME, "criteria": criteria}]}
    assert (await coordinator.post("/v1/standards/NOKAS/versions", draft)).status_code == 201
    assert (await coordinator.move("/v1/standards/NOKAS/versions/NOKAS-2027", "publish")).status_code == 200
    equass = await world.assessment("self_assessment", holder["id"])
    nokas = await world.assessment("self_assessment", holder["id"], standard_version="NOKAS-2027", level="BASIC")
    refused = await compare(coordinator, equass, nokas)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")
    assert [(one["parameter"], one["code"]) for one in refused.json()["errors"]] == [("with", "other_standard")]


async def test_nobody_compares_what_they_may_not_know_of(world: World) -> None:
    holder, other = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", holder["id"])
    mine = await world.assessment("self_assessment", holder["id"], started=True)
    theirs = await world.assessment("self_assessment", other["id"], started=True)
    for this, with_ in ((mine, theirs), (theirs, mine), (mine, {"id": uuid4()})):
        answer = await compare(provider, this, with_)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for query in ("", "?with=", "?with=soon"):
        assert (await provider.get(f"/v1/assessments/{mine['id']}/compare{query}")).status_code == 400


async def test_what_an_auditor_has_not_handed_in_is_not_compared_for_the_organisation(world: World) -> None:
    holder = await world.organisation()
    provider, auditor = await world.caller("provider", holder["id"]), await world.caller("auditor")
    own = await world.assessment("self_assessment", holder["id"], started=True)
    audit = await world.assessment(organisation_id=holder["id"], started=True)
    for caller, assessment in ((provider, own), (auditor, audit)):
        path = f"/v1/assessments/{assessment['id']}/ratings/3.2"
        assert (await caller.request("PUT", path, json={"rating": "not_met"})).status_code == 201
    found = (await compare(provider, audit, own)).json()
    agreement = found["principles"][2]["criteria"][1]
    assert (agreement["rating"], agreement["with_rating"]["rating"], agreement["direction"]) == (None, "not_met", None)
