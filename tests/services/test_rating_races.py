"""Raters at the same moment, on real commits: one criterion has one winner, different criteria do not meet."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.world import Caller, World


def at(audit: dict[str, Any], criterion: str) -> str:
    return f"/v1/assessments/{audit['id']}/ratings/{criterion}"


async def at_once(auditor: Caller, *ratings: tuple[str, str], etag: str | None = None) -> list[Any]:
    """The ratings (address, rating) sent together."""
    headers = {"If-Match": etag} if etag else {}
    return await asyncio.gather(
        *(auditor.request("PUT", path, json={"rating": rating}, headers=headers) for path, rating in ratings)
    )


async def test_of_two_who_rate_a_criterion_for_the_first_time_one_wins(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    audit = await racing_world.assessment(started=True)
    for criterion in ("1.1", "1.2", "1.3", "1.4", "1.5"):
        answers = await at_once(auditor, (at(audit, criterion), "met"), (at(audit, criterion), "not_met"))
        assert sorted(answer.status_code for answer in answers) == [201, 428]
        winner = next(answer for answer in answers if answer.status_code == 201)
        assert (await auditor.get(at(audit, criterion))).content == winner.content
        (event,) = await racing_world.events(winner.json()["id"])
        assert (event.type, event.data["rating"]) == ("rating.recorded", winner.json()["rating"])


async def test_of_ten_who_change_the_same_version_one_wins(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    audit = await racing_world.assessment(started=True)
    (first,) = await at_once(auditor, (at(audit, "3.2"), "not_applicable"))

    answers = await at_once(
        auditor, *[(at(audit, "3.2"), rating) for rating in ("met", "not_met") * 5], etag=first.headers["etag"]
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert winner.json()["version"] == 2
    events = await racing_world.events(first.json()["id"])
    assert [(event.resource_version, event.previous) for event in events] == [
        (1, {}),
        (2, {"rating": "not_applicable"}),
    ]
    assert events[-1].data == {"rating": winner.json()["rating"]}


async def test_twenty_raters_on_twenty_criteria_all_win_and_the_assessment_stays(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    audit = await racing_world.assessment(started=True)
    principles = (await auditor.get(f"/v1/assessments/{audit['id']}/principles")).json()["items"]
    criteria = [criterion["number"] for principle in principles for criterion in principle["criteria"]][:20]

    answers = await at_once(auditor, *[(at(audit, criterion), "met") for criterion in criteria])

    assert [answer.status_code for answer in answers] == [201] * 20
    assert sorted(answer.json()["criterion"] for answer in answers) == sorted(criteria)
    after = (await auditor.get(f"/v1/assessments/{audit['id']}")).json()
    assert (after["version"], after["revision"]) == (audit["version"], 0)
    assert sum(principle["met"] for principle in after["principles"]) == 20
    told = [event for event in await racing_world.events() if event.type == "rating.recorded"]
    assert {str(event.resource_id) for event in told} == {answer.json()["id"] for answer in answers}
    assert len(told) == 20


async def test_no_rating_slips_in_behind_a_submission(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    audit = await racing_world.assessment(started=True)
    await racing_world.rate_everything(audit, auditor, "auditor")
    path = f"/v1/assessments/{audit['id']}"
    criteria = ("1.1", "2.1", "3.1", "4.1", "5.1", "6.1", "7.1", "8.1", "9.1", "10.1")

    submitted, *answers = await asyncio.gather(
        auditor.request("POST", f"{path}/submit", json={}, headers={"If-Match": f'"{audit["version"]}"'}),
        *(
            auditor.request("PUT", at(audit, criterion), json={"rating": "not_met"}, headers={"If-Match": '"1"'})
            for criterion in criteria
        ),
    )

    assert submitted.status_code == 200, submitted.text
    assert {answer.status_code for answer in answers} <= {200, 409}
    changed = [answer for answer in answers if answer.status_code == 200]
    assert sum(principle["met"] for principle in submitted.json()["principles"]) == 50 - len(changed)
    events = [
        event for event in await racing_world.events() if event.type in ("rating.recorded", "assessment.submitted")
    ]
    assert [event.type for event in events] == ["rating.recorded"] * (50 + len(changed)) + ["assessment.submitted"]


async def test_two_who_rate_the_same_criteria_in_bulk_wait_in_no_ring_and_one_wins_each(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    audit = await racing_world.assessment(started=True)
    principles = (await auditor.get(f"/v1/assessments/{audit['id']}/principles")).json()["items"]
    criteria = [criterion["number"] for principle in principles for criterion in principle["criteria"]]
    path = f"/v1/assessments/{audit['id']}/ratings/bulk?atomicity=item"

    def said(rating: str, of: list[str]) -> dict[str, Any]:
        return {"items": [{"criterion": criterion, "rating": rating} for criterion in of]}

    answers = await asyncio.gather(
        *(auditor.post(path, said(rating, of)) for rating, of in (("met", criteria), ("not_met", criteria[::-1])) * 3)
    )

    assert {answer.status_code for answer in answers} <= {200, 422}
    results = [one for answer in answers for one in answer.json()["items"]]
    won = [one for one in results if one["status"] == 201]
    assert sorted(one["criterion"] for one in won) == sorted(criteria)
    assert {one["status"] for one in results} == {201, 428}
    told = [event for event in await racing_world.events() if event.type == "rating.recorded"]
    assert sorted(event.data["criterion"] for event in told) == sorted(criteria)


async def test_no_bulk_slips_in_behind_a_submission(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    audit = await racing_world.assessment(started=True)
    await racing_world.rate_everything(audit, auditor, "auditor")
    path = f"/v1/assessments/{audit['id']}"
    items = [{"criterion": f"3.{number}", "rating": "not_met", "version": 1} for number in range(1, 6)]

    submitted, rated = await asyncio.gather(
        auditor.request("POST", f"{path}/submit", json={}, headers={"If-Match": f'"{audit["version"]}"'}),
        auditor.post(f"{path}/ratings/bulk", {"items": items}),
    )

    assert submitted.status_code == 200, submitted.text
    assert rated.status_code in (200, 409)
    (kept,) = (await auditor.get(f"{path}/submissions")).json()["items"]
    not_met = [one["criterion"] for one in kept["ratings"] if one["rating"] == "not_met"]
    assert len(not_met) == (5 if rated.status_code == 200 else 0)
