"""An audit shows, criterion by criterion, what the organisation said of itself; and each revision stays as handed in."""

from __future__ import annotations

from typing import Any

from tests import oracle
from tests.world import Caller, World

WHY = {"reason": "3.2 kriterijaus įrodymai neatitinka apimties."}


def at(assessment: dict[str, Any]) -> str:
    return f"/v1/assessments/{assessment['id']}"


async def handed_in(world: World, holder: dict[str, Any], but: dict[str, str], **plan: Any) -> dict[str, Any]:
    provider = await world.caller("provider", holder["id"])
    own = await world.assessment("self_assessment", holder["id"], started=True, **plan)
    await world.rate_everything(own, provider, "provider", but)
    answer = await provider.move(at(own), "submit")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def beside(caller: Caller, audit: dict[str, Any], criterion: str = "3.2") -> tuple[Any, Any]:
    """What the audit and what the organisation said of the criterion."""
    principles = (await caller.get(f"{at(audit)}/principles?expand=self_assessment")).json()["items"]
    (one,) = [one for principle in principles for one in principle["criteria"] if one["number"] == criterion]
    return (one["rating"] and one["rating"]["rating"], one["self_assessment"] and one["self_assessment"]["rating"])


async def test_an_auditor_sees_beside_each_criterion_what_the_organisation_said(world: World) -> None:
    holder = await world.organisation()
    auditor, provider = await world.caller("auditor"), await world.caller("provider", holder["id"])
    audit = await world.assessment(organisation_id=holder["id"])
    assert await beside(auditor, audit) == (None, None)
    await handed_in(world, holder, {"3.2": "not_met"}, scope={"services": ["LONG_TERM_CARE"]})  # of another scope
    own = await handed_in(world, holder, {"3.2": "partly_met"})

    assert await beside(auditor, audit) == (None, "partly_met")  # before the audit has begun
    await auditor.move(at(audit), "start")
    rated = await auditor.request("PUT", f"{at(audit)}/ratings/3.2", json={"rating": "met"})
    assert rated.status_code == 201
    assert await beside(auditor, audit) == ("met", "partly_met")
    assert await beside(provider, audit) == (None, "partly_met")  # the audit is not handed in

    (listed,) = (await auditor.get(f"{at(audit)}/ratings?expand=self_assessment")).json()["items"]
    single = await auditor.get(f"{at(audit)}/ratings/3.2?expand=self_assessment")
    assert listed == single.json()
    assert (single.json()["rating"], single.json()["self_assessment"]["assessment_id"]) == ("met", own["id"])
    assert "self_assessment" not in (await auditor.get(f"{at(audit)}/ratings/3.2")).json()
    assert "self_assessment" not in (await auditor.get(f"{at(audit)}/principles")).json()["items"][0]["criteria"][0]
    assert (await auditor.get(f"{at(audit)}/principles?expand=organisation")).status_code == 400
    assert await beside(provider, own) == ("partly_met", None)  # beside itself stands nothing


async def test_what_stands_beside_is_the_last_that_was_handed_in_before_the_audit_ended(world: World) -> None:
    holder = await world.organisation()
    auditor, coordinator = await world.caller("auditor"), await world.caller("coordinator")
    await handed_in(world, holder, {"3.2": "not_met"})
    world.travel("2026-11-24")
    second = await handed_in(world, holder, {"3.2": "partly_met"})
    audit = await world.assessment(organisation_id=holder["id"], started=True)
    await world.rate_everything(audit, auditor, "auditor")
    assert await beside(auditor, audit) == ("met", "partly_met")
    assert (await auditor.move(at(audit), "submit")).status_code == 200
    world.travel("2026-11-25")
    await handed_in(world, holder, {})
    assert await beside(auditor, audit) == ("met", "partly_met")
    assert (await coordinator.move(at(second), "return", WHY)).status_code == 200
    assert await beside(auditor, audit) == ("met", "not_met")  # what was handed back is being written anew


async def test_an_auditor_reads_the_self_assessment_and_writes_nothing_in_it(world: World) -> None:
    holder, other = await world.organisation(), await world.organisation()
    auditor = await world.caller("auditor")
    await world.assessment(organisation_id=holder["id"])
    own, foreign = await handed_in(world, holder, {}), await handed_in(world, other, {})
    open_ = await world.assessment("self_assessment", holder["id"], started=True)
    internal = await world.assessment("internal_audit", holder["id"], started=True)
    assert (await auditor.get(at(own))).json()["state"] == "submitted"
    assert (await auditor.get(f"{at(own)}/ratings/3.2")).json()["rating"] == "met"
    for hidden in (foreign, open_, internal):
        assert (await auditor.get(at(hidden))).status_code == 404
        assert (await auditor.get(f"{at(hidden)}/ratings/3.2")).status_code == 404
    assert {one["id"] for one in (await auditor.get("/v1/assessments?kind=self_assessment")).json()["items"]} == {
        own["id"]
    }
    for path in ("ratings/3.2", "ratings/bulk"):
        said = (
            {"rating": "not_met"} if path == "ratings/3.2" else {"items": [{"criterion": "3.2", "rating": "not_met"}]}
        )
        method = "PUT" if path == "ratings/3.2" else "POST"
        answer = await auditor.request(method, f"{at(own)}/{path}", json=said)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed")
    assert (await auditor.move(at(own), "start")).status_code == 409
    await (await world.caller("coordinator")).move(at(own), "return", WHY)
    for move in ("submit", "carry-forward"):
        refused = await auditor.move(at(own), move)
        assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (403, "assessor_role_does_not_fit")


async def test_each_revision_stays_as_it_was_handed_in(world: World) -> None:
    holder = await world.organisation()
    provider, auditor, reviewer = (
        await world.caller("provider", holder["id"]), await world.caller("auditor"), await world.caller("reviewer"),
    )  # fmt: skip
    audit = await world.assessment(organisation_id=holder["id"], started=True)
    await world.rate_everything(audit, auditor, "auditor")
    assert (await auditor.get(f"{at(audit)}/submissions")).json() == {"items": []}
    assert (await auditor.move(at(audit), "submit")).status_code == 200
    seen = await auditor.get(f"{at(audit)}/ratings/3.2")
    assert (await reviewer.move(at(audit), "return", WHY)).status_code == 200
    assert (await provider.get(f"{at(audit)}/submissions")).json() == {"items": []}  # handed back, it shows nothing
    world.travel("2026-11-25")
    corrected = await auditor.request(
        "PUT", f"{at(audit)}/ratings/3.2", json={"rating": "not_met"}, headers={"If-Match": seen.headers["etag"]}
    )
    assert corrected.status_code == 200
    assert (await auditor.move(at(audit), "submit")).json()["revision"] == 2

    first, second = (await provider.get(f"{at(audit)}/submissions")).json()["items"]

    assert [(one["revision"], one["ended_on"], len(one["ratings"])) for one in (first, second)] == [
        (1, "2026-11-22", 50),
        (2, "2026-11-25", 50),
    ]
    assert (first["submitted_at"], first["submitted_by"]) == ("2026-11-22T10:00:00.000000Z", auditor.client_id)
    assert [one["ratings"][11]["criterion"] for one in (first, second)] == ["2.7", "2.7"]
    found = [{one["criterion"]: one["rating"] for one in revision["ratings"]} for revision in (first, second)]
    assert [one["3.2"] for one in found] == ["met", "not_met"]
    assert {name for name in found[0] if found[0][name] != found[1][name]} == {"3.2"}
    other = await world.caller("provider", (await world.organisation())["id"])
    assert (await other.get(f"{at(audit)}/submissions")).status_code == 404
    await oracle.check(world.database)
