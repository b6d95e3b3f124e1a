"""What lies ahead: expiries, reports due, audits needed so that no gap arises, and what outlives the project."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import update

from programme.rules import certificates as rules
from programme.rules.certificates import Decisions, Status
from programme.rules.forecast import STANDING, audit_from, runs_out_on
from programme.services import loading
from programme.tables import Certificate
from tests.api.test_certificates import a_grantable_draft
from tests.made import a_certificate
from tests.services.test_status import as_columns
from tests.services.test_status import judged as drawn
from tests.world import Caller, World

RENEWAL_OPENS_DAYS, POLICY_FROM = 365, date(2018, 1, 1)
"""By the policy of EQUASS-2018; before it, the window is that in which a certificate counts as expiring."""

NOTHING = {"expiries": 0, "reports_due": 0, "audits_needed": 0}


async def ahead(caller: Caller, query: str = "") -> dict[str, dict[str, int]]:
    """The months in which something lies ahead."""
    answer = await caller.get(f"/v1/forecast{query}")
    assert answer.status_code == 200, answer.text
    months = {item.pop("month"): item for item in answer.json()["items"]}
    return {month: {name: n for name, n in item.items() if n} for month, item in months.items() if item != NOTHING}


async def outliving(caller: Caller) -> list[str]:
    return list((await caller.get("/v1/forecast")).json()["outlives_project"])


async def test_what_lies_ahead_of_the_real_programme(world: World) -> None:
    await loading.load_programme(world.database)
    coordinator = await world.caller("coordinator")
    # The last valid days of „Klaipėdos lakštutė“ and „Gynia“, and the latter's second report. The former's window for
    # renewal is open, the latter's opens 365 days before its end.
    assert await ahead(coordinator) == {
        "2026-11": {"audits_needed": 1},
        "2027-02": {"reports_due": 1, "audits_needed": 1},
        "2027-07": {"expiries": 1},
        "2028-02": {"expiries": 1},
    }
    told = (await coordinator.get("/v1/forecast?by=month&horizon=36")).json()
    assert [item["month"] for item in told["items"]][:: len(told["items"]) - 1] == ["2026-11", "2029-10"]
    assert (told["as_of"], len(told["items"]), told["outlives_project"]) == ("2026-11-22", 36, [])

    # As it was seen from November 2024: Leliūnai on the 29th, Salakas and the Senjorai homes in the winter after it.
    assert await ahead(coordinator, "?as_of=2024-11-29&horizon=6") == {
        "2024-11": {"expiries": 1, "audits_needed": 3},
        "2025-01": {"expiries": 1},
        "2025-03": {"expiries": 1},
    }
    assert await ahead(coordinator, "?as_of=2024-11-30&horizon=6") == {
        "2024-11": {"audits_needed": 2},
        "2025-01": {"expiries": 1},
        "2025-03": {"expiries": 1},
    }
    assert await ahead(coordinator, "?as_of=2024-11-29&horizon=6&county=LT-VL") == {
        "2024-11": {"audits_needed": 1},
        "2025-03": {"expiries": 1},
    }


async def test_a_certificate_outlives_the_project_from_the_day_after_its_end(world: World) -> None:
    await loading.load_programme(world.database)
    coordinator = await world.caller("coordinator")
    await a_certificate(world.database, "2026-01-31")
    late = await a_certificate(world.database, "2026-02-01")
    later = await a_certificate(world.database, "2026-03-01")
    assert await outliving(coordinator) == [str(late.certificate), str(later.certificate)]
    assert await outliving(await world.caller("provider", later.organisation)) == [str(later.certificate)]

    why = {"reason_code": "holder_request", "reason": "Veikla nutraukiama.", "effective_on": "2027-06-01"}
    awarder = await world.caller("awarder")
    assert (await awarder.move(f"/v1/certificates/{late.certificate}", "withdraw", why)).status_code == 200
    assert await outliving(coordinator) == [str(later.certificate)]


async def test_what_is_decided_to_end_before_reports_until_then_and_neither_expires_nor_needs_an_audit(
    world: World,
) -> None:
    made = await a_certificate(world.database, "2025-12-01")
    coordinator, awarder = await world.caller("coordinator"), await world.caller("awarder")
    assert await ahead(coordinator, "?horizon=48") == {
        "2026-12": {"reports_due": 1},
        "2027-12": {"reports_due": 1, "audits_needed": 1},
        "2028-12": {"expiries": 1},
    }
    why = {"reason_code": "holder_request", "reason": "Veikla nutraukiama.", "effective_on": "2027-06-01"}
    assert (await awarder.move(f"/v1/certificates/{made.certificate}", "withdraw", why)).status_code == 200
    assert await ahead(coordinator, "?horizon=48") == {"2026-12": {"reports_due": 1}}
    assert await ahead(coordinator, "?horizon=48&standard=NOKAS") == {}


async def test_an_audit_that_was_passed_is_needed_no_more_and_a_successor_leaves_no_gap(world: World) -> None:
    path, grant = await a_grantable_draft(world)
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    first = await awarder.move(path, "grant", grant)
    assert first.status_code == 200, first.text
    world.travel("2029-10-01")
    assert await ahead(coordinator) == {"2029-10": {"audits_needed": 1}, "2029-11": {"expiries": 1}}

    held = first.json()
    again = await world.finished_audit(held["organisation_id"], scope=held["scope"])
    assert await ahead(coordinator) == {"2029-11": {"expiries": 1}}
    renewed = {name: held[name] for name in ("organisation_id", "standard_version", "level", "scope")}
    draft = await awarder.post("/v1/certificates", renewed | {"predecessor_id": held["id"]})
    assert draft.status_code == 201, draft.text
    world.travel("2029-11-22")
    grant |= {"certified_on": "2029-11-22", "reference": "LIT2029-101", "assessment_id": again["id"]}
    assert (await awarder.move(f"/v1/certificates/{draft.json()['id']}", "grant", grant)).status_code == 200
    assert "expiries" not in str(await ahead(coordinator, "?horizon=12"))


async def test_what_is_granted_for_a_day_ahead_is_foreseen_from_the_decision_on(world: World) -> None:
    path, grant = await a_grantable_draft(world)
    granted = await (await world.caller("awarder")).move(path, "grant", grant | {"certified_on": "2026-12-01"})
    assert (granted.status_code, granted.json()["status"]) == (200, "not_yet_valid")
    coordinator = await world.caller("coordinator")
    assert "2029-12" in await ahead(coordinator, "?horizon=38")
    assert await ahead(coordinator, "?horizon=38&as_of=2026-11-21") == {}


async def test_who_may_not_read_reports_and_assessments_is_not_told_of_them(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01")
    partner = await world.caller("partner")
    await world.grant(partner, organisation_id=made.organisation)
    item = (await partner.get("/v1/forecast?horizon=1")).json()["items"][0]
    assert item == {"month": "2026-11", "expiries": 0, "reports_due": None, "audits_needed": None}


@pytest.mark.parametrize("query", ["by=week", "horizon=0", "horizon=121", "horizon=x", "as_of=2026", "q=x"])
async def test_what_cannot_be_foreseen_is_refused(world: World, query: str) -> None:
    refused = await (await world.caller("coordinator")).get(f"/v1/forecast?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")


def foreseen(on: date, decided: Decisions) -> dict[str, Any]:
    """The month of the expiry and that of the audit, by the pure rules."""
    last = runs_out_on(decided)
    status = rules.status(on, decided)
    if last is None or status not in STANDING or status is Status.NOT_YET_VALID:  # nothing was granted yet by then
        return {}
    months: dict[str, Any] = {f"{last:%Y-%m}": {"expiries": 1}}
    opens_days = RENEWAL_OPENS_DAYS if on >= POLICY_FROM else decided.expiring_days
    month = f"{audit_from(on, last, opens_days):%Y-%m}"
    months[month] = months.get(month, {}) | {"audits_needed": 1}
    return months


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn())
async def test_sql_foresees_what_the_pure_rules_do(world: World, drawn: tuple[Decisions, list[date]]) -> None:
    decided, days = drawn
    if not hasattr(world, "row"):
        world.row = (await a_certificate(world.database, "2025-12-01")).certificate  # type: ignore[attr-defined]
    row: UUID = world.row  # type: ignore[attr-defined]
    async with world.at_work() as work:
        await (await work.connection()).execute("delete from annual_report")
        await work.session.execute(update(Certificate).where(Certificate.id == row).values(**as_columns(decided)))
    coordinator = await world.caller("coordinator")
    for day in days[:4]:
        if date(1990, 1, 1) <= day <= date(2199, 12, 31):
            horizon = 1 + (day + timedelta(days=3700)).year * 12 - day.year * 12
            seen = await ahead(coordinator, f"?as_of={day}&horizon={min(horizon, 120)}")
            assert seen == foreseen(day, decided), day
