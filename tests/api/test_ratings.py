"""PUT /v1/assessments/{id}/ratings/{criterion}: what a criterion was found to be, by who assesses, while they assess."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from programme.tables import Event, Rating
from tests.world import Caller, World

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EVIDENCE = {"name": "Apklausos ataskaita", "location": "https://dokumentai.example.lt/apklausa", "sha256": SHA256}
LEVELS = [{"perspective": 1, "level": 3}, {"perspective": 4, "level": 2}]
MET = {
    "rating": "met", "level": 3, "levels": LEVELS, "comment": "Gavėjai kasmet apklausiami.", "evidence": [EVIDENCE],
}  # fmt: skip


def at(assessment: dict[str, Any], criterion: str = "3.2") -> str:
    return f"/v1/assessments/{assessment['id']}/ratings/{criterion}"


async def rate(caller: Caller, path: str, body: dict[str, Any], etag: str | None = None, **given: Any) -> Any:
    headers = {"If-Match": etag} if etag else {}
    return await caller.request("PUT", path, json=body, headers={**headers, **given.pop("headers", {})}, **given)


async def kept(world: World, assessment: dict[str, Any]) -> tuple[int, int]:
    """How many ratings the assessment has, and how many events of ratings there are at all."""
    async with world.at_work() as work:
        rows = select(func.count()).select_from(Rating).where(Rating.assessment_id == UUID(assessment["id"]))
        events = select(func.count()).select_from(Event).where(Event.resource_type == "rating")
        return (await work.session.scalars(rows)).one(), (await work.session.scalars(events)).one()


async def test_a_criterion_is_rated_for_the_first_time_and_anew(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)

    first = await rate(auditor, at(audit), MET)
    world.travel("2026-11-25")
    again = await rate(auditor, at(audit), {**MET, "rating": "partly_met", "comment": None}, first.headers["etag"])

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == at(audit)
    assert "location" not in again.headers
    assert first.json() == {
        "id": first.json()["id"], "assessment_id": audit["id"], "organisation_id": audit["organisation_id"],
        "principle": 3, "criterion": "3.2", **MET, "carried_from": None, "recorded_at": "2026-11-22T10:00:00.000000Z",
        "recorded_by": auditor.client_id, "version": 1,
    }  # fmt: skip
    assert again.json() == {
        **first.json(), "rating": "partly_met", "comment": None, "version": 2,
        "recorded_at": "2026-11-25T10:00:00.000000Z",
    }  # fmt: skip
    read = await auditor.get(at(audit))
    assert (read.content, read.headers["etag"]) == (again.content, again.headers["etag"])
    assert (await auditor.get(f"/v1/assessments/{audit['id']}")).json()["version"] == audit["version"]


async def test_its_events_tell_what_changed_and_fold_into_the_rating(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    etag, answer = None, None
    for body in (
        MET,
        {"rating": "met", "level": 3, "levels": LEVELS},
        {"rating": "not_met", "level": 3},
        {"rating": "not_met", "level": 3},
    ):
        answer = await rate(auditor, at(audit), body, etag)
        etag = answer.headers["etag"]
    assert answer is not None

    events = await world.events(answer.json()["id"])

    assert [(event.type, event.resource_type, event.resource_version) for event in events] == [
        ("rating.recorded", "rating", version) for version in (1, 2, 3, 4)
    ]
    whose = {"assessment_id": audit["id"], "organisation_id": audit["organisation_id"], "criterion": "3.2"}
    assert [(event.data, event.previous) for event in events] == [
        ({**MET, **whose, "carried_from": None}, {}),
        ({"comment": None, "evidence": []}, {"comment": MET["comment"], "evidence": MET["evidence"]}),
        ({"rating": "not_met", "levels": []}, {"rating": "met", "levels": LEVELS}),
        ({}, {}),
    ]
    assert {(event.actor_type, event.actor_id) for event in events} == {("client", auditor.client_id)}
    assert {str(event.organisation_id) for event in events} == {audit["organisation_id"]}
    assert {event.effective_on.isoformat() for event in events} == {"2026-11-22"}
    assert events[-1].request_id == answer.headers["x-request-id"]
    folded: dict[str, Any] = {}
    for event in events:
        folded |= event.data
    assert folded == {name: answer.json()[name] for name in folded}


async def test_a_rating_changes_only_at_the_version_that_was_read(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    nothing_yet = await rate(auditor, at(audit), MET, '"1"')
    first = await rate(auditor, at(audit), MET)
    without = await rate(auditor, at(audit), MET)
    second = await rate(auditor, at(audit), MET, first.headers["etag"])
    stale = await rate(auditor, at(audit), MET, first.headers["etag"])
    malformed = await rate(auditor, at(audit), MET, "2")
    answers = [nothing_yet, first, without, second, stale, malformed]
    assert [answer.status_code for answer in answers] == [412, 201, 428, 200, 412, 400]
    assert [answer.json()["code"] for answer in (nothing_yet, without, stale)] == [
        "stale_version", "version_required", "stale_version",
    ]  # fmt: skip
    assert await kept(world, audit) == (1, 2)


async def test_only_a_criterion_of_the_frozen_version_is_rated(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    for criterion in ("3.9", "11.1", "0.1", "3", "3.2.1", "a.b", "03.2", "3.%00", "3.2 "):
        answer = await rate(auditor, at(audit, criterion), MET)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), criterion
    assert (await rate(auditor, at({"id": uuid4()}), MET)).status_code == 404
    assert (await auditor.get(at(audit))).status_code == 404
    assert await kept(world, audit) == (0, 0)


async def test_only_who_assesses_rates(world: World) -> None:
    organisation, other = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", organisation["id"])
    auditor = await world.caller("auditor")
    audit = await world.assessment("external_audit", organisation["id"], started=True)
    own = await world.assessment("self_assessment", organisation["id"], started=True)
    refused = [
        (provider, audit, 403, ["assessor_role_does_not_fit"]),
        (await world.caller("auditor", another=1), audit, 404, []),
        (auditor, own, 404, []),
        (await world.caller("coordinator"), audit, 403, []),
        (await world.caller("reviewer"), audit, 403, []),
        (await world.caller("provider", other["id"]), own, 404, []),
        (world.nobody, own, 401, []),
    ]
    for caller, assessment, status, codes in refused:
        answer = await rate(caller, at(assessment), MET)
        assert answer.status_code == status, answer.text
        assert [reason["code"] for reason in answer.json().get("reasons", [])] == codes
    assert (await kept(world, audit), await kept(world, own)) == ((0, 0), (0, 0))
    assert (await rate(auditor, at(audit), MET)).status_code == 201
    assert (await rate(provider, at(own), MET)).status_code == 201


async def test_ratings_stand_before_the_start_and_after_the_submission(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment()
    path = f"/v1/assessments/{audit['id']}"
    before = await rate(auditor, at(audit), MET)
    await auditor.move(path, "start")
    await world.rate_everything(audit, auditor, "auditor")
    seen = await auditor.get(at(audit))
    await auditor.move(path, "submit")
    after = await rate(auditor, at(audit), {"rating": "not_met"}, seen.headers["etag"])
    for answer, state in ((before, "planned"), (after, "submitted")):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed")
        (reason,) = answer.json()["reasons"]
        assert (reason["code"], reason["state"], reason["from"]) == ("wrong_state", state, ["in_progress"])
    assert (await auditor.get(at(audit))).content == seen.content
    assert await kept(world, audit) == (50, 50)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/rating", "missing"),
        ({"rating": "excellent"}, "/rating", "enum"),
        ({"rating": None}, "/rating", "enum"),
        ({**MET, "level": 11}, "/level", "less_than_equal"),
        ({**MET, "level": -1}, "/level", "greater_than_equal"),
        ({**MET, "level": "3"}, "/level", "int_type"),
        ({**MET, "level": 2.5}, "/level", "int_type"),
        ({**MET, "comment": " "}, "/comment", "blank"),
        ({**MET, "comment": "a\u202eb"}, "/comment", "invisible_characters"),
        ({**MET, "criterion": "3.3"}, "/criterion", "extra_forbidden"),
        ({**MET, "version": 7}, "/version", "extra_forbidden"),
        ({**MET, "evidence": [{**EVIDENCE, "sha256": "abc"}]}, "/evidence/0/sha256", "string_too_short"),
        ({**MET, "evidence": [{**EVIDENCE, "sha256": "g" * 64}]}, "/evidence/0/sha256", "string_pattern_mismatch"),
        ({**MET, "evidence": [{**EVIDENCE, "content": "UEsDBA=="}]}, "/evidence/0/content", "extra_forbidden"),
        ({**MET, "evidence": [EVIDENCE, {"name": "Planas"}]}, "/evidence/1/location", "missing"),
        ({**MET, "evidence": [{**EVIDENCE, "location": "x\ny"}]}, "/evidence/0/location", "more_than_one_line"),
        ({**MET, "evidence": [EVIDENCE] * 51}, "/evidence", "too_long"),
    ],
)
async def test_a_body_that_says_what_cannot_be_is_refused_there(
    world: World, body: dict[str, Any], pointer: str, code: str
) -> None:
    audit = await world.assessment(started=True)
    answer = await rate(await world.caller("auditor"), at(audit), body)
    assert answer.status_code == 422
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert await kept(world, audit) == (0, 0)


async def test_text_is_kept_in_one_form(world: World) -> None:
    audit = await world.assessment(started=True)
    body = {"rating": "met", "comment": "Z\u030cemaite\u0307s", "evidence": [{**EVIDENCE, "sha256": SHA256.upper()}]}
    made = (await rate(await world.caller("auditor"), at(audit), body)).json()
    assert (made["comment"], made["evidence"]) == ("Žemaitės", [EVIDENCE])


async def test_what_is_only_tried_is_answered_and_not_kept(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    tried = await rate(auditor, f"{at(audit)}?validate_only=true", MET)
    assert (tried.status_code, tried.json()["rating"]) == (200, "met")
    assert await kept(world, audit) == (0, 0)


async def test_the_same_request_sent_again_is_done_once(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    once = {"Idempotency-Key": uuid4().hex}
    first = await rate(auditor, at(audit), MET, headers=once)
    again = await rate(auditor, at(audit), MET, headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert await kept(world, audit) == (1, 1)


async def test_ratings_are_listed_in_the_order_of_the_criteria(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    for criterion, rating in (
        ("10.1", "met"),
        ("2.1", "not_met"),
        ("2.7", "met"),
        ("10.5", "partly_met"),
        ("1.1", "met"),
    ):
        assert (await rate(auditor, at(audit, criterion), {"rating": rating})).status_code == 201

    async def found(query: str) -> list[str]:
        listed = await auditor.get(f"/v1/assessments/{audit['id']}/ratings?{query}")
        assert listed.status_code == 200, listed.text
        return [one["criterion"] for one in listed.json()["items"]]

    assert await found("") == ["1.1", "2.1", "2.7", "10.1", "10.5"]
    assert await found("principle=2,10&rating=met") == ["2.7", "10.1"]
    assert await found("sort=-criterion&principle=2") == ["2.7", "2.1"]
    for unknown in ("principle=0", "principle=99999999999", "rating=good"):
        assert (await auditor.get(f"/v1/assessments/{audit['id']}/ratings?{unknown}")).status_code == 400
    page = (await auditor.get(f"/v1/assessments/{audit['id']}/ratings?limit=3&include=total")).json()
    assert page["total"] == 5
    assert await found(f"limit=3&cursor={page['next_cursor']}") == ["10.1", "10.5"]


async def test_a_principle_is_read_with_its_criteria_and_their_ratings(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    rated = (await rate(auditor, at(audit), MET)).json()
    await rate(auditor, at(audit, "3.3"), {"rating": "not_applicable"})

    principles = (await auditor.get(f"/v1/assessments/{audit['id']}/principles")).json()["items"]

    assert [principle["number"] for principle in principles] == list(range(1, 11))
    rights = principles[2]
    assert (rights["code"], rights["name"]["lt"], rights["met"], rights["applicable"]) == ("RIGHTS", "Teisės", 1, 1)
    assert [criterion["number"] for criterion in rights["criteria"]] == ["3.1", "3.2", "3.3", "3.4", "3.5"]
    assert rights["criteria"][0]["rating"] is None
    assert rights["criteria"][0]["title"]["lt"]
    assert rights["criteria"][1]["rating"] == rated
    assert rights["criteria"][2]["rating"]["rating"] == "not_applicable"
