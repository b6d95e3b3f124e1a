"""A committee decides: votes on a draft, the quorum, and who has none."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from programme.tables import Assessment
from tests import oracle
from tests.api.test_certificate_decisions import codes, set_policy
from tests.api.test_certificates import SCOPE, a_draft, a_grantable_draft, actions
from tests.world import Caller, World


async def vote(member: Caller, path: str, choice: str, **more: Any) -> Any:
    return await member.post(f"{path}/votes", {"vote": choice, **more})


async def members(world: World) -> list[Caller]:
    return [await world.caller("awarder", another=number) for number in range(3)]


async def test_a_grant_waits_for_the_quorum_and_for_more_votes_for_it_than_against(world: World) -> None:
    await set_policy(world, decision_quorum=3)
    one, two, three = await members(world)
    path, grant = await a_grantable_draft(world)
    assert (await actions(one, path))["grant"] == ["quorum_not_reached"]
    assert (await actions(one, path))["vote"] == []
    first = await vote(one, path, "for", comment="Įrodymai pakankami.")
    assert (first.status_code, first.json()["voter"], first.json()["vote"]) == (201, one.client_id, "for")
    await vote(two, path, "against")
    refused = await one.move(path, "grant", grant)
    (reason,) = refused.json()["reasons"]
    assert (refused.status_code, reason["code"], reason["quorum"], reason["cast"]) == (409, "quorum_not_reached", 3, 2)
    assert (await vote(three, path, "abstain")).status_code == 201
    assert codes(await one.move(path, "grant", grant)) == ["majority_not_in_favour"]

    changed = await vote(three, path, "for")

    assert (changed.status_code, changed.json()["vote"]) == (200, "for")
    granted = await one.move(path, "grant", grant)
    assert granted.status_code == 200, granted.text
    listed = (await (await world.caller("coordinator")).get(f"{path}/votes")).json()["items"]
    assert [(item["voter"], item["vote"]) for item in listed] == [
        (one.client_id, "for"), (two.client_id, "against"), (three.client_id, "for"),
    ]  # fmt: skip
    votes = [event for event in await world.events() if event.resource_type == "certificate_vote"]
    assert [(event.type, event.resource_version) for event in votes][-1] == ("certificate_vote.recorded", 2)
    assert (votes[-1].previous["vote"], votes[-1].data["vote"]) == ("abstain", "for")
    assert not any("comment" in event.data for event in votes)
    late = await vote(two, path, "for")
    assert (late.status_code, codes(late)) == (409, ["wrong_state"])
    await oracle.check(world.database)


async def test_a_draft_that_is_written_anew_is_voted_on_anew(world: World) -> None:
    await set_policy(world, decision_quorum=1)
    member, *_ = await members(world)
    path, grant = await a_grantable_draft(world)
    await vote(member, path, "for")
    assert (await actions(member, path))["grant"] == []
    await member.change(path, {"staff": 12})
    assert (await actions(member, path))["grant"] == ["quorum_not_reached"]
    await vote(member, path, "for")
    assert (await member.move(path, "grant", grant)).status_code == 200
    await oracle.check(world.database)


async def test_where_one_awarder_decides_there_is_no_vote(world: World) -> None:
    member, *_ = await members(world)
    path, _ = await a_draft(world)
    refused = await vote(member, path, "for")
    assert (refused.status_code, codes(refused)) == (409, ["no_committee"])


async def test_whoever_audited_does_not_vote(world: World) -> None:
    await set_policy(world, decision_quorum=1)
    member, *_ = await members(world)
    path, draft = await a_draft(world)
    audit = await world.finished_audit(draft["organisation_id"], scope=SCOPE)
    async with world.at_work() as work:
        (await work.take(Assessment, UUID(audit["id"]))).assessor = UUID(str(member.client_id))
    refused = await vote(member, path, "for")
    assert (refused.status_code, refused.json()["code"]) == (403, "conflict_of_interest")
    assert codes(refused) == ["decider_is_auditor"]


async def test_votes_are_the_committees_affair(world: World) -> None:
    await set_policy(world, decision_quorum=1)
    member, *_ = await members(world)
    path, draft = await a_grantable_draft(world)
    await vote(member, path, "for")
    holder = (await member.get(path)).json()["organisation_id"]
    provider = await world.caller("provider", holder)
    assert (await provider.get(f"{path}/votes")).status_code == 403
    assert (await vote(provider, path, "for")).status_code == 403
    assert (await (await world.caller("coordinator")).get(f"{path}/votes")).status_code == 200
    assert draft["reference"] == "LIT2026-101"


async def test_a_vote_is_only_tried(world: World) -> None:
    await set_policy(world, decision_quorum=1)
    member, *_ = await members(world)
    path, _ = await a_grantable_draft(world)
    tried = await member.post(f"{path}/votes?validate_only=true", {"vote": "for"})
    assert tried.status_code == 200
    assert (await member.get(f"{path}/votes")).json()["items"] == []
