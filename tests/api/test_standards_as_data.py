"""Standards are data: new versions, states and policies, over HTTP and without a line of code, and what they leave alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programme.rules.calendar import add_months
from tests import oracle
from tests.made import a_certificate
from tests.revised import REVISED, bring_criteria, criteria, publish_revised
from tests.world import World

EQUASS_2018 = "/v1/standards/EQUASS/versions/EQUASS-2018"
NOKAS_2020 = "/v1/standards/NOKAS/versions/NOKAS-2020"
SCOPE = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}


async def a_draft(world: World, holder: str, version: str, level: str = "ASSURANCE") -> Any:
    body = {"organisation_id": holder, "standard_version": version, "level": level, "scope": SCOPE}
    return await (await world.caller("coordinator")).post("/v1/certificates", body)


async def grant(world: World, draft: str, audit: str, reference: str = "LIT2026-701", **more: Any) -> Any:
    said = {"certified_on": "2026-11-22", "reference": reference, "assessment_id": audit, "decision_ref": "AC-2026-7"}
    return await (await world.caller("awarder")).move(f"/v1/certificates/{draft}", "grant", said | more)


async def what_stands_in_the_way(world: World, draft: str) -> dict[str, Any]:
    """Of granting it: the reasons by their codes."""
    actions = (await (await world.caller("awarder")).get(f"/v1/certificates/{draft}")).json()["actions"]
    (action,) = [one for one in actions if one["name"] == "grant"]
    return {one["code"]: one for one in action["reasons"]}


async def test_the_five_section_revision_is_added_assessed_by_and_granted_without_a_line_of_code(world: World) -> None:
    holder = (await world.organisation())["id"]
    await publish_revised(world)
    version = (await (await world.caller("partner")).get(REVISED)).json()
    assert (version["state"], version["node_kind"], len(version["principles"])) == ("current", "section", 5)

    old = await world.finished_audit(holder, scope=SCOPE)
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    audit = await world.assessment(
        "external_audit", holder, started=True, scope=SCOPE, standard_version="EQUASS-REVISED"
    )
    assert [one["code"] for one in audit["principles"]] == [one["code"] for one in version["principles"]]
    await world.rate_everything(audit, auditor, "auditor", {"4.1": "partly_met", "5.2": "not_met"})
    for caller, verb in ((auditor, "submit"), (reviewer, "start-review"), (reviewer, "finalise")):
        audit = (await caller.move(f"/v1/assessments/{audit['id']}", verb)).json()
    assert (audit["outcome"], audit["score"]) == ("met", 0.8), "by the version's own thresholds"

    draft = (await a_draft(world, holder, "EQUASS-REVISED")).json()
    foreign = await grant(world, draft["id"], old["id"])
    assert foreign.json()["errors"][0]["code"] == "unknown_audit", "an audit by another version carries nothing here"
    granted = await grant(world, draft["id"], audit["id"])
    assert granted.status_code == 200, granted.text
    assert granted.json()["expires_on"] == "2030-11-22"
    reports = await (await world.caller("awarder")).get(
        f"/v1/annual-reports?certificate_id={draft['id']}&sort=due_on&fields=due_on"
    )
    assert [one["due_on"] for one in reports.json()["items"]] == ["2027-11-22", "2028-11-22", "2029-11-22"]

    beside = (await a_draft(world, (await world.organisation())["id"], "EQUASS-2018")).json()
    other = await world.finished_audit(beside["organisation_id"], scope=SCOPE)
    assert (await grant(world, beside["id"], other["id"], "LIT2026-702")).json()["expires_on"] == "2029-11-22"
    listed = await (await world.caller("awarder")).get(
        "/v1/certificates?sort=reference&fields=reference,standard_version"
    )
    assert [one["standard_version"] for one in listed.json()["items"]] == ["EQUASS-REVISED", "EQUASS-2018"]
    await oracle.check(world.database)


async def test_an_assessment_is_pinned_to_its_version_as_it_was(world: World) -> None:
    coordinator = await world.caller("coordinator")
    await publish_revised(world)
    before = await world.assessment(kind="self_assessment", standard_version="EQUASS-REVISED")
    tree = (await coordinator.get(f"/v1/assessments/{before['id']}/principles")).json()
    reworded = [one | {"title": {"lt": "Kitaip", "en": "Otherwise"}} for one in criteria()]
    await bring_criteria(world, "EQUASS-REVISED", reworded)
    assert (await coordinator.move(REVISED, "retire")).status_code == 200
    assert (await coordinator.get(f"/v1/assessments/{before['id']}/principles")).json() == tree
    assert (await coordinator.move(f"/v1/assessments/{before['id']}", "start")).status_code == 200


@pytest.mark.parametrize(
    ("state", "assessed", "drafted"),
    [("announced", 422, 422), ("draft", 422, 422), ("current", 201, 201), ("retired", 422, 201)],
)
async def test_what_a_state_of_a_version_allows(world: World, state: str, assessed: int, drafted: int) -> None:
    coordinator = await world.caller("coordinator")
    holder = (await world.organisation())["id"]
    if state != "announced":
        if state == "draft":
            assert (await coordinator.move(REVISED, "start-drafting")).status_code == 200
            await bring_criteria(world, "EQUASS-REVISED", criteria())
        else:
            await publish_revised(world)
        if state == "retired":
            assert (await coordinator.move(REVISED, "retire")).status_code == 200
    body = {
        "organisation_id": holder, "kind": "self_assessment", "standard_version": "EQUASS-REVISED", "level": "ASSURANCE",
        "scope": {},
    }  # fmt: skip
    for answer, status in (
        (await coordinator.post("/v1/assessments", body), assessed),
        (await a_draft(world, holder, "EQUASS-REVISED"), drafted),
    ):
        assert answer.status_code == status, answer.text
        if status == 422:
            (error,) = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == ("/standard_version", "version_not_in_force")
    if state == "announced":
        assert error["message"].endswith("jos būsena – „paskelbta, kad bus“.")


async def test_whoever_was_being_audited_when_a_version_retired_still_gets_the_decision_until_its_last_day(
    world: World,
) -> None:
    coordinator = await world.caller("coordinator")
    await publish_revised(world)
    holder = (await world.organisation())["id"]
    draft = (await a_draft(world, holder, "EQUASS-REVISED")).json()["id"]
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    audit = await world.assessment(
        "external_audit", holder, started=True, scope=SCOPE, standard_version="EQUASS-REVISED"
    )
    assert (await coordinator.move(REVISED, "retire")).status_code == 200
    assert (await coordinator.change(REVISED, {"in_force_to": "2026-11-21"})).status_code == 200
    await world.rate_everything(audit, auditor, "auditor")
    for caller, verb in ((auditor, "submit"), (reviewer, "start-review"), (reviewer, "finalise")):
        assert (await caller.move(f"/v1/assessments/{audit['id']}", verb)).status_code == 200

    assert await what_stands_in_the_way(world, draft) == {}
    late = await grant(world, draft, audit["id"])
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "date_too_late")
    assert (await coordinator.change(REVISED, {"in_force_to": "2026-12-31"})).status_code == 200
    assert (await grant(world, draft, audit["id"])).status_code == 200
    assert (await coordinator.get(f"/v1/certificates/{draft}")).json()["status"] == "active"


async def test_nokas_is_not_granted_until_its_owner_says_for_how_long(world: World) -> None:
    coordinator, awarder = await world.caller("coordinator"), await world.caller("awarder")
    holder = (await world.organisation(name="Carito namai", kind="ngo"))["id"]
    draft = (await a_draft(world, holder, "NOKAS-2020", "BASIC")).json()["id"]
    reasons = await what_stands_in_the_way(world, draft)
    assert list(reasons) == ["validity_not_set", "pass_rule_not_set", "no_finalised_audit"]
    assert reasons["validity_not_set"]["message"] == (
        "Standarto savininkas dar nenustatė, kiek laiko galioja šios versijos sertifikatas."
    )
    plan = {"organisation_id": holder, "kind": "external_audit", "standard_version": "NOKAS-2020", "level": "BASIC",
            "scope": SCOPE}  # fmt: skip
    assert (await coordinator.post("/v1/assessments", plan)).json()["errors"][0]["code"] == "criteria_missing"

    first = [{"number": f"{part}.1", "title": {"lt": "Reikalavimas", "en": "Requirement"}} for part in (1, 2, 3)]
    await bring_criteria(world, "NOKAS-2020", first)
    rules = {"effective_from": "2026-01-01", "pass_rules": {"BASIC": {"type": "all_met"}}}
    assert (await coordinator.post(f"{NOKAS_2020}/policies", rules)).status_code == 201
    audit = await world.finished_audit(holder, scope=SCOPE, standard_version="NOKAS-2020", level="BASIC")
    assert list(await what_stands_in_the_way(world, draft)) == ["validity_not_set"]
    refused = await grant(world, draft, audit["id"], "NOKAS-2026-1")
    assert (refused.status_code, [one["code"] for one in refused.json()["reasons"]]) == (409, ["validity_not_set"])

    ahead = {"effective_from": "2026-11-23", "validity_months": 24}
    assert (await coordinator.post(f"{NOKAS_2020}/policies", ahead)).status_code == 201
    refused = await grant(world, draft, audit["id"], "NOKAS-2026-1")
    assert refused.status_code == 409, "nor a day before it says so"
    world.travel("2026-11-23")
    assert await what_stands_in_the_way(world, draft) == {}
    refused = await grant(world, draft, audit["id"], "NOKAS-2026-1", certified_on="2026-11-22")
    assert refused.status_code == 422, "the day is what stands in the way now"
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("/certified_on", "validity_not_set")
    ]
    granted = await grant(world, draft, audit["id"], "NOKAS-2026-1", certified_on="2026-11-23")
    assert (granted.status_code, granted.json()["expires_on"]) == (200, "2028-11-23")
    assert (await awarder.get(f"/v1/annual-reports?certificate_id={draft}")).json()["items"] == []


CHANGED = {
    "validity_months": 24, "annual_reports_at_months": [6, 18], "report_opens_days": 10, "report_due_soon_days": 5,
    "report_grace_days": 0, "expiring_days": 30, "expiry_notice_days": [14],
    "pass_rules": {"ASSURANCE": {"type": "threshold", "values": {"overall": 0.5}}},
}  # fmt: skip


async def test_a_policy_computes_from_its_day_on_and_rewrites_nothing(world: World) -> None:
    coordinator = await world.caller("coordinator")
    before = await a_certificate(world.database, "2026-06-01", reference="LIT2026-710")
    failed = await world.finished_audit((await world.organisation())["id"], "not_met", scope=SCOPE)
    at = [f"/v1/certificates/{before.certificate}", f"/v1/assessments/{failed['id']}"]
    at += [f"/v1/annual-reports/{report}" for report in before.reports]
    told = [(await coordinator.get(path)).json() for path in at]

    made = await coordinator.post(f"{EQUASS_2018}/policies", CHANGED | {"effective_from": "2026-06-02"})
    assert made.status_code == 201, made.text

    assert [(await coordinator.get(path)).json() for path in at] == told, "although it is set for days long past"
    same_day = await a_certificate(world.database, "2026-06-01", reference="LIT2026-711")
    after = await a_certificate(world.database, "2026-06-02", reference="LIT2026-712")
    ends = [
        (await coordinator.get(f"/v1/certificates/{one.certificate}")).json()["expires_on"]
        for one in (before, same_day, after)
    ]
    assert ends == ["2029-06-01", "2029-06-01", "2028-06-02"]
    due = [
        [(await coordinator.get(f"/v1/annual-reports/{report}")).json()["due_on"] for report in one.reports]
        for one in (before, after)
    ]
    assert due == [["2027-06-01", "2028-06-01"], ["2026-12-02", "2027-12-02"]]
    world.travel("2029-04-30")
    statuses = [
        (await coordinator.get(f"/v1/certificates/{one.certificate}")).json()["status"] for one in (before, after)
    ]
    assert statuses == ["expiring", "expired"], "180 days before the end, as on the day it was granted"


FIRST = date(2020, 1, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("policy"), st.integers(1, 120), st.integers(0, 400)),
        st.tuples(st.just("certificate"), st.integers(0, 2500), st.just(0)),
    ),
    min_size=2,
    max_size=8,
)
"""Policies with a validity, each so many days after the one before, and certificates so many days after the first day."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
async def test_whatever_policies_come_what_was_computed_stands_and_each_counts_from_its_day(
    world: World, drawn: list[tuple[str, int, int]]
) -> None:
    coordinator = await world.caller("coordinator")
    code = f"T{uuid4().hex[:12].upper()}"
    made = await coordinator.post("/v1/standards/EQUASS/versions", {"code": code, "principles": []})
    assert made.status_code == 201, made.text
    path = f"/v1/standards/EQUASS/versions/{code}"
    policies = [(FIRST, 36)]
    kept: dict[str, dict[str, Any]] = {}
    await coordinator.post(f"{path}/policies", {"effective_from": FIRST.isoformat(), "validity_months": 36})
    for kind, number, later in drawn:
        if kind == "policy":
            day = policies[-1][0] + timedelta(days=later + 1)
            body = {"effective_from": day.isoformat(), "validity_months": number}
            assert (await coordinator.post(f"{path}/policies", body)).status_code == 201
            policies.append((day, number))
        else:
            day = FIRST + timedelta(days=number)
            one = await a_certificate(world.database, day.isoformat(), version=code)
            address = f"/v1/certificates/{one.certificate}"
            kept[address] = (await coordinator.get(address)).json()
            months = max((effective_from, months) for effective_from, months in policies if effective_from <= day)[1]
            assert kept[address]["expires_on"] == add_months(day, months).isoformat()
        for address, told in kept.items():
            assert (await coordinator.get(address)).json() == told
