"""What is decided about a certificate in force: ended at its holder's request, revised, amended, extended, restored."""

from __future__ import annotations

from typing import Any

import pytest

from programme.services.daily import catch_up
from tests import oracle
from tests.api.test_certificates import SCOPE, a_certificate, a_draft, a_grantable_draft, actions
from tests.world import Caller, World

DAY_CARE = {"services": ["DAY_CARE_HOME"], "sites": [], "unit": None}
BOTH = {"services": ["DAY_CARE_HOME", "LONG_TERM_CARE"], "sites": [], "unit": None}


async def history(caller: Caller, path: str) -> list[dict[str, Any]]:
    return list((await caller.get(f"{path}/history")).json()["items"])


async def revisions(caller: Caller, path: str) -> list[dict[str, Any]]:
    return list((await caller.get(f"{path}/revisions")).json()["items"])


async def told(world: World, resource_id: str) -> list[tuple[str, str]]:
    return [(event.type, event.effective_on.isoformat()) for event in await world.events(resource_id)]


async def done(caller: Caller, path: str, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.move(path, verb, body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer.json().get("reasons") or answer.json()["errors"]]


async def set_policy(world: World, **said: Any) -> None:
    coordinator = await world.caller("coordinator")
    path = "/v1/standards/EQUASS/versions/EQUASS-2018"
    seen = await coordinator.get(path)
    body = {"effective_from": "2026-11-01", **said}
    made = await coordinator.post(f"{path}/policies", body, headers={"If-Match": seen.headers["etag"]})
    assert made.status_code == 201, made.text


async def test_a_holder_asks_and_the_coordinator_cancels(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = await a_certificate(world)
    holder = await world.caller("provider", (await coordinator.get(path)).json()["organisation_id"])
    assert (await actions(holder, path)) == {
        "request_cancellation": [], "withdraw_cancellation_request": ["no_cancellation_request"],
    }  # fmt: skip

    asked = await done(
        holder, path, "request-cancellation", {"reason": "Paslaugos nebeteiksime.", "effective_on": "2026-12-31"}
    )
    assert (asked["cancellation_requested_on"], asked["cancellation_wanted_on"]) == ("2026-11-22", "2026-12-31")
    assert (asked["status"], asked["revision"]) == ("active", 1)
    assert (await actions(holder, path))["request_cancellation"] == ["cancellation_already_requested"]
    waiting = "/v1/certificates?cancellation_requested_on[gte]=2026-11-01&include=total"
    assert (await coordinator.get(waiting)).json()["total"] == 1

    cancelled = await done(coordinator, path, "cancel", {"holder_request_ref": "S-114", "effective_on": "2026-12-31"})
    assert (cancelled["status"], cancelled["ended_on"]) == ("active", "2026-12-31")
    assert cancelled["cancellation_requested_on"] is None
    assert (await coordinator.get(waiting)).json()["total"] == 0
    world.travel("2026-12-31")
    ended = (await coordinator.get(path)).json()
    assert (ended["status"], ended["register_status"]) == ("cancelled", "withdrawn")
    assert [(one["kind"], one["effective_on"], one["details"]) for one in await history(coordinator, path)][1:] == [
        ("request_cancellation", "2026-11-22", {"wanted_on": "2026-12-31"}),
        ("cancel", "2026-12-31", {"holder_request_ref": "S-114"}),
    ]
    entry = (await world.nobody.get("/public/v1/certificates/LIT2026-101")).json()
    assert [one["kind"] for one in entry["history"]] == ["granted", "cancelled"]

    await catch_up(world.database)
    assert (await told(world, ended["id"]))[-3:] == [
        ("certificate.cancellation_requested", "2026-11-22"),
        ("certificate.cancelled", "2026-12-31"),
        ("certificate.decision_took_effect", "2026-12-31"),
    ]
    await oracle.check(world.database)


async def test_a_request_is_taken_back_or_declined_and_may_be_made_again(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    holder = await world.caller("provider", (await awarder.get(path)).json()["organisation_id"])
    nothing = await awarder.move(path, "decline-cancellation", {"reason": "Nėra ko."})
    assert (nothing.status_code, codes(nothing)) == (409, ["no_cancellation_request"])
    asking = {"reason": "Nebeteiksime.", "holder_request_ref": "S-1"}
    await done(holder, path, "request-cancellation", asking)
    back = await done(holder, path, "withdraw-cancellation-request", {})
    assert back["cancellation_requested_on"] is None
    await done(holder, path, "request-cancellation", asking)
    declined = await done(awarder, path, "decline-cancellation", {"reason": "Pasirašė ne vadovas."})
    assert (declined["cancellation_wanted_on"], declined["status"]) == (None, "active")
    too_soon = await holder.move(path, "request-cancellation", {**asking, "effective_on": "2026-11-21"})
    assert (too_soon.status_code, codes(too_soon)) == (422, ["date_too_early"])
    assert [one["kind"] for one in await history(holder, path)] == [
        "grant", "request_cancellation", "withdraw_cancellation_request", "request_cancellation", "decline_cancellation",
    ]  # fmt: skip
    await oracle.check(world.database)


async def test_a_request_of_one_day_keeps_no_decision_of_the_day_before_out(world: World) -> None:
    """Only decisions bound each other's days."""
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    holder = await world.caller("provider", (await awarder.get(path)).json()["organisation_id"])
    world.travel("2026-12-10")
    await done(holder, path, "request-cancellation", {"reason": "Nebeteiksime."})
    ended = await done(awarder, path, "cancel", {"holder_request_ref": "S-2", "effective_on": "2026-12-01"})
    assert (ended["status"], ended["ended_on"]) == ("cancelled", "2026-12-01")


async def test_a_scope_is_restricted_and_what_is_given_up_is_free_again(world: World) -> None:
    awarder = await world.caller("awarder")
    path, draft = await a_draft(world, scope=BOTH)
    audit = await world.finished_audit(draft["organisation_id"], scope=BOTH)
    grant = {
        "certified_on": "2026-11-22", "reference": "LIT2026-101", "assessment_id": audit["id"], "decision_ref": "AC-1",
    }  # fmt: skip
    await done(awarder, path, "grant", grant)
    other_path, other = await a_draft(world, organisation_id=draft["organisation_id"], scope=DAY_CARE)
    other_audit = await world.finished_audit(draft["organisation_id"], scope=DAY_CARE)
    world.travel("2027-03-01")
    other_grant = {
        **grant, "certified_on": "2027-03-01", "reference": "LIT2027-001", "assessment_id": other_audit["id"],
    }  # fmt: skip
    assert (await awarder.move(other_path, "grant", other_grant)).json()["code"] == "certificate_overlaps"

    restricted = await done(awarder, path, "revise-scope", {"scope": SCOPE, "decision_ref": "AC-9"})

    assert (restricted["scope"], restricted["revision"]) == (SCOPE, 2)
    assert (restricted["expires_on"], restricted["valid_from"]) == ("2029-11-22", "2026-11-22")
    assert (await told(world, restricted["id"]))[-1] == ("certificate.restricted", "2027-03-01")
    early = await awarder.move(other_path, "grant", {**other_grant, "certified_on": "2027-02-28"})
    assert early.json()["code"] == "certificate_overlaps"
    assert (await awarder.move(other_path, "grant", other_grant)).status_code == 200
    assert [
        (one["number"], one["decision"], one["scope"], one["effective_on"]) for one in await revisions(awarder, path)
    ] == [
        (1, 1, BOTH, "2026-11-22"),
        (2, 2, SCOPE, "2027-03-01"),
    ]
    back = await awarder.move(path, "revise-scope", {"scope": BOTH, "decision_ref": "AC-10"})
    assert (back.status_code, back.json()["code"]) == (409, "certificate_overlaps")
    whole = await awarder.move(path, "revise-scope", {"scope": {}, "decision_ref": "AC-10"})
    assert (whole.status_code, whole.json()["code"]) == (409, "certificate_overlaps")
    assert other["id"] != restricted["id"]
    await oracle.check(world.database)


async def test_a_scope_is_supplemented_and_the_same_one_is_no_revision(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    same = await awarder.move(path, "revise-scope", {"scope": SCOPE, "decision_ref": "AC-2"})
    assert (same.status_code, codes(same)) == (422, ["scope_unchanged"])
    more = await done(awarder, path, "revise-scope", {"scope": BOTH, "decision_ref": "AC-2"})
    assert (await told(world, more["id"]))[-1][0] == "certificate.supplemented"
    less = await done(awarder, path, "revise-scope", {"scope": DAY_CARE, "decision_ref": "AC-3"})
    back = await done(awarder, path, "revise-scope", {"scope": SCOPE, "decision_ref": "AC-4"})
    assert (less["revision"], back["revision"]) == (3, 4)
    await done(awarder, path, "withdraw", {"reason_code": "other", "reason": "Veikla nutraukta."})
    await oracle.check(world.database)


@pytest.mark.parametrize("effective_on", ["2026-12-02", "2026-11-21"])
async def test_what_a_certificate_says_changes_by_today_and_after_what_was_decided(
    world: World, effective_on: str
) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    world.travel("2026-12-01")
    for verb, body in (
        ("revise-scope", {"scope": BOTH, "decision_ref": "AC-2"}),
        ("amend", {"reason": "Pasikeitė.", "staff": 3}),
        ("extend", {"expires_on": "2029-12-22", "decision_ref": "AC-2"}),
    ):
        answer = await awarder.move(path, verb, {**body, "effective_on": effective_on})
        assert answer.status_code == 422
        assert codes(answer) == ["date_too_late" if effective_on == "2026-12-02" else "date_too_early"]


async def test_particulars_are_amended_also_of_one_that_has_run_out(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = await a_certificate(world)
    amended = await done(coordinator, path, "amend", {"reason": "Pasamdyta.", "service_users": 30, "staff": 24})
    assert (amended["service_users"], amended["staff"], amended["revision"]) == (30, 24, 2)
    nothing = await coordinator.move(path, "amend", {"reason": "Be pokyčių."})
    assert (nothing.status_code, codes(nothing)) == (422, ["nothing_amended"])
    world.travel("2029-12-01")
    late = await done(coordinator, path, "amend", {"reason": "Patikslinta.", "staff": None})
    assert (late["status"], late["staff"], late["service_users"]) == ("expired", None, 30)
    assert [(one["staff"], one["service_users"]) for one in await revisions(coordinator, path)] == [
        (None, None), (24, 30), (None, 30),
    ]  # fmt: skip
    details = (await history(coordinator, path))[-1]["details"]
    assert details == {"staff": None, "previous_staff": 24}
    await oracle.check(world.database)


async def test_an_extension_moves_the_end_and_everything_that_hangs_on_it(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    one = (await awarder.get(path)).json()
    world.travel("2029-11-01")
    await catch_up(world.database)
    before = await told(world, one["id"])

    too_far = await awarder.move(path, "extend", {"expires_on": "2030-05-23", "decision_ref": "AC-5"})
    assert (too_far.status_code, codes(too_far)) == (422, ["date_too_late"])
    not_at_all = await awarder.move(path, "extend", {"expires_on": "2029-11-22", "decision_ref": "AC-5"})
    assert (not_at_all.status_code, codes(not_at_all)) == (422, ["date_too_early"])
    extended = await done(awarder, path, "extend", {"expires_on": "2030-02-28", "decision_ref": "AC-5"})
    assert (extended["expires_on"], extended["extended_from"]) == ("2030-02-28", "2029-11-22")
    assert (extended["revision"], extended["status"]) == (2, "expiring")
    again = await done(awarder, path, "extend", {"expires_on": "2030-05-22", "decision_ref": "AC-6"})
    assert (again["expires_on"], again["extended_from"]) == ("2030-05-22", "2029-11-22")
    assert (await actions(awarder, path))["extend"] == ["extension_used_up"]

    other, grant = await a_grantable_draft(world, organisation_id=one["organisation_id"])
    overlap = await awarder.move(other, "grant", {**grant, "reference": "LIT2030-001", "certified_on": "2030-05-22"})
    assert overlap.json()["code"] == "certificate_overlaps"
    world.travel("2030-05-23")
    assert (await awarder.get(path)).json()["status"] == "expired"
    await catch_up(world.database)
    assert (await told(world, one["id"]))[len(before) :] == [
        ("certificate.extended", "2029-11-01"),
        ("certificate.extended", "2029-11-01"),
        ("certificate.expiry_noticed", "2029-11-23"),
        ("certificate.expiry_noticed", "2030-02-21"),
        ("certificate.expiry_noticed", "2030-04-22"),
        ("certificate.expired", "2030-05-23"),
    ]
    reports = (await awarder.get(f"/v1/annual-reports?certificate_id={one['id']}")).json()["items"]
    for report in reports:
        assert (await told(world, report["id"]))[-1] == ("annual_report.voided", "2030-05-23")
    await oracle.check(world.database)


async def test_without_a_limit_in_the_policy_nothing_is_extended_or_restored(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    await set_policy(world, extension_months=None, restoration_months=None)
    assert (await actions(awarder, path))["extend"] == ["extension_not_allowed"]
    world.travel("2029-11-23")
    assert (await actions(awarder, path))["restore"] == ["restoration_not_allowed", "recertification_not_done"]


async def test_a_restored_certificate_keeps_its_gap_and_its_cycle(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    one = (await awarder.get(path)).json()
    world.travel("2029-10-01")
    await done(
        awarder, path, "suspend",
        {"reason_code": "requirements_not_met", "reason": "Trūkumai.", "review_by": "2029-11-01"},
    )  # fmt: skip
    world.travel("2030-01-15")
    await catch_up(world.database)
    assert (await actions(awarder, path))["restore"] == ["recertification_not_done"]
    audit = await world.finished_audit(one["organisation_id"], scope=SCOPE)
    assert (await actions(awarder, path))["restore"] == []
    body = {"assessment_id": audit["id"], "decision_ref": "AC-2030-1"}
    old_audit = {**body, "assessment_id": one["assessment_id"]}
    refused = await awarder.move(path, "restore", old_audit)
    assert (refused.status_code, codes(refused)) == (422, ["unknown_audit"])
    backdated = await awarder.move(path, "restore", {**body, "effective_on": "2029-11-22"})
    assert (backdated.status_code, codes(backdated)) == (422, ["date_too_early"])

    restored = await done(awarder, path, "restore", body)

    assert (restored["status"], restored["valid_from"], restored["expires_on"]) == (
        "active",
        "2030-01-15",
        "2032-11-22",
    )
    assert (restored["certified_on"], restored["revision"]) == ("2026-11-22", 2)
    shown = {day: (await awarder.get(f"{path}?as_of={day}")).json()["status"] for day in
             ("2029-09-30", "2029-11-22", "2029-11-23", "2030-01-14", "2030-01-15", "2032-11-23")}  # fmt: skip
    assert list(shown.values()) == ["expiring", "suspended", "expired", "expired", "active", "expired"]
    reports = (await awarder.get(f"/v1/annual-reports?certificate_id={one['id']}&sort=due_on")).json()["items"]
    assert [(report["sequence"], report["due_on"]) for report in reports] == [
        (1, "2027-11-22"), (2, "2028-11-22"), (3, "2030-11-22"), (4, "2031-11-22"),
    ]  # fmt: skip
    entry = (await world.nobody.get("/public/v1/certificates/LIT2026-101")).json()
    assert [(step["kind"], step["effective_on"]) for step in entry["history"]] == [
        ("granted", "2026-11-22"), ("suspended", "2029-10-01"), ("expired", "2029-11-23"), ("restored", "2030-01-15"),
    ]  # fmt: skip
    line = (await awarder.get(f"/v1/organisations/{one['organisation_id']}/timeline")).json()["items"]
    assert [step["kind"] for step in line if step["kind"].startswith("certificate_")] == [
        "certificate_suspended", "certificate_expired", "certificate_restored",
    ]  # fmt: skip
    world.travel("2032-11-23")
    await catch_up(world.database)
    assert [day for kind, day in await told(world, one["id"]) if kind == "certificate.expired"] == [
        "2029-11-23", "2032-11-23",
    ]  # fmt: skip
    await oracle.check(world.database)


async def test_an_end_that_no_pass_has_told_yet_is_told_before_the_restoration(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    one = (await awarder.get(path)).json()
    world.travel("2029-11-23")
    audit = await world.finished_audit(one["organisation_id"], scope=SCOPE)
    await done(awarder, path, "restore", {"assessment_id": audit["id"], "decision_ref": "AC-7"})
    assert (await told(world, one["id"]))[-2:] == [
        ("certificate.expired", "2029-11-23"), ("certificate.restored", "2029-11-23"),
    ]  # fmt: skip
    await catch_up(world.database)
    assert (await told(world, one["id"]))[-1][0] == "certificate.restored"
    await oracle.check(world.database)


async def test_after_the_window_it_takes_a_new_certificate(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    one = (await awarder.get(path)).json()
    world.travel("2030-05-22")
    failed = await world.finished_audit(one["organisation_id"], "not_met", scope=SCOPE)
    body = {"assessment_id": failed["id"], "decision_ref": "AC-7"}
    assert (await actions(awarder, path))["restore"] == ["recertification_not_done"]
    await world.finished_audit(one["organisation_id"], scope=SCOPE)
    assert (await actions(awarder, path))["restore"] == []
    refused = await awarder.move(path, "restore", body)
    assert (refused.status_code, codes(refused)) == (422, ["unknown_audit"])
    world.travel("2030-05-23")
    over = await awarder.move(path, "restore", body)
    assert (over.status_code, codes(over)) == (409, ["restoration_window_over"])
    assert over.json()["reasons"][0]["until"] == "2030-05-22"


async def test_a_refusal_may_give_the_mark_of_the_standard(world: World) -> None:
    awarder = await world.caller("awarder")
    path, _ = await a_draft(world)
    unknown = await awarder.move(path, "refuse", {"reason": "Trūkumai.", "mark": "GOLD"})
    assert (unknown.status_code, codes(unknown)) == (422, ["unknown_mark"])
    refused = await done(awarder, path, "refuse", {"reason": "Trūkumai.", "mark": "COMMITTED"})
    assert (refused["status"], refused["mark"]) == ("refused", "COMMITTED")
    assert (await history(awarder, path))[0]["details"] == {"mark": "COMMITTED"}
    await oracle.check(world.database)


async def test_what_is_decided_for_a_coming_day_takes_effect_by_itself_and_is_told_then(world: World) -> None:
    awarder = await world.caller("awarder")
    path, grant = await a_grantable_draft(world)
    one = await done(awarder, path, "grant", {**grant, "certified_on": "2026-12-01"})
    assert one["status"] == "not_yet_valid"
    await done(
        awarder, path, "suspend",
        {"reason_code": "other", "reason": "Patikra.", "review_by": "2027-02-01", "effective_on": "2027-01-01"},
    )  # fmt: skip
    world.travel("2027-02-02")
    assert (await awarder.get(path)).json()["status"] == "suspended"
    await catch_up(world.database)
    assert (await told(world, one["id"]))[-3:] == [
        ("certificate.decision_took_effect", "2026-12-01"),
        ("certificate.decision_took_effect", "2027-01-01"),
        ("certificate.review_overdue", "2027-02-02"),
    ]
    assert [event.data for event in (await world.events(one["id"]))[-3:]] == [
        {"kind": "grant", "decision": 1}, {"kind": "suspend", "decision": 2}, {},
    ]  # fmt: skip
    await done(
        awarder, path, "withdraw", {"reason_code": "other", "reason": "Pažeidimai.", "effective_on": "2027-02-20"}
    )
    world.travel("2027-02-21")
    await catch_up(world.database)
    await catch_up(world.database)
    assert (await told(world, one["id"]))[-1] == ("certificate.decision_took_effect", "2027-02-20")
    await oracle.check(world.database)


async def test_a_suspension_that_is_over_or_decided_today_is_not_told_again(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    suspension = {"reason_code": "other", "reason": "Patikra.", "review_by": "2026-12-10"}
    past = await awarder.move(path, "suspend", {**suspension, "review_by": "2026-11-21"})
    assert (past.status_code, codes(past)) == (422, ["date_too_early"])
    one = await done(awarder, path, "suspend", suspension)
    world.travel("2026-12-05")
    await done(awarder, path, "reinstate", {"reason": "Pašalinta."})
    world.travel("2027-01-05")
    await catch_up(world.database)
    assert [kind for kind, _ in await told(world, one["id"])][-2:] == [
        "certificate.suspended",
        "certificate.reinstated",
    ]
    await oracle.check(world.database)


async def test_a_suspension_ahead_does_not_keep_an_earlier_decision_out(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    await done(
        awarder, path, "suspend",
        {"reason_code": "other", "reason": "Patikra.", "review_by": "2027-03-01", "effective_on": "2027-02-01"},
    )  # fmt: skip
    await done(awarder, path, "amend", {"reason": "Pasamdyta.", "staff": 4})
    ended = await done(awarder, path, "withdraw", {"reason_code": "other", "reason": "Pažeidimai."})
    world.travel("2027-04-01")
    await catch_up(world.database)
    assert (await told(world, ended["id"]))[-1] == ("certificate.withdrawn", "2026-11-22")
    await oracle.check(world.database)


async def test_a_suspension_stays_what_it_was_when_another_one_follows_it_day_on_day(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    suspension = {"reason_code": "other", "reason": "Skundas.", "review_by": "2027-12-31"}
    world.travel("2027-03-01")
    await done(awarder, path, "suspend", suspension)
    world.travel("2027-03-10")
    await done(awarder, path, "reinstate", {"reason": "Pašalinta."})
    await done(awarder, path, "suspend", suspension)
    world.travel("2027-03-20")
    await done(awarder, path, "reinstate", {"reason": "Pašalinta."})

    async def status(day: str) -> str:
        return str((await awarder.get(f"{path}?as_of={day}")).json()["status"])

    days = ("2027-02-28", "2027-03-01", "2027-03-09", "2027-03-10", "2027-03-19", "2027-03-20")
    assert [await status(day) for day in days] == ["active", *["suspended"] * 4, "active"]
    await oracle.check(world.database)
