"""POST /v1/assessments/{id}/ratings/bulk: several criteria rated at once, all together or each by itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests import oracle
from tests.world import Caller, World

EVIDENCE = {"name": "Tvarkos aprašas", "location": "Archyvas, byla 12", "sha256": "0" * 64}


def item(criterion: str, rating: str = "met", **more: Any) -> dict[str, Any]:
    return {"criterion": criterion, "rating": rating, **more}


async def rate(caller: Caller, audit: dict[str, Any], *items: dict[str, Any], query: str = "", **given: Any) -> Any:
    return await caller.post(f"/v1/assessments/{audit['id']}/ratings/bulk{query}", {"items": list(items)}, **given)


async def rated(caller: Caller, audit: dict[str, Any]) -> dict[str, tuple[str, int]]:
    listed = (await caller.get(f"/v1/assessments/{audit['id']}/ratings?limit=200")).json()["items"]
    return {one["criterion"]: (one["rating"], one["version"]) for one in listed}


async def told(world: World) -> list[tuple[Any, int]]:
    return [
        (event.data.get("criterion"), event.resource_version)
        for event in await world.events()
        if event.type == "rating.recorded"
    ]


async def test_all_criteria_are_rated_at_once_and_each_has_its_event(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    principles = (await auditor.get(f"/v1/assessments/{audit['id']}/principles")).json()["items"]
    criteria = [one["number"] for principle in principles for one in principle["criteria"]]

    answer = await rate(auditor, audit, *(item(one, level=3, evidence=[EVIDENCE]) for one in criteria))

    assert answer.status_code == 200, answer.text
    results = answer.json()["items"]
    assert [(one["criterion"], one["status"], one["version"], one["problem"]) for one in results] == [
        (criterion, 201, 1, None) for criterion in criteria
    ]
    assert sorted(await told(world)) == sorted((criterion, 1) for criterion in criteria)
    for one in (results[0], results[-1]):
        read = await auditor.get(f"/v1/assessments/{audit['id']}/ratings/{one['criterion']}")
        assert (read.json(), read.headers["etag"]) == (one["rating"], one["etag"])
    assert (await auditor.get(f"/v1/assessments/{audit['id']}")).json()["version"] == audit["version"]
    assert (await auditor.move(f"/v1/assessments/{audit['id']}", "submit")).status_code == 200
    await oracle.check(world.database)


async def test_results_stand_in_the_order_of_the_request_each_as_it_would_have_been_alone(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    assert (await rate(auditor, audit, item("3.1"), item("3.2"))).status_code == 200

    answer = await rate(
        auditor, audit, item("3.2", "not_met", version=1), item("11.1"), item("3.1", "not_met"),
        item("2.1", version=4), item("1.2", level=9, levels=[{"perspective": 7, "level": 3}]), item("3.3", "partly_met"),
        query="?atomicity=item",
    )  # fmt: skip

    assert answer.status_code == 200
    results = answer.json()["items"]
    assert [(one["criterion"], one["status"], (one["problem"] or {}).get("code")) for one in results] == [
        ("3.2", 200, None), ("11.1", 404, "not_found"), ("3.1", 428, "version_required"), ("2.1", 412, "stale_version"),
        ("1.2", 422, "invalid"), ("3.3", 201, None),
    ]  # fmt: skip
    assert results[4]["problem"]["errors"][0] == {
        "pointer": "/levels/0/perspective", "code": "unknown_perspective",
        "message": "Šio vertinimo standarto versijoje tokios perspektyvos nėra.",
    }  # fmt: skip
    assert await rated(auditor, audit) == {"3.1": ("met", 1), "3.2": ("not_met", 2), "3.3": ("partly_met", 1)}
    assert (await told(world))[2:] == [(None, 2), ("3.3", 1)]
    await oracle.check(world.database)


async def test_together_one_refusal_keeps_nothing(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    once = {"Idempotency-Key": uuid4().hex}

    refused = await rate(auditor, audit, item("3.1"), item("3.2", version=1), headers=once)

    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_kept")
    assert refused.headers["content-type"] == "application/problem+json"
    assert [(one["criterion"], one["status"], one["problem"]["code"]) for one in refused.json()["items"]] == [
        ("3.1", 424, "not_kept"),
        ("3.2", 412, "stale_version"),
    ]
    assert (await rated(auditor, audit), await told(world)) == ({}, [])
    mended = await rate(auditor, audit, item("3.1"), item("3.2"), headers=once)
    assert mended.status_code == 200  # a refusal is not kept with its key
    again = await rate(auditor, audit, item("3.1"), item("3.2"), headers=once)
    assert (again.content, again.headers["idempotent-replayed"]) == (mended.content, "true")
    assert await told(world) == [("3.1", 1), ("3.2", 1)]


async def test_where_each_is_refused_nothing_is_kept_either(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    refused = await rate(auditor, audit, item("3.1", version=2), item("11.1"), query="?atomicity=item")
    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_kept")
    assert [one["status"] for one in refused.json()["items"]] == [412, 404]


async def test_what_stands_in_the_way_of_rating_at_all_refuses_the_whole(world: World) -> None:
    organisation = await world.organisation()
    auditor, provider = await world.caller("auditor"), await world.caller("provider", organisation["id"])
    planned = await world.assessment(organisation_id=organisation["id"])
    assert (await rate(auditor, planned, item("3.1"), query="?atomicity=item")).status_code == 409
    audit = await world.assessment(organisation_id=organisation["id"], started=True)
    for caller, status in (
        (provider, 403),
        (await world.caller("auditor", another=1), 404),
        (await world.caller("coordinator"), 403),
    ):
        answer = await rate(caller, audit, item("3.1"), query="?atomicity=item")
        assert answer.status_code == status, answer.text
    assert (await rate(auditor, {"id": uuid4()}, item("3.1"))).status_code == 404
    assert await told(world) == []


@pytest.mark.parametrize(
    ("items", "pointer", "code"),
    [
        ([], "/items", "too_short"),
        ([item("3.1"), item("3.1", "not_met")], "/items", "criterion_repeated"),
        ([item(f"1.{number}") for number in range(1, 202)], "/items", "too_long"),
        ([item("3.1"), item("3.2", "good")], "/items/1/rating", "enum"),
        ([item("3.1", version=0)], "/items/0/version", "greater_than_equal"),
        ([item("three")], "/items/0/criterion", "string_pattern_mismatch"),
        ([item("3.1", etag='"1"')], "/items/0/etag", "extra_forbidden"),
    ],
)
async def test_a_request_that_cannot_be_read_as_ratings_is_refused_where_it_is_wrong(
    world: World, items: list[dict[str, Any]], pointer: str, code: str
) -> None:
    audit = await world.assessment(started=True)
    answer = await rate(await world.caller("auditor"), audit, *items, query="?atomicity=item")
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_how_the_items_hang_together_is_one_of_two(world: World) -> None:
    audit = await world.assessment(started=True)
    answer = await rate(await world.caller("auditor"), audit, item("3.1"), query="?atomicity=some")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "atomicity")


async def test_bulk_is_an_address_of_its_own_and_no_criterion(world: World) -> None:
    auditor = await world.caller("auditor")
    audit = await world.assessment(started=True)
    ratings = f"/v1/assessments/{audit['id']}/ratings"
    for method, path, allow in (
        ("PUT", "/bulk", "POST"), ("GET", "/bulk", "POST"), ("PATCH", "/bulk", "POST"), ("PATCH", "/3.2", "GET, HEAD, PUT"),
    ):  # fmt: skip
        answer = await auditor.request(method, f"{ratings}{path}", json=item("3.2"))
        assert (answer.status_code, answer.headers.get("allow")) == (405, allow), (method, path)
