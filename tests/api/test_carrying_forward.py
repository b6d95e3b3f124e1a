"""POST /v1/assessments/{id}/carry-forward: a new cycle starts from what the last one found, and confirms it."""

from __future__ import annotations

from typing import Any

from tests import oracle
from tests.world import Caller, World


def at(assessment: dict[str, Any]) -> str:
    return f"/v1/assessments/{assessment['id']}"


async def moved(caller: Caller, path: str, *moves: str) -> dict[str, Any]:
    for move in moves:
        answer = await caller.move(path, move)
        assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def a_finished_self_assessment(world: World, holder: dict[str, Any], **but: Any) -> dict[str, Any]:
    provider = await world.caller("provider", holder["id"])
    own = await world.assessment("self_assessment", holder["id"], started=True, **but.pop("plan", {}))
    await world.rate_everything(own, provider, "provider", but)
    return await moved(provider, at(own), "submit", "finalise-self")


async def codes(caller: Caller, path: str, move: str) -> list[str]:
    """What stands in the way of the move, as the actions tell it."""
    (action,) = [one for one in (await caller.get(path)).json()["actions"] if one["name"] == move]
    return [one["code"] for one in action["reasons"]]


async def test_a_new_cycle_starts_from_the_last_one_and_confirms_each_rating(world: World) -> None:
    holder = await world.organisation()
    provider = await world.caller("provider", holder["id"])
    earlier = await a_finished_self_assessment(world, holder, **{"3.2": "partly_met"})
    world.travel("2027-11-22")
    own = await world.assessment("self_assessment", holder["id"], started=True)
    fresh = await provider.request("PUT", f"{at(own)}/ratings/1.1", json={"rating": "not_met"})
    assert fresh.status_code == 201

    carried = await moved(provider, at(own), "carry-forward")

    assert (carried["carried_from"], carried["version"]) == (earlier["id"], own["version"] + 1)
    assert sum(one["met"] for one in carried["principles"]) == 0  # nothing counts that nobody has looked at
    drafts = (await provider.get(f"{at(own)}/ratings?carried=true&limit=200")).json()["items"]
    assert len(drafts) == 49
    (partly,) = [one for one in drafts if one["rating"] == "partly_met"]
    assert (partly["criterion"], partly["carried_from"], partly["version"]) == ("3.2", earlier["id"], 1)
    assert partly["evidence"][0]["name"] == "Tvarkos aprašas"
    assert (await provider.get(f"{at(own)}/ratings/1.1")).json() == fresh.json()  # what was rated here stays
    events = await world.events()
    assert [event.type for event in events].count("rating.carried_forward") == 49
    assert (await world.events(own["id"]))[-1].data == {"carried_from": earlier["id"]}

    assert await codes(provider, at(own), "submit") == ["carried_ratings_unconfirmed"]
    assert await codes(provider, at(own), "carry_forward") == ["criteria_all_rated"]
    refused = await provider.move(at(own), "submit")
    assert (refused.status_code, len(refused.json()["reasons"][0]["criteria"])) == (409, 49)

    items = [{name: one[name] for name in ("criterion", "rating", "comment", "evidence", "version")} for one in drafts]
    confirmed = await provider.post(f"{at(own)}/ratings/bulk", {"items": items})
    assert {one["rating"]["carried_from"] for one in confirmed.json()["items"]} == {None}
    assert {one["version"] for one in confirmed.json()["items"]} == {2}
    assert (await provider.get(f"{at(own)}/ratings?carried=true")).json()["items"] == []
    assert (await moved(provider, at(own), "submit"))["revision"] == 1
    await oracle.check(world.database)


async def test_one_rating_is_confirmed_by_saying_it_again(world: World) -> None:
    holder = await world.organisation()
    provider = await world.caller("provider", holder["id"])
    await a_finished_self_assessment(world, holder)
    own = await world.assessment("self_assessment", holder["id"], started=True)
    await moved(provider, at(own), "carry-forward")
    draft = await provider.get(f"{at(own)}/ratings/3.2")
    said = {name: draft.json()[name] for name in ("rating", "level", "levels", "comment", "evidence")}
    confirmed = await provider.request(
        "PUT", f"{at(own)}/ratings/3.2", json=said, headers={"If-Match": draft.headers["etag"]}
    )
    assert (confirmed.status_code, confirmed.json()["carried_from"]) == (200, None)
    event = (await world.events(confirmed.json()["id"]))[-1]
    assert (event.type, event.data) == ("rating.recorded", {"carried_from": None})
    assert (await provider.get(at(own))).json()["principles"][2]["met"] == 1


async def test_nothing_else_is_started_from(world: World) -> None:
    holder = await world.organisation()
    provider, auditor = await world.caller("provider", holder["id"]), await world.caller("auditor")
    own = await world.assessment("self_assessment", holder["id"], started=True)
    assert await codes(provider, at(own), "carry_forward") == ["no_earlier_assessment"]
    refused = await provider.move(at(own), "carry-forward")
    assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "no_earlier_assessment")

    await world.finished_audit(holder["id"])  # an audit is no self-assessment
    await a_finished_self_assessment(world, await world.organisation())  # nor another organisation's
    await a_finished_self_assessment(
        world, holder, plan={"scope": {"services": ["LONG_TERM_CARE"]}}
    )  # nor another scope
    assert await codes(provider, at(own), "carry_forward") == ["no_earlier_assessment"]

    other = await world.caller("auditor", another=1)
    theirs = await world.assessment(organisation_id=holder["id"], assessor=other.client_id, started=True)
    assert await codes(other, at(theirs), "carry_forward") == ["no_earlier_assessment"]  # nor another auditor's
    again = await world.assessment(organisation_id=holder["id"], started=True)
    assert (await moved(auditor, at(again), "carry-forward"))["carried_from"]


async def test_the_last_one_is_started_from_and_only_by_who_assesses(world: World) -> None:
    holder = await world.organisation()
    provider = await world.caller("provider", holder["id"])
    await a_finished_self_assessment(world, holder, **{"3.2": "not_met"})
    world.travel("2027-11-22")
    last = await a_finished_self_assessment(world, holder)
    world.travel("2028-11-22")
    own = await world.assessment("self_assessment", holder["id"])
    assert await codes(provider, at(own), "carry_forward") == ["wrong_state"]
    await moved(provider, at(own), "start")
    coordinator = await world.caller("coordinator")
    assert (await coordinator.move(at(own), "carry-forward")).status_code == 403
    assert (await moved(provider, at(own), "carry-forward"))["carried_from"] == last["id"]
    assert (await provider.get(f"{at(own)}/ratings/3.2")).json()["rating"] == "met"
