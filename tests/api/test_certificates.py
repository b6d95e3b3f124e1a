"""/v1/certificates over HTTP: from a draft to a decision, and what may be done then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.routes import certificates
from tests.made import a_certificate as made_certificate
from tests.world import Caller, World

SCOPE = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}


async def a_draft(world: World, **more: Any) -> tuple[str, dict[str, Any]]:
    holder = more.pop("organisation_id", None) or (await world.organisation())["id"]
    body = {
        "organisation_id": holder, "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": SCOPE, **more,
    }  # fmt: skip
    made = await (await world.caller("coordinator")).post("/v1/certificates", body)
    assert made.status_code == 201, made.text
    return f"/v1/certificates/{made.json()['id']}", made.json()


async def a_grantable_draft(world: World, **more: Any) -> tuple[str, dict[str, Any]]:
    path, draft = await a_draft(world, **more)
    audit = await world.finished_audit(draft["organisation_id"], scope=SCOPE)
    return path, {
        "certified_on": "2026-11-22",
        "reference": "LIT2026-101",
        "assessment_id": audit["id"],
        "decision_ref": "AC-2026-31",
    }


async def a_certificate(world: World) -> str:
    path, grant = await a_grantable_draft(world)
    granted = await (await world.caller("awarder")).move(path, "grant", grant)
    assert granted.status_code == 200, granted.text
    return path


async def actions(caller: Caller, path: str) -> dict[str, list[str]]:
    """What the caller is told they may do: each move with the codes of what stands in its way."""
    listed = (await caller.get(path)).json()["actions"]
    assert all(action["allowed"] == (not action["reasons"]) for action in listed)
    return {action["name"]: [reason["code"] for reason in action["reasons"]] for action in listed}


async def test_a_grant_counts_the_days_and_obliges_to_report(world: World) -> None:
    awarder = await world.caller("awarder")
    path, grant = await a_grantable_draft(world)

    granted = await awarder.move(path, "grant", grant)

    certificate = granted.json()
    assert granted.status_code == 200, granted.text
    assert (certificate["valid_from"], certificate["expires_on"]) == ("2026-11-22", "2029-11-22")
    assert (certificate["status"], certificate["register_status"]) == ("active", "active")
    reports = (await awarder.get(f"/v1/annual-reports?certificate_id={certificate['id']}&sort=due_on")).json()["items"]
    assert [(report["sequence"], report["due_on"], report["state"]) for report in reports] == [
        (1, "2027-11-22", "scheduled"),
        (2, "2028-11-22", "scheduled"),
    ]
    assert [event.type for event in await world.events(certificate["id"])] == [
        "certificate.drafted",
        "certificate.granted",
    ]
    for report in reports:
        assert [event.type for event in await world.events(report["id"])] == ["annual_report.scheduled"]


async def test_a_leap_day_certificate_ends_on_the_last_of_february(world: World) -> None:
    world.travel("2028-02-29")
    awarder = await world.caller("awarder")
    path, grant = await a_grantable_draft(world)
    granted = (await awarder.move(path, "grant", {**grant, "certified_on": "2028-02-29"})).json()
    assert granted["expires_on"] == "2031-02-28"
    reports = (await awarder.get(f"/v1/annual-reports?certificate_id={granted['id']}&sort=due_on")).json()["items"]
    assert [report["due_on"] for report in reports] == ["2029-02-28", "2030-02-28"]


async def test_without_an_audit_a_grant_is_refused_as_actions_say(world: World) -> None:
    awarder = await world.caller("awarder")
    path, draft = await a_draft(world)
    assert (await actions(awarder, path))["grant"] == ["no_finalised_audit"]

    refused = await awarder.move(
        path, "grant",
        {"certified_on": "2026-11-22", "reference": "LIT2026-1", "assessment_id": draft["id"], "decision_ref": "AC-1"},
    )  # fmt: skip

    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["no_finalised_audit"]


@pytest.mark.parametrize(
    ("version", "level", "reason"),
    [("NOKAS-2020", "BASIC", "validity_not_set"), ("EQUASS-2018", "EXCELLENCE", "pass_rule_not_set")],
)
async def test_what_the_owner_has_not_settled_is_not_granted(
    world: World, version: str, level: str, reason: str
) -> None:
    path, _ = await a_draft(world, standard_version=version, level=level)
    assert reason in (await actions(await world.caller("awarder"), path))["grant"]


async def test_a_failed_audit_needs_an_override(world: World) -> None:
    awarder = await world.caller("awarder")
    path, draft = await a_draft(world)
    audit = await world.finished_audit(draft["organisation_id"], outcome="not_met", scope=SCOPE)
    grant = {
        "certified_on": "2026-11-22", "reference": "LIT2026-101", "assessment_id": audit["id"], "decision_ref": "AC-1",
    }  # fmt: skip
    listed = next(one for one in (await awarder.get(path)).json()["actions"] if one["name"] == "grant")
    assert [(one["code"], one["lifted_by"]) for one in listed["reasons"]] == [("audit_not_passed", "override_reason")]
    refused = await awarder.move(path, "grant", grant)
    assert (refused.status_code, refused.json()["reasons"]) == (409, listed["reasons"])

    granted = await awarder.move(
        path, "grant", {**grant, "override_reason": "Komiteto sprendimas dėl 3.2 kriterijaus."}
    )

    assert granted.status_code == 200, granted.text
    history = (await awarder.get(f"{path}/history")).json()["items"]
    assert [(one["kind"], one["decision_ref"]) for one in history] == [("grant", "AC-1")]


async def test_a_failed_audit_beside_a_passed_one_is_the_wrong_one_to_name(world: World) -> None:
    awarder = await world.caller("awarder")
    path, grant = await a_grantable_draft(world)
    holder = (await awarder.get(path)).json()["organisation_id"]
    failed = await world.finished_audit(holder, outcome="not_met", scope=SCOPE)
    assert (await actions(awarder, path))["grant"] == []
    body = {**grant, "assessment_id": failed["id"]}

    refused = await awarder.move(path, "grant", body)

    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("/assessment_id", "audit_not_passed")
    ]
    overridden = await awarder.move(path, "grant", {**body, "override_reason": "Komiteto sprendimas."})
    assert overridden.status_code == 200, overridden.text


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"certified_on": "2020-01-01"}, "/certified_on", "date_too_early"),
        ({"certified_on": "2028-11-22"}, "/certified_on", "date_too_late"),
        ({"certified_on": "infinity"}, "/certified_on", "date_malformed"),
        ({"certified_on": "2026-02-30"}, "/certified_on", "date_malformed"),
        ({"reference": "2026/101"}, "/reference", "reference_malformed"),
        ({"assessment_id": "019ab2c4-0000-7000-8000-000000000001"}, "/assessment_id", "unknown_audit"),
        ({"decision_ref": None}, "/decision_ref", "string_type"),
        ({"status": "active"}, "/status", "extra_forbidden"),
    ],
)
async def test_what_only_the_body_can_break_is_said_where_it_stands(
    world: World, change: dict[str, Any], pointer: str, code: str
) -> None:
    path, grant = await a_grantable_draft(world)
    answer = await (await world.caller("awarder")).move(path, "grant", {**grant, **change})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert (await (await world.caller("awarder")).get(path)).json()["status"] == "draft"


async def test_a_cursor_outlives_what_indexes_are_asked_besides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a status implies is ours to ask or not: the cursor belongs to what the caller asked."""
    awarder = await world.caller("awarder")
    for _ in range(3):
        await made_certificate(world.database, "2025-12-01")
    path = "/v1/certificates?status=active&limit=1"
    with monkeypatch.context() as before:
        before.setattr(certificates, "CERTIFICATES", replace(certificates.CERTIFICATES, implied={}))
        first = (await awarder.get(path)).json()
    second = await awarder.get(f"{path}&cursor={first['next_cursor']}")
    assert second.status_code == 200, second.text
    assert second.json()["items"][0]["id"] != first["items"][0]["id"]


async def test_a_reference_is_used_once(world: World) -> None:
    awarder = await world.caller("awarder")
    await a_certificate(world)
    path, grant = await a_grantable_draft(world)

    again = await awarder.move(path, "grant", grant)

    assert (again.status_code, again.json()["code"]) == (409, "reference_in_use")
    assert (await awarder.get(path)).json()["status"] == "draft"


async def test_two_certificates_of_one_service_do_not_overlap(world: World) -> None:
    awarder = await world.caller("awarder")
    first = (await awarder.get(await a_certificate(world))).json()
    path, grant = await a_grantable_draft(world, organisation_id=first["organisation_id"])
    overlap = await awarder.move(path, "grant", {**grant, "reference": "LIT2026-102"})
    assert (overlap.status_code, overlap.json()["code"]) == (409, "certificate_overlaps")


async def test_a_successor_takes_the_place_of_its_predecessor(world: World) -> None:
    awarder = await world.caller("awarder")
    old_path = await a_certificate(world)
    old = (await awarder.get(old_path)).json()
    path, grant = await a_grantable_draft(world, organisation_id=old["organisation_id"], predecessor_id=old["id"])

    granted = await awarder.move(path, "grant", {**grant, "reference": "LIT2026-102"})

    assert granted.status_code == 200, granted.text
    assert granted.json()["predecessor_id"] == old["id"]
    superseded = (await awarder.get(old_path)).json()
    assert (superseded["status"], superseded["register_status"]) == ("superseded", "expired")
    assert (await world.events(old["id"]))[-1].type == "certificate.superseded"


async def test_suspended_reinstated_and_withdrawn_with_each_decision_on_record(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    world.travel("2027-12-30")

    suspended = await awarder.move(
        path, "suspend",
        {"reason_code": "report_delinquent", "reason": "Metinė ataskaita nepateikta.", "review_by": "2028-03-01"},
    )  # fmt: skip
    assert (suspended.json()["status"], suspended.json()["review_by"]) == ("suspended", "2028-03-01")
    assert (await actions(awarder, path))["suspend"] == ["wrong_state"]

    world.travel("2028-01-15")
    reinstated = await awarder.move(path, "reinstate", {"reason": "Ataskaita pateikta."})
    assert (reinstated.json()["status"], reinstated.json()["expires_on"]) == ("active", "2029-11-22")
    assert (await awarder.get(f"{path}?as_of=2028-01-14")).json()["status"] == "suspended"

    world.travel("2028-02-01")
    withdrawn = await awarder.move(
        path, "withdraw",
        {"reason_code": "requirements_not_met", "reason": "Pažeidimai.", "effective_on": "2028-02-10"},
    )  # fmt: skip
    assert withdrawn.json()["status"] == "active"
    assert (await actions(awarder, path))["withdraw"] == ["end_already_decided"]
    world.travel("2028-02-10")
    ended = (await awarder.get(path)).json()
    assert (ended["status"], ended["register_status"], ended["ended_on"]) == ("withdrawn", "withdrawn", "2028-02-10")
    assert all(action["allowed"] is False for action in ended["actions"])
    history = (await awarder.get(f"{path}/history")).json()["items"]
    assert [(one["number"], one["kind"], one["effective_on"]) for one in history] == [
        (1, "grant", "2026-11-22"),
        (2, "suspend", "2027-12-30"),
        (3, "reinstate", "2028-01-15"),
        (4, "withdraw", "2028-02-10"),
    ]
    entry = (await world.nobody.get("/public/v1/certificates/LIT2026-101")).json()
    assert [(one["kind"], one["effective_on"]) for one in entry["history"]] == [
        ("granted", "2026-11-22"),
        ("suspended", "2027-12-30"),
        ("reinstated", "2028-01-15"),
        ("withdrawn", "2028-02-10"),
    ]


async def test_a_refused_draft_stays_on_record(world: World) -> None:
    awarder = await world.caller("awarder")
    path, _ = await a_draft(world)
    refused = await awarder.move(path, "refuse", {"reason": "Neįgyvendinti trys kriterijai.", "decision_ref": "AC-7"})
    assert (refused.json()["status"], refused.json()["register_status"]) == ("refused", None)
    again = await awarder.move(path, "refuse", {"reason": "Dar kartą."})
    assert again.status_code == 409


async def test_a_draft_may_be_written_anew_and_a_certificate_may_not(world: World) -> None:
    awarder = await world.caller("awarder")
    path, _ = await a_draft(world)
    changed = await awarder.change(path, {"scope": {"services": ["LONG_TERM_CARE", "DAY_CARE_HOME"]}, "staff": 12})
    assert changed.json()["scope"]["services"] == ["DAY_CARE_HOME", "LONG_TERM_CARE"]
    assert changed.json()["version"] == 2
    unit = await awarder.change(path, {"scope": {"unit": "Dienos centras"}})
    assert unit.json()["scope"] == {**changed.json()["scope"], "unit": "Dienos centras"}
    granted = await a_certificate(world)
    refused = await awarder.change(granted, {"staff": 13})
    assert refused.status_code == 409
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["wrong_state"]


async def test_a_reference_serves_as_well_as_an_id(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    by_reference = await awarder.get("/v1/certificates/LIT2026-101?expand=organisation")
    assert by_reference.json()["id"] == path.rpartition("/")[2]
    assert by_reference.json()["organisation"]["name"] == "Ąžuolyno socialinės globos namai"


async def test_only_trying_changes_nothing(world: World) -> None:
    awarder = await world.caller("awarder")
    path, grant = await a_grantable_draft(world)
    seen = await awarder.get(path)
    tried = await awarder.request(
        "POST", f"{path}/grant?validate_only=true", json=grant, headers={"If-Match": seen.headers["etag"]}
    )
    assert (tried.status_code, tried.json()["status"]) == (200, "active")
    assert (await awarder.get(path)).json() == seen.json()


async def test_the_same_request_again_is_done_once(world: World) -> None:
    awarder = await world.caller("awarder")
    path, grant = await a_grantable_draft(world)
    headers = {"If-Match": (await awarder.get(path)).headers["etag"], "Idempotency-Key": "grant-1"}
    first = await awarder.post(f"{path}/grant", grant, headers=headers)
    again = await awarder.post(f"{path}/grant", grant, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = await awarder.post(f"{path}/grant", {**grant, "decision_ref": "AC-2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    without = await awarder.post(f"{path}/grant", grant, headers={"If-Match": headers["If-Match"]})
    assert (without.status_code, without.json()["code"]) == (400, "idempotency_key_required")


async def test_who_may_not_grant_is_told_so(world: World) -> None:
    path, grant = await a_grantable_draft(world)
    coordinator = await world.caller("coordinator")
    refused = await coordinator.move(path, "grant", grant)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "grant" not in await actions(coordinator, path)


async def test_a_provider_knows_of_its_own_certificates_only(world: World) -> None:
    path = await a_certificate(world)
    holder = (await (await world.caller("awarder")).get(path)).json()["organisation_id"]
    stranger = await world.caller("provider", (await world.organisation(name="Kiti namai"))["id"])
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get("/v1/certificates")).json()["items"] == []
    own = await world.caller("provider", holder)
    assert len((await own.get("/v1/certificates")).json()["items"]) == 1


async def test_a_municipalitys_certificates_follow_their_holder(world: World) -> None:
    coordinator = await world.caller("coordinator")
    holder = (await coordinator.get(await a_certificate(world))).json()["organisation_id"]

    async def found_in(municipality: str) -> list[str]:
        listed = await coordinator.get(f"/v1/certificates?municipality={municipality}&fields=organisation_id")
        return [one["organisation_id"] for one in listed.json()["items"]]

    for municipality in ("LT-32", "LT-57"):
        await coordinator.change(f"/v1/organisations/{holder}", {"municipality": municipality})
        assert await found_in(municipality) == [holder]
    assert await found_in("LT-32") == []
