"""A deadline that is asked to be moved, an obligation that is waived: what becomes of flags, passes and cases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from programme.services.daily import catch_up
from tests import oracle
from tests.api.test_annual_reports import SUBMIT, actions, an_open_report, move
from tests.made import a_certificate
from tests.world import Caller, World

ASK = {"new_due_on": "2027-01-15", "reason": "Dėl persikėlimo apklausa vyks tik gruodžio pabaigoje."}
GRANT = {"granted": True, "reason": "Priežastis svarbi."}
REFUSE = {"granted": False, "reason": "Apklausai laiko pakanka."}


async def told_by_the_worker(world: World, report: Any) -> list[tuple[str, date]]:
    return [
        (event.type.partition(".")[2], event.effective_on)
        for event in await world.events(report)
        if event.actor_type == "worker"
    ]


async def refused(caller: Caller, path: str, verb: str, body: Any, status: int = 409) -> list[str]:
    answer = await caller.move(path, verb, body)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    return [one["code"] for one in problem.get("reasons") or problem["errors"]]


async def test_a_deadline_is_asked_for_and_moved_for_this_report_alone(world: World) -> None:
    path, made = await an_open_report(world)
    other = await a_certificate(world.database, "2025-12-01", reference="LIT2025-202")
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    await catch_up(world.database)

    asked = await move(provider, path, "request-extension", ASK)
    assert (asked["state"], asked["due_on"], asked["flags"]) == ("scheduled", "2026-12-01", ["open", "due_soon"])
    assert asked["extensions"] == [
        {"due_on": "2026-12-01", **ASK, "requested_on": "2026-11-22", "granted": None, "decided_on": None,
         "decision_reason": None}
    ]  # fmt: skip
    waiting = await coordinator.get("/v1/annual-reports?extension_requested=true")
    assert [one["id"] for one in waiting.json()["items"]] == [str(made.reports[0])]
    assert await refused(provider, path, "request-extension", ASK) == ["extension_already_requested"]

    world.travel("2026-12-05")
    await catch_up(world.database)
    assert (await provider.get(path)).json()["flags"] == ["open", "overdue"]
    granted = await move(coordinator, path, "decide-extension", GRANT)

    assert (granted["due_on"], granted["first_due_on"], granted["flags"]) == ("2027-01-15", "2026-12-01", ["open"])
    assert granted["extensions"][0]["decided_on"] == "2026-12-05"
    assert (await coordinator.get("/v1/annual-reports?extension_requested=true")).json()["items"] == []
    past = (await provider.get(f"{path}?as_of=2026-12-04")).json()
    assert (past["due_on"], past["flags"]) == ("2026-12-01", ["open", "overdue"])
    moved = {"due_on": "2027-01-15", "counted_on": "2026-12-01"}
    for when, expected in (("", [moved]), ("?as_of=2026-12-04", [])):
        steps = (await provider.get(f"{path}/explain{when}")).json()["steps"]
        assert [step["values"] for step in steps if step["code"] == "due_moved"] == expected
    event = (await world.events(made.reports[0]))[-1]
    assert (event.type, event.data["due_on"], event.previous["due_on"]) == (
        "annual_report.extension_decided", "2027-01-15", "2026-12-01",
    )  # fmt: skip
    assert (await coordinator.get(f"/v1/annual-reports/{other.reports[0]}")).json()["due_on"] == "2026-12-01"
    assert (await coordinator.get(f"/v1/annual-reports/{made.reports[1]}")).json()["due_on"] == "2027-12-01"
    world.travel("2027-01-15")
    assert (await move(provider, path, "submit", SUBMIT))["flags"] == []
    await catch_up(world.database)
    await oracle.check(world.database)


async def test_the_pass_makes_the_new_deadline_known_as_it_did_the_old_one(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    world.travel("2026-10-01")
    await catch_up(world.database)
    world.travel("2026-12-02")
    await catch_up(world.database)
    await move(provider, path, "request-extension", ASK)
    await move(coordinator, path, "decide-extension", GRANT)
    world.travel("2027-02-20")
    await catch_up(world.database)
    assert await told_by_the_worker(world, made.reports[0]) == [
        ("opened", date(2026, 10, 2)),
        ("due_soon", date(2026, 11, 1)),
        ("overdue", date(2026, 12, 2)),
        ("due_soon", date(2026, 12, 16)),
        ("overdue", date(2027, 1, 16)),
        ("delinquent", date(2027, 2, 15)),
    ]
    await oracle.check(world.database)


async def test_a_case_that_was_closed_is_taken_up_again_when_the_new_deadline_is_missed_too(world: World) -> None:
    path, made = await an_open_report(world)
    coordinator = await world.caller("coordinator")
    world.travel("2026-10-01")
    await catch_up(world.database)
    world.travel("2027-01-01")
    await catch_up(world.database)
    (case,) = (await coordinator.get(f"/v1/compliance-cases?annual_report_id={made.reports[0]}")).json()["items"]
    await move(coordinator, path, "request-extension", ASK)
    await move(coordinator, path, "decide-extension", GRANT)
    await move(coordinator, f"/v1/compliance-cases/{case['id']}", "close", {"resolution": "Terminas pratęstas."})

    world.travel("2027-02-16")
    await catch_up(world.database)

    again = (await coordinator.get(f"/v1/compliance-cases/{case['id']}")).json()
    assert (again["state"], again["opened_on"], again["closed_on"], again["resolution"]) == (
        "open", "2027-01-01", None, None,
    )  # fmt: skip
    assert [(event.type, event.effective_on.isoformat()) for event in await world.events(case["id"])] == [
        ("compliance_case.opened", "2027-01-01"),
        ("compliance_case.closed", "2027-01-01"),
        ("compliance_case.reopened", "2027-02-15"),
    ]
    await oracle.check(world.database)


async def test_what_is_refused_moves_nothing_and_can_be_asked_for_anew(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    await move(provider, path, "request-extension", ASK)
    assert (await move(coordinator, path, "decide-extension", REFUSE))["due_on"] == "2026-12-01"
    assert await refused(coordinator, path, "decide-extension", GRANT) == ["extension_not_requested"]
    await move(provider, path, "request-extension", {**ASK, "new_due_on": "2026-12-15"})
    await move(coordinator, path, "decide-extension", GRANT)
    await move(provider, path, "request-extension", {**ASK, "new_due_on": "2027-01-30"})
    moved = await move(coordinator, path, "decide-extension", GRANT)
    assert [one["granted"] for one in moved["extensions"]] == [False, True, True]
    assert (moved["due_on"], moved["first_due_on"]) == ("2027-01-30", "2026-12-01")
    assert await refused(provider, path, "request-extension", ASK) == ["extension_limit_reached"]
    assert (await actions(provider, path))["request_extension"] == ["extension_limit_reached"]
    await oracle.check(world.database)


@pytest.mark.parametrize(
    ("new_due_on", "code"),
    [("2026-12-01", "date_too_early"), ("2026-11-30", "date_too_early"), ("2027-01-31", "date_too_late")],
)
async def test_a_new_deadline_lies_within_what_the_policy_allows(world: World, new_due_on: str, code: str) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    assert await refused(provider, path, "request-extension", {**ASK, "new_due_on": new_due_on}, 422) == [code]
    assert (await provider.get(path)).json()["extensions"] == []


async def test_after_the_submission_there_is_no_deadline_to_move(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    await move(provider, path, "request-extension", ASK)
    await move(provider, path, "submit", SUBMIT)
    assert await refused(coordinator, path, "decide-extension", GRANT) == ["wrong_state"]
    assert await refused(provider, path, "request-extension", ASK) == ["wrong_state"]
    assert (await coordinator.get("/v1/annual-reports?extension_requested=true")).json()["items"] == []
    assert len((await coordinator.get("/v1/annual-reports?extension_requested=false")).json()["items"]) == 2


async def test_who_asks_and_who_decides(world: World) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    assert (await provider.move(path, "decide-extension", GRANT)).status_code == 403
    for role in ("auditor", "awarder", "supervisor"):
        caller = await world.caller(role)
        assert (await caller.move(path, "request-extension", ASK)).status_code == 403
        assert (await caller.move(path, "decide-extension", GRANT)).status_code == 403
    stranger = await world.caller("provider", (await world.organisation())["id"])
    assert (await stranger.move(path, "request-extension", ASK)).status_code == 404


async def test_a_new_policy_bounds_what_is_owed_under_it_and_nothing_before(world: World) -> None:
    _, made = await an_open_report(world)
    coordinator = await world.caller("coordinator")
    policies = "/v1/standards/EQUASS/versions/EQUASS-2018/policies"
    set_ = await coordinator.post(policies, {"effective_from": "2026-11-23", "report_extension_days": 14})
    assert set_.status_code == 201, set_.text
    later = await a_certificate(world.database, "2026-11-23")
    world.travel("2027-11-20")
    ask = {"reason": "Persikeliame.", "new_due_on": "2027-12-08"}
    second = f"/v1/annual-reports/{later.reports[0]}"
    assert await refused(coordinator, second, "request-extension", ask, 422) == ["date_too_late"]
    await move(coordinator, second, "request-extension", {**ask, "new_due_on": "2027-12-07"})
    await move(
        coordinator, f"/v1/annual-reports/{made.reports[1]}", "request-extension", {**ask, "new_due_on": "2028-01-30"}
    )


async def test_what_the_awarder_waives_is_owed_no_longer_and_was_until_then(world: World) -> None:
    path, made = await an_open_report(world)
    awarder, provider = await world.caller("awarder"), await world.caller("provider", made.organisation)
    world.travel("2026-12-03")
    waived = await move(awarder, path, "waive", {"reason": "Pastatas rekonstruojamas."})
    assert (waived["state"], waived["waived_on"], waived["reason"], waived["flags"]) == (
        "waived", "2026-12-03", "Pastatas rekonstruojamas.", [],
    )  # fmt: skip
    assert (await provider.get(f"{path}?as_of=2026-12-02")).json()["flags"] == ["open", "overdue"]
    assert all(reasons == ["wrong_state"] for reasons in (await actions(provider, path)).values())
    listed = await provider.get("/v1/annual-reports?flag=overdue")
    assert listed.json()["items"] == []
    world.travel("2027-06-01")
    await catch_up(world.database)
    assert await told_by_the_worker(world, made.reports[0]) == []
    await oracle.check(world.database)


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        ("coordinator", {"reason": "…"}, 403),
        ("provider", {"reason": "…"}, 403),
        ("awarder", {}, 422),
        ("awarder", {"reason": " "}, 422),
        ("awarder", {"reason": "…", "effective_on": "2026-11-23"}, 422),
        ("awarder", {"reason": "…", "effective_on": "2025-11-30"}, 422),
    ],
)
async def test_waiving_is_the_awarders_and_says_why(world: World, role: str, body: Any, status: int) -> None:
    path, made = await an_open_report(world)
    caller = await world.caller(role, made.organisation if role == "provider" else None)
    assert (await caller.move(path, "waive", body)).status_code == status
