"""A report that is written before it is handed in: kept part by part, seen by those who write it, copied by a submission."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests import oracle
from tests.api.test_annual_reports import FEEDBACK, PARTS, SUBMIT, an_open_report, move
from tests.world import Caller, World

IMPROVED = [{"criterion": "3.5", "text": "Atnaujinta skundų nagrinėjimo tvarka."}]
PLANNED = [{"criterion": "5.2", "text": "Į planavimą įtrauksime gavėjus."}]
EMPTY = {"performance": None, "progress": None, "development": None, "improvements": [], "plans": []}


async def save(caller: Caller, path: str, body: Any) -> dict[str, Any]:
    answer = await caller.change(f"{path}/draft", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_report_is_written_part_by_part_and_handed_in_as_it_is(world: World) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    assert (await provider.get(f"{path}/draft")).json() == {
        "annual_report_id": str(made.reports[0]), "parts": EMPTY, "results": [], "saved_at": None, "version": 1,
    }  # fmt: skip
    await move(provider, path, "start")
    await save(provider, path, {"parts": {"performance": PARTS["performance"], "improvements": IMPROVED}})
    kept = await save(provider, path, {"parts": {"progress": PARTS["progress"]}})
    assert kept["parts"] == {
        **EMPTY, "performance": PARTS["performance"], "progress": PARTS["progress"], "improvements": IMPROVED,
    }  # fmt: skip

    refused = await provider.move(path, "submit", {"declaration": True})
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/parts/development"]
    await save(provider, path, {"parts": {"development": PARTS["development"], "plans": PLANNED}})
    await move(provider, path, "submit", {"declaration": True})

    (submitted,) = (await provider.get(f"{path}/submissions")).json()["items"]
    assert submitted["parts"] == {**PARTS, "improvements": IMPROVED, "plans": PLANNED}
    events = await world.events(made.reports[0])
    assert [event.type for event in events if event.type == "annual_report.draft_saved"] == [
        "annual_report.draft_saved"
    ] * 3
    assert all(PARTS["performance"] not in str(event.data) for event in events)
    await oracle.check(world.database)


async def test_a_returned_report_goes_on_from_what_was_submitted(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    await move(provider, path, "submit", {**SUBMIT, "parts": {**PARTS, "improvements": IMPROVED}})
    await move(coordinator, path, "return", {"reason": "Trūksta planų.", "resubmit_by": "2026-12-20"})
    await save(provider, path, {"parts": {"plans": PLANNED}})
    await move(provider, path, "submit", {"declaration": True})

    first, second = (await coordinator.get(f"{path}/submissions")).json()["items"]
    assert first["parts"] == {**PARTS, "improvements": IMPROVED, "plans": []}
    assert second["parts"] == {**PARTS, "improvements": IMPROVED, "plans": PLANNED}


async def test_only_who_writes_sees_what_is_not_handed_in(world: World) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    for role in ("auditor", "reviewer", "awarder", "supervisor", "project_manager", "ops"):
        assert (await (await world.caller(role)).get(f"{path}/draft")).status_code == 403
    stranger = await world.caller("provider", (await world.organisation())["id"])
    assert (await stranger.get(f"{path}/draft")).status_code == 404
    assert (await stranger.change(f"{path}/draft", {})).status_code == 404
    assert (await provider.get(f"{path}/draft")).status_code == 200
    assert (await (await world.caller("coordinator")).get(f"{path}/draft")).status_code == 200


async def test_nothing_is_written_before_the_start_nor_after_the_submission(world: World) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    body = {"parts": {"progress": "…"}}
    early = await provider.change(f"{path}/draft", body)
    assert (early.status_code, early.json()["reasons"][0]["code"]) == (409, "wrong_state")
    await move(provider, path, "submit", SUBMIT)
    late = await provider.change(f"{path}/draft", body)
    assert (late.status_code, late.json()["reasons"][0]["code"]) == (409, "wrong_state")
    assert (await provider.get(f"{path}/draft")).json()["parts"]["progress"] == PARTS["progress"]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"parts": {"improvements": [{"criterion": "11.1", "text": "…"}]}}, "/parts/improvements/0/criterion", "unknown_criterion"),
        ({"parts": {"improvements": IMPROVED * 2}}, "/parts/improvements/1/criterion", "criterion_repeated"),
        ({"parts": {"plans": [{"criterion": "0.1", "text": "…"}]}}, "/parts/plans/0/criterion", "string_pattern_mismatch"),
        ({"parts": {"other": "…"}}, "/parts/other", "extra_forbidden"),
        ({"parts": {"plans": None}}, "/parts/plans", "list_type"),
        ({"results": [{"indicator_id": str(uuid4()), "value": 1}]}, "/results/0/indicator_id", "unknown_indicator"),
        ({"results": [{"indicator_id": str(uuid4()), "value": 1.00001}]}, "/results/0/value", "too_many_decimals"),
        ({"results": [{"indicator_id": str(uuid4()), "value": "1"}]}, "/results/0/value", "float_type"),
        ({"results": [{"indicator_id": str(uuid4())}]}, "/results/0/value", "missing"),
    ],
)  # fmt: skip
async def test_what_is_written_is_checked_where_it_stands(
    world: World, body: dict[str, Any], pointer: str, code: str
) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    await move(provider, path, "start")
    refused = await provider.change(f"{path}/draft", body)
    assert refused.status_code == 422, refused.text
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]
    assert (await provider.get(f"{path}/draft")).json()["saved_at"] is None


async def test_what_the_auditor_says_is_of_the_submission_and_not_of_the_draft(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator, auditor = [
        await world.caller("provider", made.organisation),
        await world.caller("coordinator"),
        await world.caller("auditor"),
    ]
    await move(provider, path, "submit", SUBMIT)
    await move(coordinator, path, "forward-to-auditor")
    await move(auditor, path, "comment", FEEDBACK)
    await move(coordinator, path, "return", {"reason": "Papildykite.", "resubmit_by": "2026-12-20"})
    await save(provider, path, {"parts": {"progress": "Nauja."}})
    (kept,) = (await auditor.get(f"{path}/submissions")).json()["items"]
    assert kept["parts"]["progress"] == PARTS["progress"]
    assert [one["kind"] for one in kept["reviews"]] == ["comment", "return"]
